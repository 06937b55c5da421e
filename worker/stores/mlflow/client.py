"""One connection to an MLflow server: requests out, JSON or one of our errors back.

The REST API and not the `mlflow` package: that one is 600 MB, waits in threads and finishes writes in the background.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from assay.worker.ports.limits import RateLimits
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.store_clients.answers import loads
from assay.worker.store_clients.connection import CONNECT_S
from assay.worker.store_clients.keys import redacted
from assay.worker.stores.mlflow.transport import BudgetedTransport, Quota, retry_after_s

TIMEOUT_S = 30.0
"""Without a byte."""
PATIENCE = 3.0
"""So many time-outs for one request in all, its wait for room and for a connection included: an answer that trickles is
none."""
POOL_S = 120.0
"""Of waiting for one of the connections, which many tasks share."""
MAX_WAIT_S = 10.0
"""Waiting longer for room in the budget is left to whoever holds the work."""
TRIES = 3
MOST_BYTES = 64_000_000
"""Of one answer. What is longer is asked for in smaller parts."""

LONGEST_ID = 200
"""Characters of a trace's id. MLflow's have 35."""

Query = Sequence[tuple[str, str]]
API = "/api/3.0/mlflow"


class TooLarge(StoreRejected):
    """An answer is longer than we read, or a request longer than the server takes: ask for less."""


class NotThere(StoreRejected):
    """MLflow's own word that there is no such trace, assessment or experiment."""


class RouteMissing(StoreUnavailable):
    """404 without MLflow's word about an object: an older server, or a proxy while it restarts. Nothing is final."""


class TimedOut(StoreUnavailable):
    """No answer in time: tried again with the work it belongs to, not within seconds."""


class ServerFailed(StoreUnavailable):
    """The server's own fault, in its own words: a locked database, a row that is there, spans kept elsewhere."""


class Login:
    """Who asks: a token, or a name and a password. MLflow's own variables, in MLflow's own order."""

    def __init__(self, *, token: SecretStr | None, username: str | None, password: SecretStr | None) -> None:
        self._token, self._username, self._password = token, username, password

    @property
    def auth(self) -> tuple[str, str] | None:
        """Name and password. They count before a token."""
        if self._username is None or self._password is None:
            return None
        return self._username, self._password.get_secret_value()

    @property
    def headers(self) -> dict[str, str]:
        """The token, where there is no name."""
        if self.auth is not None or self._token is None:
            return {}
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    @property
    def secrets(self) -> list[SecretStr]:
        """What no message may show, also where a server echoes it."""
        return [secret for secret in (self._token, self._password) if secret is not None]


