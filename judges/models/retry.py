"""When a failed model call is tried again, and after how long. Attempts and time spent waiting are bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

import tenacity

from assay.judges.errors import TransientModelError

_BACKOFF = tenacity.wait_random_exponential(multiplier=0.5, max=8.0)
_JITTER_S = 0.25


def retry_transient(*, max_attempts: int, max_wait_s: float) -> tenacity.AsyncRetrying:
    """A retry loop for one request. The last error leaves it as it is.

    Args:
        max_attempts: calls made in all.
        max_wait_s: seconds of waiting in all. An error that asks for more than is left is raised at once, so that the
            caller can put the work aside for as long as the endpoint asked.
    """

    def give_up(state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= max_attempts or state.idle_for + state.upcoming_sleep > max_wait_s

    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(TransientModelError),
        wait=wait_before_next,
        stop=give_up,
        reraise=True,
    )


def wait_before_next(state: tenacity.RetryCallState) -> float:
    """Seconds until the next attempt: what the endpoint asked plus a little jitter, else back-off with full jitter."""
    error = state.outcome.exception() if state.outcome is not None else None
    backoff_s = _BACKOFF(state)
    if isinstance(error, TransientModelError) and error.retry_after_s is not None:
        return error.retry_after_s + min(backoff_s, _JITTER_S)
    return backoff_s


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the endpoint asks to wait by Retry-After, in seconds or as a date (RFC 9110, 10.2.3). None without it.

    A date is measured against the endpoint's own Date header where there is one, so that clock skew does not count.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return float(value)
    try:
        asked = parsedate_to_datetime(value)
        answered = parsedate_to_datetime(headers["date"]) if "date" in headers else now
        return max(0.0, (asked - answered).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
