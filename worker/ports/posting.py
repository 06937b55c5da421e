"""One request to somebody who is to be told: bounded in time and size, and what its answer means."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from pydantic import JsonValue, SecretStr

TIMEOUT_S = 10.0
"""Of one request, from its first to its last byte."""

LONGEST_WAIT_S = 3600.0
"""The longest `Retry-After` that is kept to."""

_WRONG = frozenset({400, 413, 415, 422})
"""Answers that say of the message that it is wrong. Sent again it would be wrong again."""

_REFUSED = frozenset({401, 403, 404, 410})
"""Answers that say of the address, not of the message, that it is wrong: key unknown, webhook revoked."""

_READ = 2_000
"""Bytes of a reply that are read where its words matter."""

_HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}

_IS_SECRET: ContextVar[bool] = ContextVar("is_secret", default=False)
"""Whether the address of the request under way is a secret."""

# httpx tells the address of every request at level info, which a log at level debug shows.
logging.getLogger("httpx").addFilter(lambda _record: not _IS_SECRET.get())


class Answer(NamedTuple):
    """What became of a request.

    Attributes:
        is_taken: it was accepted.
        words: what came, in words of ours: an address may be a secret, and is never in them.
        may_retry: the same request may be taken later.
        is_refused: nothing that is sent there will be taken.
        wait_s: how long to wait at least, where the other side says so.
    """

    is_taken: bool
    words: str
    may_retry: bool = False
    is_refused: bool = False
    wait_s: float | None = None

    @property
    def is_wrong(self) -> bool:
        """Whether it was not taken for its own sake, so that others may be."""
        return not (self.is_taken or self.may_retry or self.is_refused)


async def post(
    url: SecretStr,
    content: Mapping[str, JsonValue],
    *,
    timeout_s: float = TIMEOUT_S,
    refusal: re.Pattern[str] | None = None,
) -> Answer:
    """Post JSON. Never raises for what the other side does, nor for what is on the way to it.

    Args:
        url: of the webhook; a secret in itself.
        content: the message.
        timeout_s: for all of it.
        refusal: what a reply of 400 holds where not the message is wrong but where it was sent.
    """
    if not is_web_address(url.get_secret_value()):
        return Answer(False, "its address is no web address", is_refused=True)
    try:
        body = json.dumps(dict(content), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except (ValueError, TypeError, RecursionError):
        return Answer(False, "it cannot be written as JSON")
    token = _IS_SECRET.set(True)
    try:
        async with asyncio.timeout(timeout_s):
            return await _posted(url, body, timeout_s, refusal)
    except (TimeoutError, httpx.TimeoutException):
        return Answer(False, f"no answer within {timeout_s:g} s", may_retry=True)
    except (httpx.HTTPError, OSError) as exc:
        return Answer(False, f"connection failed ({type(exc).__name__})", may_retry=True)
    except Exception as exc:  # noqa: BLE001  # who sends to several must not fail by one
        return Answer(False, f"it could not be sent ({type(exc).__name__})", may_retry=True)
    finally:
        _IS_SECRET.reset(token)


async def _posted(url: SecretStr, body: bytes, timeout_s: float, refusal: re.Pattern[str] | None) -> Answer:
    try:
        client = httpx.AsyncClient(timeout=timeout_s, verify=_tls())
    except OSError as exc:
        return Answer(False, f"certificates cannot be read ({type(exc).__name__}): see SSL_CERT_FILE", may_retry=True)
    except Exception:  # noqa: BLE001  # a form of proxy that httpx does not know, or has no package for
        return Answer(False, "the proxy cannot be used: see HTTPS_PROXY, ALL_PROXY, NO_PROXY", may_retry=True)
    # A hostile reply may never end: of most nothing is read.
    async with client, client.stream("POST", url.get_secret_value(), content=body, headers=_HEADERS) as reply:
        answer = answer_of(reply.status_code, reply.headers.get("retry-after"))
        if answer.is_wrong and refusal is not None and refusal.search(await _beginning(reply)):
            return answer._replace(words=f"{answer.words}, its key is not known", is_refused=True)
        return answer


async def _beginning(reply: httpx.Response) -> str:
    read = b""
    with suppress(httpx.HTTPError):
        async for chunk in reply.aiter_raw():
            read += chunk
            if len(read) >= _READ:
                break
    return read[:_READ].decode("utf-8", "replace")


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are read once: that takes longer than a request."""
    return httpx.create_ssl_context()


def is_web_address(url: str) -> bool:
    """Whether something can be sent there: `https://hooks.example.org/services/T0/B0/x`."""
    try:
        parsed, host = httpx.URL(url), urlsplit(url).hostname  # each refuses what the other one lets pass
        return parsed.scheme in {"http", "https"} and bool(host and parsed.host) and (parsed.port or 1) <= 65_535
    except (httpx.InvalidURL, ValueError):
        return False


def answer_of(status: int, retry_after: str | None) -> Answer:
    """What a status means. Of what is neither taken, nor wrong, nor refused for good, nothing is given up."""
    words = f"answered {status}"
    if 200 <= status < 300:
        return Answer(True, words)
    if status in _WRONG or status in _REFUSED:
        return Answer(False, words, is_refused=status in _REFUSED)
    if 300 <= status < 400:
        words += ": it leads elsewhere, which is not followed"
    if status == 407:
        words += ": the proxy wants a login"
    return Answer(False, words, may_retry=True, wait_s=_wait_s(retry_after))


def _wait_s(retry_after: str | None) -> float | None:
    """Seconds of a `Retry-After`: `30`, or a date."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if seconds == seconds else None  # noqa: PLR0124  # NaN is not


def address_digest(*parts: SecretStr | str) -> str:
    """A digest of where a channel leads, so that a changed key shows without being kept: `9f86d081884c7d65`."""
    texts = (part.get_secret_value() if isinstance(part, SecretStr) else part for part in parts)
    return hashlib.sha256("\n".join(texts).encode("utf-8", "replace")).hexdigest()[:16]