class MlflowClient:
    """Connections, login, retries and errors. One per process, used from one event loop."""

    def __init__(
        self,
        base_url: str,
        *,
        login: Login,
        limits: RateLimits,
        quota: Quota,
        timeout_s: float = TIMEOUT_S,
        max_wait_s: float = MAX_WAIT_S,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.quota = quota
        self._login = login
        self._limits = limits
        self._deadline_s = PATIENCE * timeout_s + max_wait_s
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S), pool=POOL_S)
        self._max_wait_s = max_wait_s
        self._most_bytes = most_bytes
        self._opened: httpx.AsyncClient | None = None

    async def get(self, path: str, query: Query = ()) -> Any:
        """The JSON answer to a GET.

        Raises:
            StoreUnavailable, StoreRejected: and what they are the parents of, above.
        """
        return _json(await self._ask("GET", path, params=list(query)), path)

    async def get_text(self, path: str) -> str:
        """The answer to a GET as text, e.g. of `/version`.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return (await self._ask("GET", path)).decode("utf-8", "replace")

    async def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer to a request with JSON. It may be sent more than once: what we write has ids of ours.

        Raises:
            StoreUnavailable, StoreRejected
        """
        content = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        return _json(await self._ask(method, path, content=content, headers=headers), path)

    async def close(self) -> None:
        """Close the connections. The next request opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    @property
    def _http(self) -> httpx.AsyncClient:
        if self._opened is None:
            inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=20, max_keepalive_connections=10))
            transport = BudgetedTransport(inner, limits=self._limits, quota=self.quota, max_wait_s=self._max_wait_s)
            self._opened = httpx.AsyncClient(
                transport=transport,
                base_url=self.base_url,
                auth=self._login.auth,
                timeout=self._timeout,
                headers={"User-Agent": "assay", **self._login.headers},
            )
        return self._opened

    async def _ask(self, method: str, path: str, **options: Any) -> bytes:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass_at_once),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                return await self._send(method, path, **options)
        raise AssertionError("unreachable")  # the last attempt raises; this is for the type checker

    async def _send(self, method: str, path: str, **options: Any) -> bytes:
        where = f"{method} {self.base_url}{path}"
        try:
            async with (
                asyncio.timeout(self._deadline_s),
                self._http.stream(method, path, **options) as response,
            ):
                content = await self._read(response, where)
        except TimeoutError as exc:
            raise TimedOut(f"{where}: no whole answer in {self._deadline_s:g} s") from exc
        except httpx.TimeoutException as exc:
            raise TimedOut(f"{where}: no answer in {self._timeout.read:g} s") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            words = f"{where}: {type(exc).__name__}; check MLFLOW_TRACKING_URI and that the server runs"
            raise StoreUnavailable(words) from exc
        if response.is_success:
            return content
        raise error_of(response, content, where, self._login.secrets)

    async def _read(self, response: httpx.Response, where: str) -> bytes:
        """The whole answer. A longer one is refused before it fills the memory."""
        read = bytearray()
        async for chunk in response.aiter_bytes():
            read += chunk
            if len(read) > self._most_bytes:
                raise TooLarge(f"{where}: the answer is longer than {self._most_bytes:,} bytes")
        return bytes(read)


def error_of(response: httpx.Response, content: bytes, where: str, secrets: Sequence[SecretStr] = ()) -> StoreError:
    """What a refusal means: one line with the route, the status and the server's own words."""
    status, (code, words) = response.status_code, _words_in(content, secrets)
    message = f"{where}: {status}: {words}"
    if response.is_redirect:
        message += "; the address leads elsewhere: set MLFLOW_TRACKING_URI to the one it leads to"
    if status in {401, 403}:
        asked = "MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        return StoreAccessDenied(f"{message}; check {asked}")
    if status == 429:
        return StoreBusy(message, retry_after_s=retry_after_s(response))
    if status == 404:
        return NotThere(message) if code == "RESOURCE_DOES_NOT_EXIST" else RouteMissing(message)
    if status == 500 and code:
        return ServerFailed(message)
    if status >= 500 or status in {408, 409, 425} or response.is_redirect:
        return StoreUnavailable(message)
    return TooLarge(message) if status in {413, 414, 431} else StoreRejected(message)


def is_there_already(error: ServerFailed) -> bool:
    """Whether an assessment was refused because its id is taken: `due to a constraint violation`."""
    return "constraint violation" in str(error)


def is_kept_elsewhere(error: ServerFailed) -> bool:
    """Whether spans lie in files beside the database: `Trace data not stored in tracking store`."""
    return "not stored in tracking store" in str(error)


def _may_pass_at_once(error: BaseException) -> bool:
    """Worth a second try within seconds: a broken connection, a locked database, or a short 429."""
    if isinstance(error, StoreBusy):
        return error.retry_after_s is not None and error.retry_after_s <= MAX_WAIT_S
    if isinstance(error, ServerFailed):
        return not (is_there_already(error) or is_kept_elsewhere(error))
    if isinstance(error, (StoreAccessDenied, RouteMissing, TimedOut)):
        return False
    return isinstance(error, StoreUnavailable)


def listed_in(answer: Any, key: str, path: str) -> list[Mapping[str, Any]]:
    """The rows under a key of an answer, without what is none. `{}` has none: MLflow leaves out what is empty.

    Raises:
        StoreUnavailable: it is no such answer, as a proxy's page, so that nobody can tell what there is.
    """
    if isinstance(answer, dict):
        rows = answer.get(key, None if answer else [])
        if rows is None and "next_page_token" in answer:
            rows = []
        if isinstance(rows, list):
            return [row for row in rows if isinstance(row, dict)]
    raise StoreUnavailable(f"{path}: answered without `{key}`; is MLFLOW_TRACKING_URI an MLflow server?")


def is_askable(text: str) -> bool:
    """Whether a text can stand in a request: no half of a surrogate pair, and no longer than any id."""
    return len(text) <= LONGEST_ID and text.isprintable() and text.isascii()


def _json(content: bytes, path: str) -> Any:
    try:
        return loads(content) if content else None
    except ValueError as exc:
        raise StoreUnavailable(f"{path}: answered without JSON; is MLFLOW_TRACKING_URI an MLflow server?") from exc


def _words_in(content: bytes, secrets: Sequence[SecretStr]) -> tuple[str, str]:
    """MLflow's error code, and its message in one short line without our keys: an error may echo what was sent."""
    text = redacted(content[:20_000].decode("utf-8", "replace"), secrets)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return "", " ".join(text.split())[:120] or "no message"
    told = body if isinstance(body, dict) else {}
    words = told.get("message") or told.get("detail") or "no message"
    return str(told.get("error_code") or ""), " ".join(str(words).split())[:240]
