"""A small HTTP server of a process' own thread: a few pages, asked by GET or HEAD, and nothing else.

It has an event loop of its own, so a connection that sends nothing holds up nobody, and a process whose other loop
hangs still says so. Whatever a client sends is bounded: how long, how much, how many at once.
"""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

import structlog

HEAD_BYTES = 8_192
"""Longest head of a request. Prometheus sends about 300 bytes."""

HEAD_WITHIN_S = 5.0
"""How long a client may take to send it, from its connection on: one byte every second does not prolong it."""

WRITE_WITHIN_S = 10.0
"""How long a client may take to read the answer."""

ANSWER_WITHIN_S = 12.0
"""How long a page may take. Each page has shorter bounds of its own."""

MOST_CONNECTIONS = 128
"""Connections that have not sent their head yet, and as many that are answered. With one more of the first kind the
oldest is closed, so that probes get through. One more of the second is closed itself."""

ZIP_FROM_BYTES = 1_024
"""From this length on an answer is compressed, where the client takes that."""

log = structlog.get_logger(__name__)


class Answer(NamedTuple):
    """A page."""

    status: HTTPStatus
    content_type: str
    body: bytes


Page = Callable[[str], Awaitable[Answer]]
"""Makes a page. Its argument is the request's `Accept`."""


class _Request(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]


class HttpPages:
    """Serves pages from a daemon thread."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        """Serve nothing yet.

        Args:
            pages: by path, e.g. `/metrics`. They run on this server's own loop, and must not block it.
        """
        self._pages = pages
        self._reading: dict[asyncio.Task[None], None] = {}
        self._answering = 0
        self.port = 0

    def start(self, host: str, port: int) -> None:
        """Listen, and serve from now on.

        Raises:
            OSError: the address cannot be had.
        """
        self._loop = asyncio.new_event_loop()
        try:
            listening = asyncio.start_server(self._serve, host, port, limit=HEAD_BYTES)
            self._server = self._loop.run_until_complete(listening)
        except OSError:
            self._loop.close()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, name="assay-http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and end what is under way."""

        async def stop() -> None:
            self._server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, one answer. Whatever goes wrong ends it and nothing else."""
        if len(self._reading) >= MOST_CONNECTIONS:
            oldest = next(iter(self._reading))
            del self._reading[oldest]
            oldest.cancel()
        try:
            request = await self._read(reader)
            if self._answering < MOST_CONNECTIONS:
                await self._give(writer, request)
        except (OSError, TimeoutError, EOFError, asyncio.CancelledError):
            pass  # the client is gone, too slow, or had to make room
        except Exception:
            log.exception("http.request_failed")
        finally:
            writer.close()

    async def _give(self, writer: asyncio.StreamWriter, request: _Request) -> None:
        self._answering += 1
        try:
            await self._write(writer, request, await self._answer(request))
        finally:
            self._answering -= 1

    async def _read(self, reader: asyncio.StreamReader) -> _Request:
        """The request's head. What is none has no method."""
        task = asyncio.current_task()
        if task is not None:
            self._reading[task] = None
        try:
            async with asyncio.timeout(HEAD_WITHIN_S):
                raw = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _Request("", "", {})
        finally:
            if task is not None:
                self._reading.pop(task, None)
        return _parsed(raw)

    async def _answer(self, request: _Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            is_known = request.method.isalpha() and request.method.isupper()
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED if is_known else HTTPStatus.BAD_REQUEST)
        page = self._pages.get(request.path)
        if page is None:
            return _plain(HTTPStatus.NOT_FOUND, " ".join(sorted(self._pages)))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await page(request.headers.get("accept", ""))
        except TimeoutError:
            return _plain(HTTPStatus.SERVICE_UNAVAILABLE, "this took too long")
        except Exception:
            log.exception("http.page_failed", path=request.path)
            return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    async def _write(self, writer: asyncio.StreamWriter, request: _Request, answer: Answer) -> None:
        body, zipped = answer.body, ""
        if len(body) >= ZIP_FROM_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
            body, zipped = gzip.compress(body, compresslevel=1), "Content-Encoding: gzip\r\n"
        head = (
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\nContent-Type: {answer.content_type}\r\n"
            f"Content-Length: {len(body)}\r\n{zipped}"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("latin-1") + (b"" if request.method == "HEAD" else body))
        async with asyncio.timeout(WRITE_WITHIN_S):
            await writer.drain()
            writer.close()
            await writer.wait_closed()


def _parsed(raw: bytes) -> _Request:
    """A request's head. One of another form has no method."""
    first, *lines = raw.decode("latin-1").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        return _Request("", "", {})
    headers = (line.partition(":") for line in lines if ":" in line)
    named = {name.strip().lower(): value.strip() for name, _, value in headers}
    return _Request(parts[0], parts[1].partition("?")[0], named)


def _plain(status: HTTPStatus, more: str = "") -> Answer:
    text = f"{status.value} {status.phrase}{': ' if more else ''}{more}\n"
    return Answer(status, "text/plain; charset=utf-8", text.encode())
