"""Asking something over HTTP: bounded, with a time-out for the whole call, and again only where that may help."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx
from pydantic import JsonValue
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from assay.judges.errors import ConfigurationError
from assay.worker.golden.targets.exchange import KEPT_CHARACTERS, Exchange, Keep, keep_nothing, without
from assay.worker.golden.targets.port import TargetFailure, TargetResponse

MAX_REPLY_BYTES = 16 * 1024 * 1024
LONGEST_WAIT_S = 60.0
_MAY_PASS = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Received:
    """A successful reply, and how long it took."""

    body: bytes
    content_type: str
    latency_s: float


class _Transient(TargetFailure):
    """A failure that may pass; `wait_s` is what the server asked for."""

    def __init__(self, item_id: str, reason: str, detail: str, *, wait_s: float | None = None) -> None:
        super().__init__(item_id, reason, detail)
        self.wait_s = wait_s


@dataclass(frozen=True, kw_only=True)
class EndpointLimits:
    """How an endpoint is asked: at most `concurrency` at once, each within `timeout_s`, `retries` times more."""

    timeout_s: float
    concurrency: int = 8
    retries: int = 0
    first_wait_s: float = 0.5


class Endpoint:
    """One URL, asked once for each item; every way it can go wrong is a `TargetFailure`."""

    def __init__(
        self,
        url: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        limits: EndpointLimits,
        keep: Keep = keep_nothing,
    ) -> None:
        """Set up the client; nothing is sent yet.

        Args:
            url: http or https.
            method: GET sends the request as query parameters, anything else as JSON.
            headers: added to every request.
            secrets: what must never be kept or shown.
            limits: how it is asked.
            keep: told of every exchange.

        Raises:
            ConfigurationError: the URL or a header cannot be used.
        """
        self._method = method
        self._secrets = [secret for secret in secrets if secret]
        self._limits = limits
        self._keep = keep
        self._slots = asyncio.Semaphore(limits.concurrency)
        try:
            self._url = httpx.URL(url)
            pool = httpx.Limits(max_connections=limits.concurrency, max_keepalive_connections=limits.concurrency)
            self._client = httpx.AsyncClient(headers=headers, timeout=limits.timeout_s, limits=pool)
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as exc:
            raise ConfigurationError("golden target: url or headers cannot be used; check target in manifest") from exc
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ConfigurationError(f"golden target: url {self.name!r} is not an http(s) address")

    @property
    def name(self) -> str:
        """Scheme, host and path of the URL; user, password, query and secrets are left out."""
        shown = self._url.copy_with(username=None, password=None, query=None, fragment=None)
        return without(self._secrets, str(shown))

    async def ask(self, item_id: str, request: JsonValue) -> Received:
        """The reply to one request.

        Raises:
            TargetFailure
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Transient),
            stop=stop_after_attempt(self._limits.retries + 1),
            wait=self._wait_s,
            reraise=True,
        )
        async with self._slots:
            exchange = Exchange(target=self.name, item=item_id, sent=request)
            async for attempt in retrying:
                with attempt:
                    exchange = exchange.model_copy(update={"attempts": attempt.retry_state.attempt_number})
                    return await self._once(exchange)
        raise AssertionError("tenacity raises the last failure")

    def without_secrets(self, item_id: str, answer: TargetResponse) -> TargetResponse:
        """The answer as it came; one that tells our secrets is neither judged nor kept, for judging sends it on.

        Raises:
            TargetFailure
        """
        texts = (answer.response, *(answer.contexts or ()))
        if any(secret in text for secret in self._secrets for text in texts):
            raise TargetFailure(item_id, "secret_echoed", "the answer holds a secret of the request's URL or headers")
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        if isinstance(error, _Transient) and error.wait_s is not None:
            return min(error.wait_s, LONGEST_WAIT_S)
        return float(wait_random_exponential(multiplier=self._limits.first_wait_s, max=LONGEST_WAIT_S)(state))

    async def _once(self, exchange: Exchange) -> Received:
        """One request; the exchange is kept however it ends."""
        started = time.perf_counter()
        try:
            status, headers, body = await self._send(exchange)
            latency = time.perf_counter() - started
            # A server may echo what it was sent.
            text = without(self._secrets, body.decode("utf-8", "replace"))
            told = {"status": status, "received": text[:KEPT_CHARACTERS], "received_characters": len(text)}
            exchange = exchange.model_copy(update={**told, "latency_s": latency})
            self._check(exchange, status, headers)
        except TargetFailure as exc:
            self._keep(exchange.model_copy(update={"failure": f"{exc.reason}: {exc.detail}"}))
            raise
        self._keep(exchange)
        return Received(body, headers.get("content-type", ""), latency)

    async def _send(self, exchange: Exchange) -> tuple[int, httpx.Headers, bytes]:
        content = {"params": exchange.sent} if self._method == "GET" else {"json": exchange.sent}
        try:
            # httpx limits each read, which a server that drips bytes never exceeds; this limits the whole call.
            async with (
                asyncio.timeout(self._limits.timeout_s),
                self._client.stream(self._method, self._url, **content) as reply,  # type: ignore[arg-type]  # JSON
            ):
                return reply.status_code, reply.headers, await _read(reply, exchange.item)
        except (TimeoutError, httpx.TimeoutException) as exc:
            detail = f"no answer within {self._limits.timeout_s:g} s"
            raise TargetFailure(exchange.item, "timeout", detail) from exc
        except httpx.HTTPError as exc:
            detail = without(self._secrets, f"{type(exc).__name__}: {exc}")
            raise _Transient(exchange.item, "unreachable", detail) from exc

    @staticmethod
    def _check(exchange: Exchange, status: int, headers: httpx.Headers) -> None:
        if 200 <= status < 300:
            return
        detail = f"the target answered {status}"
        if status not in _MAY_PASS:
            raise TargetFailure(exchange.item, "http_status", detail)
        asked = headers.get("retry-after", "")
        raise _Transient(exchange.item, "http_status", detail, wait_s=float(asked) if asked.isdecimal() else None)


async def _read(reply: httpx.Response, item_id: str) -> bytes:
    """The whole body; an answer that does not end is no answer."""
    body = bytearray()
    async for chunk in reply.aiter_bytes():
        body += chunk
        if len(body) > MAX_REPLY_BYTES:
            raise TargetFailure(item_id, "too_long", f"the reply is longer than {MAX_REPLY_BYTES:,} bytes")
    return bytes(body)
