"""Requests to a provider's batches: small JSON, one large upload, and answers read line by line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ModelTimeout, ModelUnavailable
from assay.judges.models.endpoint import Endpoint
from assay.judges.models.http_client import HttpAnswer, HttpClient, HttpFault
from assay.judges.models.status_errors import StatusError

T = TypeVar("T")

QUICK_S = 60.0
"""Seconds for a small request."""

UPLOAD_S = 600.0
"""Seconds for a file of requests: 200 MB at 3 Mbit/s take 530."""

_STALL_S = 120.0
"""Seconds without a single byte of a file of answers."""

_LEAST_BYTES_A_S = 16_384
"""A file that comes more slowly, over two minutes and more, is given up: 16 MB take 17 minutes so."""

_LINES_A_TURN = 100
"""After so many lines all else on the loop gets a turn: a piece may hold very many."""

_LARGE_LINE = 65_536
"""From so many bytes on a line is decoded in a thread."""

_MOST_BYTES = 16 * 1_048_576
"""Most bytes of a small answer: a page of 100 batches has some 100 kB."""

_MOST_LINE = 4 * 1_048_576
"""Most bytes of one answer in a file, as a live answer of 3,000 tokens may have with all probabilities."""


class BatchTransfer(HttpClient):
    """Talks to what lies beside the address at which a model is asked."""

    def __init__(self, endpoint: Endpoint, below: str) -> None:
        """Keep the address.

        Args:
            endpoint: where the model is asked.
            below: the protocol's own path at its end, e.g. `/chat/completions`.

        Raises:
            ConfigurationError: the address cannot be used.
        """
        super().__init__(endpoint)
        self.name = endpoint.name
        self._base = self._url.path.removesuffix(below)

    async def ask(self, method: str, path: str, payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A small request. Returns the JSON object that is answered.

        Args:
            method: of HTTP.
            path: below the base, with its query, e.g. `/batches?limit=20`.
            payload: sent as JSON.
        """
        body = None if payload is None else json.dumps(payload).encode()
        return await self.send(method, path, body, content_type="application/json", timeout_s=QUICK_S)

    async def send(
        self, method: str, path: str, body: bytes | None, *, content_type: str, timeout_s: float
    ) -> dict[str, Any]:
        """A request of any size. Returns the JSON object that is answered."""
        headers = {"Content-Type": content_type} if body is not None else {}
        answer = await self._answered(method, self._at(path), body, headers, timeout_s)
        if not 200 <= answer.status < 300:
            raise StatusError(answer).as_ours(self.name) from None
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            raise ModelUnavailable(f"{self.name}: the answer on batches is no JSON object")
        return data

    async def lines(self, path: str, read: Callable[[dict[str, Any]], T | None]) -> AsyncGenerator[T, None]:
        """What is read of the JSON objects of a file, each when it is asked for.

        What is no object, or too long, is passed over, and so is what `read` makes nothing of. A server that says
        nothing, or says it too slowly to come to an end, is given up.

        Args:
            path: below the base.
            read: makes something of an object. It may be called in a thread.
        """
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(QUICK_S):
                    response = await stack.enter_async_context(self._request("GET", self._at(path)))
                if not 200 <= response.status < 300:
                    async with asyncio.timeout(QUICK_S):
                        body = (await response.content.read(65_536))[:65_536]
                    raise StatusError(HttpAnswer(response.status, _lower(response.headers), body)).as_ours(self.name)
                async for line in _split(response.content):
                    decode = partial(_read, line, read)
                    value = await in_thread(decode) if len(line) > _LARGE_LINE else decode()
                    if value is not None:
                        yield value
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise ModelUnavailable(f"{self.name}: the answers broke off ({type(exc).__name__})") from None

    async def _answered(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> HttpAnswer:
        try:
            async with asyncio.timeout(timeout_s), self._request(method, url, body, headers) as response:
                content = await response.content.read(_MOST_BYTES)
                while len(content) < _MOST_BYTES and (piece := await response.content.readany()):
                    content += piece
                return HttpAnswer(response.status, _lower(response.headers), content)
        except TimeoutError:
            raise ModelTimeout(f"{self.name}: no answer on batches within {timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError, HttpFault) as exc:
            raise ModelUnavailable(f"{self.name}: no usable connection ({type(exc).__name__})") from None

    def _at(self, path: str) -> URL:
        """An address below the base, with the endpoint's own query."""
        below = URL(path)
        url = self._url.with_path(self._base + below.path, keep_query=True)
        return url.update_query(below.query) if below.query_string else url


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): text for name, text in headers.items()}


async def _split(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a stream. At most one of them is held, and one that is too long is dropped."""
    rest, is_too_long = b"", False
    async for piece in _pieces(content):
        *whole, rest_of_piece = (rest + piece).split(b"\n")
        for number, line in enumerate(whole):
            if not is_too_long:
                yield line
            is_too_long = False
            if number % _LINES_A_TURN == 0:
                await asyncio.sleep(0)
        rest = rest_of_piece
        if len(rest) > _MOST_LINE:
            rest, is_too_long = b"", True
    if rest and not is_too_long:
        yield rest


async def _pieces(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The pieces of a stream that comes fast enough. What is done with them is not its time.

    Raises:
        TimeoutError
    """
    loop, size, waited_s = asyncio.get_running_loop(), 0, 0.0
    while True:
        began = loop.time()
        piece = await asyncio.wait_for(content.readany(), _STALL_S)
        waited_s += loop.time() - began
        size += len(piece)
        if not piece:
            return
        if waited_s > _STALL_S + size / _LEAST_BYTES_A_S:
            raise TimeoutError
        yield piece


def _read(line: bytes, read: Callable[[dict[str, Any]], T | None]) -> T | None:
    try:
        data = json.loads(line)
        return read(data) if isinstance(data, dict) else None
    except (ValueError, RecursionError):
        return None
