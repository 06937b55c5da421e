"""Requests to a provider's batches: small JSON, one large upload, and answers read line by line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from yarl import URL

from assay.judges.errors import ModelTimeout, ModelUnavailable
from assay.judges.models.endpoint import Endpoint
from assay.judges.models.http_client import HttpAnswer, HttpClient, HttpFault
from assay.judges.models.status_errors import StatusError

QUICK_S = 60.0
"""Seconds for a small request."""

UPLOAD_S = 600.0
"""Seconds for a file of requests: 200 MB at 3 Mbit/s take 530."""

_STALL_S = 120.0
"""Seconds without a single byte of a file of answers."""

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

    async def lines(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """The JSON objects of a file, each when it is asked for. What is none, or too long, is passed over."""
        try:
            async with self._running_session().get(self._at(path), allow_redirects=False) as response:
                if not 200 <= response.status < 300:
                    body = (await response.content.read(65_536))[:65_536]
                    raise StatusError(HttpAnswer(response.status, _lower(response.headers), body)).as_ours(self.name)
                async for line in _split(response.content):
                    data = _decoded(line)
                    if data is not None:
                        yield data
        except (aiohttp.ClientError, OSError, TimeoutError) as exc:
            raise ModelUnavailable(f"{self.name}: the answers broke off ({type(exc).__name__})") from None

    async def _answered(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str], timeout_s: float
    ) -> HttpAnswer:
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._running_session().request(
                    method, url, data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
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
    while piece := await asyncio.wait_for(content.readany(), _STALL_S):
        *whole, rest_of_piece = (rest + piece).split(b"\n")
        for line in whole:
            if not is_too_long:
                yield line
            is_too_long = False
        rest = rest_of_piece
        if len(rest) > _MOST_LINE:
            rest, is_too_long = b"", True
    if rest and not is_too_long:
        yield rest


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
