"""One authenticated connection to Langfuse: requests out, JSON or one of our errors back.

Thin on purpose, and not the SDK: the SDK's reads stop at one server generation, its `create_score` only queues, and
it does not tell a query that is too heavy from one that failed. The SDK is used over the same connection for what it
does best (`sdk`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from assay.worker.ports.limits import RateLimits
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.store_clients.connection import CONNECT_S
from assay.worker.stores.langfuse.quotas import Plan
from assay.worker.stores.langfuse.transport import BudgetedTransport, retry_after_s

if TYPE_CHECKING:
    from langfuse.api import AsyncLangfuseAPI

TIMEOUT_S = 40.0
"""Longer than ClickHouse's own 30-35 s, after which the server itself answers 422."""

MAX_WAIT_S = 10.0
"""Waiting longer for room in the budget is left to whoever holds the work."""

TRIES = 3

Query = Sequence[tuple[str, str]]


class QueryTooHeavy(StoreUnavailable):
    """The server gave up on a query (422, 524): ask for less, never the same again."""


class TimedOut(StoreUnavailable):
    """No answer in time: tried again with the work it belongs to, not within seconds."""


class Unreachable(StoreUnavailable):
    """No connection, or one that broke."""


class TooLarge(StoreRejected):
    """Request or answer exceed what the server moves at once (413): ask for less."""


class UrlTooLong(TooLarge):
    """The request line does (414, 431): name fewer ids; smaller pages change nothing."""


class NotThere(StoreRejected):
    """404, and the server itself says that there is no such object."""


class RouteMissing(StoreUnavailable):
    """404 without a word about an object: another generation, or a proxy while Langfuse restarts. Nothing is final."""


class LangfuseClient:
    """Connections, keys, retries and errors; one per process, used from one event loop."""

    def __init__(
        self,
        base_url: str,
        *,
        public_key: str,
        secret_key: SecretStr,
        limits: RateLimits,
        plan: Plan,
        timeout_s: float = TIMEOUT_S,
        max_wait_s: float = MAX_WAIT_S,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.public_key = public_key
        self._secret_key = secret_key
        self.plan = plan
        self._transport_options = {"limits": limits, "plan": plan, "project": public_key, "max_wait_s": max_wait_s}
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S))
        self._opened: httpx.AsyncClient | None = None
        self._transport: BudgetedTransport | None = None

    async def get(self, path: str, query: Query = ()) -> Any:
        """The JSON answer to a GET.

        Raises:
            StoreUnavailable, StoreRejected: and what they are the parents of, above.
        """
        return await self._ask("GET", path, params=list(query))

    async def post(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON answer to a POST of JSON. It may be sent more than once: everything we post has an id.

        Raises:
            StoreUnavailable, StoreRejected
        """
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        told = {"Content-Type": "application/json", **(headers or {})}
        return await self._ask("POST", path, content=content, headers=told)

    async def delete(self, path: str) -> None:
        """Ask for something to be deleted.

        Raises:
            StoreUnavailable, StoreRejected
        """
        await self._ask("DELETE", path)

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were sent, by path; for benchmarks and `assay doctor`."""
        return self._transport.sent if self._transport else {}

    def sdk(self) -> AsyncLangfuseAPI:
        """The SDK's typed API over this connection, its budget and its loop; ask it for no retries of its own."""
        from langfuse.api import AsyncLangfuseAPI  # half a second: only where it is used

        return AsyncLangfuseAPI(
            base_url=self.base_url,
            username=self.public_key,
            password=self._secret_key.get_secret_value(),
            httpx_client=self._http,
        )

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    @property
    def _http(self) -> httpx.AsyncClient:
        if self._opened is None:
            inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=20, max_keepalive_connections=10))
            self._transport = BudgetedTransport(inner, **self._transport_options)  # type: ignore[arg-type]  # as given
            self._opened = httpx.AsyncClient(
                transport=self._transport,
                base_url=self.base_url,
                auth=(self.public_key, self._secret_key.get_secret_value()),
                timeout=self._timeout,
                headers={"User-Agent": "assay"},
            )
        return self._opened

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass_at_once),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                return await self._send(method, path, **options)
        raise AssertionError("unreachable")  # the last attempt raises; this is for the type checker

    async def _send(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = await self._http.request(method, path, **options)
        except httpx.TimeoutException as exc:
            raise TimedOut(f"{self.base_url}{path}: no answer in {self._timeout.read:g} s") from exc
        except httpx.HTTPError as exc:
            raise Unreachable(
                f"{self.base_url}{path}: {type(exc).__name__}; check LANGFUSE_BASE_URL and that the server runs"
            ) from exc
        if response.is_success:
            return _json(response, f"{self.base_url}{path}")
        raise error_of(response, f"{method} {self.base_url}{path}")


def error_of(response: httpx.Response, where: str) -> StoreError:
    """What a refusal means: one line with the route, the status and the server's own words."""
    status, message = response.status_code, f"{where}: {response.status_code}: {_message_of(response)}"
    if status in {401, 403}:
        return StoreAccessDenied(f"{message}; check LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_BASE_URL")
    if status == 429:
        return StoreBusy(message, retry_after_s=retry_after_s(response))
    if status == 404 and not _names_an_object(response):
        return RouteMissing(message)
    known = _MEANINGS.get(status)
    if known is not None:
        return known(message)
    return StoreUnavailable(message) if status >= 500 or response.is_redirect else StoreRejected(message)


_MEANINGS: dict[int, type[StoreUnavailable | StoreRejected]] = {
    404: NotThere,
    408: StoreUnavailable,
    409: StoreUnavailable,
    413: TooLarge,
    414: UrlTooLong,
    422: QueryTooHeavy,
    425: StoreUnavailable,
    431: UrlTooLong,
    524: QueryTooHeavy,
}


_NOT_AT_ONCE = (QueryTooHeavy, StoreAccessDenied, TimedOut, RouteMissing)


def _may_pass_at_once(error: BaseException) -> bool:
    """Worth a second try within seconds: a broken connection, a 5xx, or a 429, whose wait the budget then enforces."""
    if isinstance(error, StoreBusy):
        return isinstance(error.retry_after_s, float) and error.retry_after_s <= MAX_WAIT_S
    return isinstance(error, StoreUnavailable) and not isinstance(error, _NOT_AT_ONCE)


def _json(response: httpx.Response, where: str) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError as exc:
        raise StoreUnavailable(f"{where}: answered {response.status_code} without JSON; is this Langfuse?") from exc


def _names_an_object(response: httpx.Response) -> bool:
    """Whether a 404 is Langfuse's own word on an object; a missing route has a page, or a message without this kind."""
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("error") == "LangfuseNotFoundError"


def _message_of(response: httpx.Response) -> str:
    """The server's message in one line; never more, an error may echo what was sent."""
    try:
        body = response.json()
    except ValueError:
        return " ".join(response.text.split())[:120]
    message = body.get("message") if isinstance(body, dict) else None
    issues = body.get("error") if isinstance(body, dict) else None
    first = issues[0] if isinstance(issues, list) and issues and isinstance(issues[0], dict) else {}
    whole = f"{message or 'no message'} {first.get('path', '')} {first.get('message', '')}" if first else message
    return " ".join(str(whole or "no message").split())[:240]
