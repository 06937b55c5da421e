"""One connection to a backend: requests out within the shared budget, bounded answers or one of our errors back.

It follows OTLP over HTTP: 429, 502, 503 and 504 may be tried again, and Retry-After is heeded. Everything that is sent
through it may be sent twice: reads, and results whose ids are made of what they say.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from assay.judges.models.wait_hints import retry_after_s
from assay.worker.ports.limits import LimitReached, RateLimit, RateLimits, admitted
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.store_clients.keys import redacted

TIMEOUT_S = 30.0
"""Without a byte."""
CONNECT_S = 10.0
"""Until a connection stands. A busy process notices late that it does, so this is no network's time alone."""
DEADLINE_S = 60.0
"""From a request's first byte to its answer's last: an answer that trickles is none."""
MAX_WAIT_S = 10.0
"""Waiting longer for room in the budget, or for the server, is left to whoever holds the work."""
TRIES = 3
MOST_BYTES = 64 * 1024 * 1024
"""Of one answer, unpacked. A trace of ten thousand steps with its texts is smaller."""
LONGEST_RETRY_AFTER_S = 3600.0
DEFAULT_RETRY_AFTER_S = 5.0
LONGEST_MESSAGE = 200
_MESSAGE_BYTES = 20_000
"""Of a body that are looked at for a message."""

RETRYABLE = frozenset({429, 502, 503, 504})
"""By the protocol's specification. All other refusals are not sent again as they are."""


class AnswerTooLarge(StoreRejected):
    """The answer has more bytes than we take at once."""


class RequestTooLarge(StoreRejected):
    """The server takes no request of this size (413): send less at once."""


class RequestNotValid(StoreRejected):
    """The server understood where the request belongs, and refuses what it says (400, 422)."""


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes:
        status: of HTTP.
        headers: by name, in lower case.
        body: unpacked.
        where: method and address, for messages.
        secrets: that were sent with the request.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    secrets: tuple[SecretStr, ...] = field(default=(), repr=False)

    @property
    def message(self) -> str:
        """The server's words in one line, without our keys and cut: an error may echo what was sent."""
        words = redacted(self.body[:_MESSAGE_BYTES].decode("utf-8", "replace"), self.secrets)
        return " ".join(words.split())[:LONGEST_MESSAGE] or "no message"


