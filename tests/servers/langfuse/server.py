"""The server itself: a real HTTP server on loopback, in a thread of its own.

In a test::

    with LangfuseServer(LangfuseSettings(score_lag_s=5)) as server:
        server.project.add_observation(traceId="0" * 32, id="1" * 16, name="chat", startTime="2026-11-21T12:00:00Z")
        ...  # server.url, server.public_key, server.secret_key; server.requests tells what was asked
"""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from dataclasses import replace
from typing import Any, Self

from aiohttp import web

from tests.servers.langfuse.application import Application, Arrival
from tests.servers.langfuse.clock import Clock
from tests.servers.langfuse.faults import Fault, Faults
from tests.servers.langfuse.issues import MISSING, Reply, too_heavy
from tests.servers.langfuse.limits import Logged, RequestLog
from tests.servers.langfuse.project import Project
from tests.servers.langfuse.settings import LangfuseSettings

JSON = "application/json; charset=utf-8"


class LangfuseServer:
    """A Langfuse with one project."""

    def __init__(
        self,
        settings: LangfuseSettings | None = None,
        *,
        clock: Clock | None = None,
        faults: Faults | None = None,
        port: int = 0,
    ) -> None:
        self.settings = settings or LangfuseSettings()
        self.project = Project(self.settings, clock, faults)
        self.requests = RequestLog()
        self._application = Application(self.project)
        self._port = port
        self._started = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="langfuse", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    @property
    def url(self) -> str:
        """The base URL, as `LANGFUSE_BASE_URL` has it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def public_key(self) -> str:
        return self.settings.public_key

    @property
    def secret_key(self) -> str:
        return self.settings.secret_key

    def become(self, **settings: Any) -> None:
        """Go on as another server with the same data: upgraded, or with other limits, under running clients."""
        with self.project.lock:
            self.settings = self.project.settings = replace(self.settings, **settings)
            self._application = Application(self.project)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        except OSError as error:
            self._failed = error
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        # Longer lines than aiohttp takes by default, so that the 431 is ours.
        server = web.Server(self._handle, access_log=None, max_line_size=1 << 20, max_field_size=1 << 20)
        runner = web.ServerRunner(server, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        self._port = runner.addresses[0][1]
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        arrived = time.monotonic()
        arrival = await _arrival(request)
        with self.project.lock:
            fault = self.project.faults.of_request(request.method, arrival.path, arrival.target.partition("?")[2])
        reply = await self._answer(arrival, fault)
        body = _body(reply) if reply else b""
        cap = self.settings.most_response_bytes
        if reply and cap is not None and len(body) > cap:
            reply = Reply(413, {"message": "Response too large", "error": "PayloadTooLargeError"})
            body = _body(reply)
        status = reply.status if reply else 0
        group = self._application.group_of(arrival)
        query = arrival.target.partition("?")[2]
        self.requests.entries.append(Logged(arrived, request.method, arrival.path, query, group, status, len(body)))
        if reply is None:
            # Noted before the wait: a client that gives up finds its request in the log.
            if fault is not None and fault.kind in ("timeout", "lost_answer"):
                await self._wait(fault.delay_s)
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return _response(reply, body, compressed="gzip" in request.headers.get("Accept-Encoding", ""))

    async def _answer(self, arrival: Arrival, fault: Fault | None) -> Reply | None:
        """The reply, or None where the connection is to be closed instead."""
        if fault is None:
            return self._application.answer(arrival)
        if fault.kind == "status":
            return _failure(fault)
        if fault.kind == "cut":
            return None
        if fault.kind == "lost_answer":
            self._application.answer(arrival)
        if fault.kind != "slow":
            return None
        await self._wait(fault.delay_s)
        return self._application.answer(arrival)

    async def _wait(self, seconds: float) -> None:
        """Sleep, but no longer than the server lives."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


async def _arrival(request: web.BaseRequest) -> Arrival:
    raw = await request.content.read()
    if request.headers.get("Content-Encoding") == "gzip" and raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    headers = sum(len(name) + len(value) + 4 for name, value in request.raw_headers)
    size = headers + len(request.method) + len(request.raw_path) + 12
    named = {name.lower(): value for name, value in request.headers.items()}
    return Arrival(request.method, request.raw_path, named, size, raw)


def _failure(fault: Fault) -> Reply:
    if fault.status == 422:
        return too_heavy().reply
    if fault.status == 429:
        return Reply(429, text="429 - rate limit exceeded", headers={"Retry-After": str(fault.retry_after_s)})
    if fault.text is not None:
        return Reply(fault.status, text=fault.text, content_type="text/html; charset=utf-8")
    return Reply(fault.status, {"message": "Internal Server Error", "error": "InternalServerError"})


def _body(reply: Reply) -> bytes:
    text = reply.text
    if text is None:
        text = "" if reply.body is MISSING else json.dumps(reply.body, ensure_ascii=False)
    # Half a surrogate pair, which JSON can carry and UTF-8 cannot, comes back as the replacement character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _response(reply: Reply, body: bytes, *, compressed: bool) -> web.Response:
    """The answer; errors come compressed to whoever takes that, as they do from the cloud."""
    is_json = reply.text is None and reply.body is not MISSING
    headers = dict(reply.headers)
    if reply.content_type or is_json:
        headers["Content-Type"] = reply.content_type or JSON
    if compressed and reply.status >= 400 and body:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    return web.Response(status=reply.status, body=body, headers=headers)
