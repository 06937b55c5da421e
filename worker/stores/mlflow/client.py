"""One connection to an MLflow server: requests out, JSON or one of our errors back.

The REST API and not the `mlflow` package: that one is 600 MB, waits in threads and finishes writes in the background.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from assay.worker.ports.limits import RateLimits
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.stores.mlflow.transport import BudgetedTransport, Quota, retry_after_s

TIMEOUT_S = 30.0
"""Of one request."""
POOL_S = 120.0
"""Of waiting for one of the connections, which many tasks share."""
MAX_WAIT_S = 10.0
"""Waiting longer for room in the budget is left to whoever holds the work."""
TRIES = 3
MOST_BYTES = 64_000_000
"""Of one answer. What is longer is asked for in smaller parts."""

Query = Sequence[tuple[str, str]]
API = "/api/3.0/mlflow"


class TooLarge(StoreRejected):
    """An answer is longer than we read, or a request longer than the server takes: ask for less."""


class NotThere(StoreRejected):
    """MLflow's own word that there is no such trace, assessment or experiment."""


class RouteMissing(StoreUnavailable):
    """404 without MLflow's word about an object: an older server, or a proxy while it restarts. Nothing is final."""


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
        self._timeout = httpx.Timeout(timeout_s, connect=min(timeout_s, 10.0), pool=POOL_S)
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
            async with self._http.stream(method, path, **options) as response:
                content = await self._read(response, where)
        except httpx.TimeoutException as exc:
            raise StoreUnavailable(f"{where}: no answer in {self._timeout.read:g} s") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            words = f"{where}: {type(exc).__name__}; check MLFLOW_TRACKING_URI and that the server runs"
            raise StoreUnavailable(words) from exc
        if response.is_success:
            return content
        raise error_of(response, content, where)

    async def _read(self, response: httpx.Response, where: str) -> bytes:
        """The whole answer. A longer one is refused before it fills the memory."""
        read = bytearray()
        async for chunk in response.aiter_bytes():
            read += chunk
            if len(read) > self._most_bytes:
                raise TooLarge(f"{where}: the answer is longer than {self._most_bytes:,} bytes")
        return bytes(read)


def error_of(response: httpx.Response, content: bytes, where: str) -> StoreError:
    """What a refusal means: one line with the route, the status and the server's own words."""
    status, (code, words) = response.status_code, _words_in(content)
    message = f"{where}: {status}: {words}"
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
        return isinstance(error.retry_after_s, float) and error.retry_after_s <= MAX_WAIT_S
    if isinstance(error, ServerFailed):
        return not (is_there_already(error) or is_kept_elsewhere(error))
    if isinstance(error, (StoreAccessDenied, RouteMissing)) or "no answer in" in str(error):
        return False
    return isinstance(error, StoreUnavailable)


def _json(content: bytes, path: str) -> Any:
    try:
        return json.loads(content) if content else {}
    except (ValueError, RecursionError) as exc:
        raise StoreUnavailable(f"{path}: answered without JSON; is MLFLOW_TRACKING_URI an MLflow server?") from exc


def _words_in(content: bytes) -> tuple[str, str]:
    """MLflow's error code, and its message in one short line: an error may echo what was sent."""
    try:
        body = json.loads(content[:20_000])
    except (ValueError, RecursionError):
        return "", " ".join(content[:600].decode("utf-8", "replace").split())[:120]
    told = body if isinstance(body, dict) else {}
    words = told.get("message") or told.get("detail") or "no message"
    return str(told.get("error_code") or ""), " ".join(str(words).split())[:240]
