"""One connection to Opik: requests out, JSON or JSON lines or one of our errors back.

Not the SDK: it queues what it writes in a thread of its own, and tells nobody when a batch is dropped.
"""

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


class NotThere(StoreRejected):
    """404, and Opik itself says that there is no such object."""


class RouteMissing(StoreUnavailable):
    """404 without a word about an object: another version of Opik, or a proxy before it. Nothing is final."""


class BrokenOff(StoreUnavailable):
    """An answer that ended early, or no answer in time: less at once may come through."""


class OpikClient:
    """Connections, keys, retries and errors; one per process, used from one event loop."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: SecretStr | None,
        workspace: str | None,
        limits: RateLimits,
        requests_per_minute: int,
        timeout_s: float = TIMEOUT_S,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = {"User-Agent": "assay"} | ({"Comet-Workspace": workspace} if workspace else {})
        self._api_key = api_key
        self._limits = limits
        self._limit = RateLimit(name=f"opik:{self.base_url}:{workspace or ''}", amount=requests_per_minute)
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S))
        self._most_bytes = most_bytes
        self._opened: httpx.AsyncClient | None = None
        self.requests: dict[str, int] = {}

    async def get(self, path: str) -> Any:
        """The JSON answer to a GET.

        Raises:
            StoreUnavailable, StoreRejected: and what they are the parents of, above.
        """
        return _json(await self._ask("GET", path, None), path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to a POST. It may be sent more than once: everything we post may be repeated.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return _json(await self._ask("POST", path, body), path)

    async def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Put something in its place.

        Raises:
            StoreUnavailable, StoreRejected
        """
        await self._ask("PUT", path, body)

    async def rows(self, path: str, body: Mapping[str, Any]) -> list[Row]:
        """The objects that a search streams, one a line.

        Raises:
            StoreUnavailable, StoreRejected
            BrokenOff: the stream ended in the middle of an object, or with an error in place of one.
        """
        content = await self._ask("POST", path, body)
        return [_row(line, path) for line in content.split(b"\n") if line.strip()]

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    @property
    def _http(self) -> httpx.AsyncClient:
        if self._opened is None:
            key = {"Authorization": self._api_key.get_secret_value()} if self._api_key else {}
            connections = httpx.Limits(max_connections=20, max_keepalive_connections=10)
            self._opened = httpx.AsyncClient(headers=self._headers | key, timeout=self._timeout, limits=connections)
        return self._opened

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> bytes:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass_at_once),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                return await self._send(method, path, body)
        raise AssertionError("unreachable")  # the last attempt raises; this is for the type checker

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> bytes:
        where = f"{method} {self.base_url}/{path}"
        content = None if body is None else _encoded(body, where)
        headers = {} if content is None else {"Content-Type": "application/json"}
        self.requests[path] = self.requests.get(path, 0) + 1
        async with self._room():
            try:
                async with (
                    asyncio.timeout(self._timeout.read),
                    self._http.stream(method, f"{self.base_url}/{path}", content=content, headers=headers) as response,
                ):
                    answer = await self._read(response, where)
            except (httpx.TimeoutException, TimeoutError) as exc:
                raise BrokenOff(f"{where}: no answer in {self._timeout.read:g} s") from exc
            except (httpx.InvalidURL, UnicodeError) as exc:
                raise StoreRejected(f"{method} {self.base_url}: {type(exc).__name__}: no path of an address") from exc
            except httpx.RemoteProtocolError as exc:
                raise BrokenOff(f"{where}: the answer ended early") from exc
            except httpx.HTTPError as exc:
                raise StoreUnavailable(
                    f"{where}: {type(exc).__name__}; check OPIK_URL_OVERRIDE and that the server runs"
                ) from exc
        if response.is_success:
            return answer
        if response.status_code == 429:
            await self._limits.pause(self._limit, seconds=_retry_after_s(response))
        words = redacted(answer.decode(errors="replace"), [self._api_key] if self._api_key else [])
        raise error_of(response, words.encode(), where)

    @asynccontextmanager
    async def _room(self) -> AsyncIterator[None]:
        try:
            async with admitted(self._limits, {self._limit: 1}, max_wait_s=MAX_WAIT_S):
                yield
        except LimitReached as exc:
            raise StoreBusy(f"Opik: {exc} (store.requests_per_minute)", retry_after_s=exc.wait_s) from exc

    async def _read(self, response: httpx.Response, where: str) -> bytes:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > self._most_bytes:
                raise TooLarge(f"{where}: an answer of more than {self._most_bytes} bytes")
        return bytes(content)


def error_of(response: httpx.Response, answer: bytes, where: str) -> StoreError:
    """What a refusal means: one line with the route, the status and the server's own words."""
    status, message = response.status_code, f"{where}: {response.status_code}: {_message_of(answer)}"
    if status in {401, 403}:
        return StoreAccessDenied(f"{message}; check OPIK_API_KEY and OPIK_WORKSPACE")
    if status == 429:
        return StoreBusy(message, retry_after_s=_retry_after_s(response))
    if status == 404:
        return NotThere(message) if _names_an_object(answer) else RouteMissing(message)
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
    """What a 429 asks for: Retry-After, or the cloud's RateLimit-Reset in seconds."""
    asked = asked_wait_s(response.headers, datetime.now(UTC), longest_s=LONGEST_RETRY_AFTER_S)
    if asked is None and response.headers.get("ratelimit-reset", "").isdigit():
        asked = min(float(response.headers["ratelimit-reset"]), LONGEST_RETRY_AFTER_S)
    return DEFAULT_RETRY_AFTER_S if asked is None else asked


_NOT_AT_ONCE = (StoreAccessDenied, BrokenOff, RouteMissing)


def _may_pass_at_once(error: BaseException) -> bool:
    """Worth a second try within seconds: a broken connection, a 5xx, or a 429, whose wait the budget then enforces."""
    if isinstance(error, StoreBusy):
        return error.retry_after_s is not None and error.retry_after_s <= MAX_WAIT_S
    return isinstance(error, StoreUnavailable) and not isinstance(error, _NOT_AT_ONCE)


def _json(content: bytes, path: str) -> Any:
    if not content:
        return None
    try:
        return loads(content)
    except ValueError as exc:
        raise StoreUnavailable(f"{path}: answered without JSON; is this Opik? OPIK_URL_OVERRIDE ends in /api") from exc


def _row(line: bytes, path: str) -> Row:
    try:
        row = loads(line)
    except ValueError as exc:
        raise BrokenOff(f"{path}: the answer ended early, or is no list of JSON lines") from exc
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise BrokenOff(f"{path}: an error among the rows: {_message_of(line)}")
    return row


def _names_an_object(answer: bytes) -> bool:
    """Whether a 404 is Opik's own word on an object: `Trace id: 0199… not found`. Of a route it says less."""
    message = _message_of(answer)
    return "not found" in message.lower() and not message.startswith("HTTP 404") and b"<html" not in answer.lower()


def _message_of(answer: bytes) -> str:
    """The server's message in one line; never more, an error may echo what was sent."""
    try:
        body = loads(answer)
    except ValueError:
        return " ".join(answer[:400].decode(errors="replace").split())[:120] or "no message"
    fields = body if isinstance(body, dict) else {}
    errors = fields.get("errors")
    message = errors[0] if isinstance(errors, list) and errors else fields.get("message") or fields.get("details")
    return " ".join(str(message or "no message").split())[:200]
