"""One connection to Helicone: requests out, what stands in `data` or one of our errors back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from assay.judges.models.wait_hints import retry_after_s as asked_wait_s
from assay.worker.ports.limits import LimitReached, RateLimit, RateLimits, admitted
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import CONNECT_S
from assay.worker.store_clients.keys import redacted
from assay.worker.store_clients.paths import quoted

TIMEOUT_S = 60.0
"""Of one request, from its first to its last byte."""
MAX_WAIT_S = 10.0
"""Waiting longer for room in the budget is left to whoever holds the work."""
TRIES = 3
MOST_BYTES = 64 * 1024 * 1024
"""Of one answer. What is larger is asked for in smaller pages, or not at all."""
DEFAULT_RETRY_AFTER_S, LONGEST_RETRY_AFTER_S = 10.0, 3600.0

Row = dict[str, Any]


class TooLarge(StoreRejected):
    """Request or answer exceed what is moved at once: ask for less."""


class TimedOut(StoreUnavailable):
    """No answer in time: less at once may come through."""


class RouteMissing(StoreUnavailable):
    """404: Helicone has no such route any more, or a proxy stands before it. Nothing is final."""


class HeliconeClient:
    """Connections, the key, retries and errors; one per process, used from one event loop."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: SecretStr,
        limits: RateLimits,
        requests_per_minute: int,
        timeout_s: float = TIMEOUT_S,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._limits = limits
        self._limit = RateLimit(name=f"helicone:{self.base_url}", amount=requests_per_minute)
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S))
        self._most_bytes = most_bytes
        self._opened: httpx.AsyncClient | None = None
        self.requests: dict[str, int] = {}

    async def query(self, asked: Mapping[str, Any]) -> list[Row]:
        """Requests that match, one page.

        Raises:
            StoreUnavailable, StoreRejected: and what they are the parents of, above.
        """
        path = "v1/request/query-clickhouse"
        data = await self._ask("POST", path, asked)
        if not isinstance(data, list):
            # A proxy's page is no empty store, and no word on whether a request is there.
            raise StoreUnavailable(f"POST {self.base_url}/{path}: answered without a list; is this Helicone's API?")
        return [row for row in data if isinstance(row, dict)]

    async def score(self, request_id: str, scores: Mapping[str, int]) -> None:
        """Hand scores of a request over. It tells nothing of whether they are kept.

        Raises:
            StoreUnavailable, StoreRejected
        """
        await self._ask("POST", f"v1/request/{quoted(request_id)}/score", {"scores": scores})

    async def put_property(self, request_id: str, key: str, value: str) -> None:
        """Write one custom property of a request.

        Raises:
            StoreUnavailable, StoreRejected
        """
        await self._ask("PUT", f"v1/request/{quoted(request_id)}/property", {"key": key, "value": value})

    async def body_at(self, signed_url: str) -> Any:
        """What a request sent and got, from where Helicone keeps it. The key does not go there.

        Raises:
            StoreUnavailable, StoreRejected
        """
        try:
            where = f"body at {httpx.URL(signed_url).host}"
        except (httpx.InvalidURL, TypeError, ValueError) as exc:
            raise StoreRejected(f"body: {type(exc).__name__}: no address of it") from exc
        response, content = await self._send("GET", signed_url, None, where, {})
        if not response.is_success:
            raise StoreUnavailable(f"{where}: {response.status_code}")
        return _json(content, where)

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    @property
    def _http(self) -> httpx.AsyncClient:
        if self._opened is None:
            connections = httpx.Limits(max_connections=20, max_keepalive_connections=10)
            self._opened = httpx.AsyncClient(headers={"User-Agent": "assay"}, timeout=self._timeout, limits=connections)
        return self._opened

    async def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass_at_once),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                return await self._data(method, path, body)
        raise AssertionError("unreachable")  # the last attempt raises; this is for the type checker

    async def _data(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        where = f"{method} {self.base_url}/{path}"
        key = {"Authorization": f"Bearer {self._api_key.get_secret_value()}", "Content-Type": "application/json"}
        kind = path.rpartition("/")[2]
        self.requests[kind] = self.requests.get(kind, 0) + 1
        async with self._room():
            response, content = await self._send(method, f"{self.base_url}/{path}", _encoded(body, where), where, key)
        if response.status_code == 429:
            await self._limits.pause(self._limit, seconds=_retry_after_s(response))
        if not response.is_success:
            raise error_of(response, redacted(content.decode(errors="replace"), [self._api_key]).encode(), where)
        answer = _json(content, where) if content else {}
        if isinstance(answer, dict) and answer.get("error"):
            words = redacted(content.decode(errors="replace"), [self._api_key])
            raise StoreUnavailable(f"{where}: {_message_of(words.encode())}")
        return answer.get("data") if isinstance(answer, dict) else answer

    async def _send(
        self, method: str, url: str, content: bytes | None, where: str, headers: Mapping[str, str]
    ) -> tuple[httpx.Response, bytes]:
        try:
            async with (
                asyncio.timeout(self._timeout.read),
                self._http.stream(method, url, content=content, headers=headers) as response,
            ):
                return response, await self._read(response, where)
        except (httpx.TimeoutException, TimeoutError) as exc:
            raise TimedOut(f"{where}: no answer in {self._timeout.read:g} s") from exc
        except httpx.HTTPError as exc:
            message = f"{where}: {type(exc).__name__}; check HELICONE_BASE_URL and that the server runs"
            raise StoreUnavailable(message) from exc

    @asynccontextmanager
    async def _room(self) -> AsyncIterator[None]:
        try:
            async with admitted(self._limits, {self._limit: 1}, max_wait_s=MAX_WAIT_S):
                yield
        except LimitReached as exc:
            raise StoreBusy(f"Helicone: {exc} (store.requests_per_minute)", retry_after_s=exc.wait_s) from exc

    async def _read(self, response: httpx.Response, where: str) -> bytes:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > self._most_bytes:
                raise TooLarge(f"{where}: an answer of more than {self._most_bytes} bytes")
        return bytes(content)


def error_of(response: httpx.Response, answer: bytes, where: str) -> StoreError:
    """What a refusal means. Helicone says 500 to nearly all that it does not like, so a 500 may pass."""
    status, message = response.status_code, f"{where}: {response.status_code}: {_message_of(answer)}"
    if status in {401, 403}:
        return StoreAccessDenied(f"{message}; check HELICONE_API_KEY (with the right to read and write)")
    if status == 429:
        return StoreBusy(message, retry_after_s=_retry_after_s(response))
    if status == 404:
        return RouteMissing(message)
    if status == 413:
        return TooLarge(message)
    if status >= 500 or status in {408, 409, 425} or response.is_redirect:
        return StoreUnavailable(message)
    return StoreRejected(message)


def _encoded(body: Mapping[str, Any], where: str) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as exc:  # lone surrogates among them
        raise StoreRejected(f"{where}: {type(exc).__name__}: what is to be sent is no JSON text") from exc


def _retry_after_s(response: httpx.Response) -> float:
    asked = asked_wait_s(response.headers, datetime.now(UTC), longest_s=LONGEST_RETRY_AFTER_S)
    return DEFAULT_RETRY_AFTER_S if asked is None else asked


def _may_pass_at_once(error: BaseException) -> bool:
    """Worth a second try within seconds: a broken connection, a 5xx, or a 429, whose wait the budget then enforces."""
    if isinstance(error, StoreBusy):
        return error.retry_after_s is not None and error.retry_after_s <= MAX_WAIT_S
    return isinstance(error, StoreUnavailable) and not isinstance(error, StoreAccessDenied | TimedOut | RouteMissing)


def _json(content: bytes, where: str) -> Any:
    try:
        return loads(content)
    except ValueError as exc:
        raise StoreUnavailable(f"{where}: answered without JSON; is this Helicone's API?") from exc


def _message_of(answer: bytes) -> str:
    """The server's message in one line; never more, an error may echo what was sent."""
    try:
        body = loads(answer)
    except ValueError:
        return " ".join(answer[:400].decode(errors="replace").split())[:120] or "no message"
    fields = body if isinstance(body, dict) else {}
    return " ".join(str(fields.get("error") or fields.get("message") or "no message").split())[:200]