@dataclass
class Connection:
    """Connections, keys, retries and errors; one per process, used from one event loop.

    Attributes:
        address: of the server, without a login.
        remedy: what to check where the server refuses our key.
        headers: sent with each request. They hold keys and are never shown.
        limit: how much may be asked.
        timeout_s: how long nothing may come.
        deadline_s: of one request in all.
        accepted: refusals that are answers to whoever asks, e.g. 404 where something may be missing.
    """

    address: str
    remedy: str
    limits: RateLimits
    limit: RateLimit
    headers: Mapping[str, SecretStr] = field(default_factory=dict)
    timeout_s: float = TIMEOUT_S
    deadline_s: float = DEADLINE_S
    max_wait_s: float = MAX_WAIT_S
    most_bytes: int = MOST_BYTES
    accepted: frozenset[int] = frozenset()
    _opened: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    async def get(
        self, path: str, query: Sequence[tuple[str, str]] = (), *, accept: str = "application/json"
    ) -> Answer:
        """The answer to a GET.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return await self._ask("GET", path, query=httpx.QueryParams(list(query)), headers={"Accept": accept})

    async def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """The answer to a POST.

        Raises:
            StoreUnavailable, StoreRejected
        """
        return await self._ask("POST", path, content=content, headers=dict(headers))

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        query: httpx.QueryParams | None = None,
        content: bytes | None = None,
    ) -> Answer:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(self._may_pass_at_once),
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                request = self._http.build_request(
                    method, f"{self.address}{path}", params=query or None, content=content, headers=headers
                )
                answer = await self._admitted(request)
                # What was sent is taken with any 2xx: some receivers have nothing to say and answer 202 or 204.
                is_taken = answer.status == 200 or (method == "POST" and 200 <= answer.status < 300)
                if is_taken or answer.status in self.accepted:
                    return answer
                raise error_of(answer, self.remedy, answer.message)
        raise AssertionError("unreachable")  # the last attempt raises; this is for the type checker

    def _may_pass_at_once(self, error: BaseException) -> bool:
        """Worth another try within seconds. Where the server asked to wait, the budget makes us wait."""
        if isinstance(error, ServerAway):
            return (error.retry_after_s or 0.0) <= self.max_wait_s
        return isinstance(error, StoreBusy) and (error.retry_after_s or 0.0) <= self.max_wait_s

    async def _admitted(self, request: httpx.Request) -> Answer:
        try:
            async with admitted(self.limits, {self.limit: 1}, max_wait_s=self.max_wait_s):
                answer = await self._send(request)
        except LimitReached as exc:
            raise StoreBusy(f"{self.address}: {exc} (requests_per_minute)", retry_after_s=exc.wait_s) from exc
        asked_s = _asked_s(answer) if answer.status in RETRYABLE else None
        if asked_s is None and answer.status == 429:
            asked_s = DEFAULT_RETRY_AFTER_S
        if asked_s:
            await self.limits.pause(self.limit, seconds=asked_s)
        return answer

    async def _send(self, request: httpx.Request) -> Answer:
        where = f"{request.method} {str(request.url).partition('?')[0]}"
        try:
            async with asyncio.timeout(self.deadline_s):
                response = await self._http.send(request, stream=True)
                try:
                    body = await self._bounded(response, where)
                finally:
                    await response.aclose()
        except TimeoutError as exc:
            raise StoreUnavailable(f"{where}: no whole answer in {self.deadline_s:g} s") from exc
        except httpx.TimeoutException as exc:
            raise StoreUnavailable(f"{where}: no answer in {self.timeout_s:g} s") from exc
        except httpx.HTTPError as exc:
            raise ServerAway(f"{where}: {type(exc).__name__}; check the address and that the server runs") from exc
        headers = {name.lower(): value for name, value in response.headers.items()}
        secrets = tuple(self.headers.values())
        return Answer(status=response.status_code, headers=headers, body=body, where=where, secrets=secrets)

    async def _bounded(self, response: httpx.Response, where: str) -> bytes:
        """The body as long as it stays within bounds: a small packed answer may be a huge one."""
        parts, size = [], 0
        packed = response.headers.get("content-encoding", "").lower()
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed in {"gzip", "deflate"} else None
        async for part in response.aiter_raw(64 * 1024):
            try:
                plain = unpack.decompress(part, self.most_bytes + 1 - size) if unpack else part
            except zlib.error as exc:
                raise StoreUnavailable(f"{where}: an answer that says {packed} and is none") from exc
            size += len(plain)
            if size > self.most_bytes or (unpack and unpack.unconsumed_tail):
                raise AnswerTooLarge(f"{where}: the answer has more than {self.most_bytes:,} bytes")
            parts.append(plain)
        return b"".join(parts)

    @property
    def _http(self) -> httpx.AsyncClient:
        if self._opened is None:
            self._opened = httpx.AsyncClient(
                timeout=httpx.Timeout(self.timeout_s, connect=min(self.timeout_s, CONNECT_S)),
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
                headers={
                    "User-Agent": "assay",
                    "Accept-Encoding": "gzip",
                    **{name: secret.get_secret_value() for name, secret in self.headers.items()},
                },
            )
        return self._opened


class ServerAway(StoreUnavailable):
    """No connection, one that broke, or a server that is away for now: worth another try within seconds."""


def error_of(answer: Answer, remedy: str, message: str) -> StoreError:
    """What a refusal means: one line with the address, the status and the server's own words."""
    status, line = answer.status, f"{answer.where}: {answer.status}: {message}"
    if status in {401, 403}:
        return StoreAccessDenied(f"{line}; {remedy}")
    if status == 429:
        return StoreBusy(line, retry_after_s=_asked_s(answer) or DEFAULT_RETRY_AFTER_S)
    if status == 413:
        return RequestTooLarge(line)
    if status in RETRYABLE:
        return ServerAway(line, retry_after_s=_asked_s(answer))
    if status in _PASSING or status >= 500 or status < 400:
        elsewhere = _ELSEWHERE if 300 <= status < 400 else ""
        return StoreUnavailable(f"{line}{_PASSING.get(status, elsewhere)}")
    return RequestNotValid(line) if status in {400, 422} else StoreRejected(line)


_ELSEWHERE = "; the address leads elsewhere: set the one it leads to"
_PASSING = {
    404: "; no such route: check the address",
    405: "; no such route: check the address",
    408: "",
    425: "",
}
"""Refusals that a person can mend, or that pass: the work waits."""


def _asked_s(answer: Answer) -> float | None:
    """The seconds that an answer asks to wait, within bounds."""
    return retry_after_s(answer.headers, datetime.now(UTC), longest_s=LONGEST_RETRY_AFTER_S)
