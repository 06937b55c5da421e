"""One connection to Phoenix: requests out through the shared budget, bounded JSON or one of our errors back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from assay.judges.cpu_executor import in_thread
from assay.judges.models.wait_hints import retry_after_s
from assay.worker.ports.limits import LimitReached, RateLimit, RateLimits, admitted
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreUnavailable
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import CONNECT_S
from assay.worker.stores.phoenix.refusals import TimedOut, TooLarge, error_of

TIMEOUT_S = 40.0
"""Without a byte."""
PATIENCE = 2.0
"""So many time-outs from a request's first byte to its answer's last: an answer that trickles is none."""
MAX_WAIT_S = 10.0
"""Waiting longer for room in the budget is left to whoever holds the work."""
MOST_BYTES = 32 * 1024 * 1024
"""Of one answer, unpacked. Roots and spans come with all their content, so pages are made smaller above it."""
TRIES = 3
LONGEST_RETRY_AFTER_S = 3600.0
DEFAULT_RETRY_AFTER_S = 10.0
LONGEST_ID = 200
"""Characters of an id of a trace, a span or a score. OpenTelemetry's have 32."""

Query = Sequence[tuple[str, str]]


class Sized(NamedTuple):
    """An answer's JSON, and how many bytes it was unpacked."""

    content: Any
    size: int


class PhoenixClient:
    """Connections, key, budget, retries and errors; one per process, used from one event loop."""

    def __init__(
        self,
        base_url: str,
        *,
        project: str,
        limits: RateLimits,
        api_key: SecretStr | None = None,
        requests_per_minute: int = 600,
        timeout_s: float = TIMEOUT_S,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.project = project
        self.project_path = f"/v1/projects/{quote(project, safe='')}"
        self.requests_per_minute = requests_per_minute
        self.requests: dict[str, int] = {}
        """How many requests were sent, by path; for tests and benchmarks."""
        self.server_version = ""
        """As the last answer told it; empty before the first."""
        self._api_key = api_key
        self._limits = limits
        self._most_bytes = most_bytes
        self._deadline_s = PATIENCE * timeout_s
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S))
        self._opened: httpx.AsyncClient | None = None

    async def get(self, path: str, query: Query = ()) -> Any:
        """The JSON answer to a GET.

        Raises:
            StoreUnavailable, StoreRejected: and what they are the parents of in `refusals`.
        """
        return (await self.sized(path, query)).content

    async def sized(self, path: str, query: Query = ()) -> Sized:
        """The same with the answer's size.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return await self._ask("GET", path, query, None)

    async def post(self, path: str, body: Any, query: Query = ()) -> Any:
        """The JSON answer to a POST of JSON. It may be sent more than once: everything we post has an identifier.

        Raises:
            StoreUnavailable, StoreRejected
        """
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        return (await self._ask("POST", path, query, content)).content

    async def delete(self, path: str, query: Query) -> None:
        """Ask for something to be deleted.

        Raises:
            StoreUnavailable, StoreRejected
        """
        await self._ask("DELETE", path, query, None)

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    async def _ask(self, method: str, path: str, query: Query, content: bytes | None) -> Sized:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass_at_once),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                return await self._within_budget(method, path, query, content)
        raise AssertionError("unreachable")  # the last attempt raises; this is for the type checker

    async def _within_budget(self, method: str, path: str, query: Query, content: bytes | None) -> Sized:
        limit = self._limit("reads" if method == "GET" else "writes")
        try:
            async with admitted(self._limits, {limit: 1}, max_wait_s=MAX_WAIT_S):
                return await self._send(method, path, query, content)
        except LimitReached as exc:
            message = f"{self.base_url}: {exc} (requests_per_minute in assay.yaml)"
            raise StoreBusy(message, retry_after_s=exc.wait_s) from exc
        except StoreBusy as exc:
            asked_s = DEFAULT_RETRY_AFTER_S if exc.retry_after_s is None else exc.retry_after_s
            if asked_s > 0:
                await self._limits.pause(limit, seconds=asked_s)
            raise

    def _limit(self, what: str) -> RateLimit:
        name = f"phoenix:{self.base_url}:{self.project}:{what}"
        return RateLimit(name=name, amount=self.requests_per_minute, period_s=60.0)

    async def _send(self, method: str, path: str, query: Query, content: bytes | None) -> Sized:
        self.requests[path] = self.requests.get(path, 0) + 1
        where = f"{method} {self.base_url}{path}"
        try:
            async with (
                asyncio.timeout(self._deadline_s),
                self._http.stream(method, path, params=list(query), content=content) as response,
            ):
                body = await self._body(response, where)
        except TimeoutError as exc:
            raise TimedOut(f"{where}: no whole answer in {self._deadline_s:g} s") from exc
        except httpx.TimeoutException as exc:
            raise TimedOut(f"{where}: no answer in {self._timeout.read:g} s") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise StoreUnavailable(
                f"{where}: {type(exc).__name__}; check PHOENIX_ENDPOINT and that the server runs"
            ) from exc
        self.server_version = response.headers.get("x-phoenix-server-version", self.server_version)
        if response.is_success:
            return Sized(await _json(body, where), len(body))
        asked_s = retry_after_s(response.headers, datetime.now(UTC), longest_s=LONGEST_RETRY_AFTER_S)
        raise error_of(response.status_code, body, where, asked_s, [self._api_key] if self._api_key else [])

    async def _body(self, response: httpx.Response, where: str) -> bytes:
        """What was answered, unpacked; no more than we take."""
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > self._most_bytes:
                raise TooLarge(f"{where}: answered more than {self._most_bytes:,} bytes")
            chunks.append(chunk)
        return b"".join(chunks)

    @property
    def _http(self) -> httpx.AsyncClient:
        if self._opened is None:
            key = {"Authorization": f"Bearer {self._api_key.get_secret_value()}"} if self._api_key else {}
            self._opened = httpx.AsyncClient(
                base_url=self.base_url,
                timeout=self._timeout,
                limits=httpx.Limits(max_connections=10, max_keepalive_connections=5),
                headers={"User-Agent": "assay", "Content-Type": "application/json", **key},
            )
        return self._opened


def _may_pass_at_once(error: BaseException) -> bool:
    """Worth a second try within seconds: a broken connection, a 5xx, or a 429, whose wait the budget then enforces."""
    if isinstance(error, StoreBusy):
        return error.retry_after_s is not None and error.retry_after_s <= MAX_WAIT_S
    return isinstance(error, StoreUnavailable) and not isinstance(error, StoreAccessDenied | TimedOut)


async def _json(body: bytes, where: str) -> Any:
    if not body:
        return None
    try:
        return await in_thread(loads, body)
    except ValueError as exc:
        raise StoreUnavailable(f"{where}: answered without JSON; is this Phoenix?") from exc


def data_in(answer: Any, where: str) -> list[Mapping[str, Any]]:
    """The rows of an answer, without what is none.

    Raises:
        StoreUnavailable: it has no list of them, as a proxy's page, so that nobody can tell what there is.
    """
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise StoreUnavailable(f"{where}: answered without `data`; is this Phoenix?")
    return [row for row in rows if isinstance(row, dict)]


def is_askable(text: str) -> bool:
    """Whether a text can stand in a request: no half of a surrogate pair, and no longer than any id."""
    return len(text) <= LONGEST_ID and text.isprintable() and text.isascii()
