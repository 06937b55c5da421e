"""One request to somebody who is to be told: bounded in time and size, and what its answer means."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import NamedTuple

import httpx
from pydantic import JsonValue, SecretStr

TIMEOUT_S = 10.0
"""Of one request, from its first to its last byte."""

LONGEST_WAIT_S = 3600.0
"""The longest `Retry-After` that is kept to."""

_REFUSED = frozenset({401, 403, 404, 410})
"""Answers that say of the address, not of the message, that it is wrong: key unknown, webhook revoked."""

_LATER = frozenset({408, 425, 429})
"""Answers besides those of a failing server after which the same may be taken later."""

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


async def post(url: SecretStr, content: Mapping[str, JsonValue], *, timeout_s: float = TIMEOUT_S) -> Answer:
    """Post JSON. Never raises for what the other side does.

    Args:
        url: of the webhook; a secret in itself.
        content: the message.
        timeout_s: for all of it.
    """
    token = _IS_SECRET.set(True)
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(timeout=timeout_s, verify=_tls()) as client,
            # Nobody needs the reply's text, and a hostile one may never end.
            client.stream("POST", url.get_secret_value(), json=dict(content)) as reply,
        ):
            return answer_of(reply.status_code, reply.headers.get("retry-after"))
    except (TimeoutError, httpx.TimeoutException):
        return Answer(False, f"no answer within {timeout_s:g} s", may_retry=True)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError):
        return Answer(False, "its address is no web address", is_refused=True)
    except (httpx.HTTPError, OSError) as exc:
        return Answer(False, f"connection failed ({type(exc).__name__})", may_retry=True)
    finally:
        _IS_SECRET.reset(token)


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are read once: that takes longer than a request."""
    return httpx.create_ssl_context()


def answer_of(status: int, retry_after: str | None) -> Answer:
    """What a status means."""
    if 200 <= status < 300:
        return Answer(True, f"answered {status}")
    if status in _LATER or status >= 500:
        return Answer(False, f"answered {status}", may_retry=True, wait_s=_wait_s(retry_after))
    return Answer(False, f"answered {status}", is_refused=status in _REFUSED)


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
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
