"""What the worker does with an error: a table over classes, so that it can be read and tested as data."""

from __future__ import annotations

from enum import StrEnum

from assay.judges import errors
from assay.judges.schema import Record
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable, TraceTooLarge


class Disposition(StrEnum):
    """RETRY within attempts and age, HOLD without either, SKIP with a reason, PARK as a dead letter."""

    RETRY = "retry"
    HOLD = "hold"
    SKIP = "skip"
    PARK = "park"


class Policy(Record):
    """A disposition and, for RETRY, how many failed attempts are too many."""

    disposition: Disposition
    max_attempts: int = 0


_PROVIDER = Policy(disposition=Disposition.RETRY, max_attempts=40)
"""A provider or store that is down is waited for. 40 attempts outlast the age limit."""

POLICIES: dict[type[Exception], Policy] = {
    errors.ConfigurationError: Policy(disposition=Disposition.PARK),
    errors.UnjudgeableSample: Policy(disposition=Disposition.SKIP),
    errors.TransientModelError: _PROVIDER,
    errors.PermanentModelError: Policy(disposition=Disposition.PARK),
    # Nobody knows why. It may be the text, or a gateway that broke in its own words: a minute later it takes the text.
    errors.RequestRejected: Policy(disposition=Disposition.RETRY, max_attempts=3),
    # What is known to hold for all calls is held (`Failed.held`). What may be due to this text alone is tried again.
    errors.ModelAccessDenied: _PROVIDER,
    errors.ModelRefused: Policy(disposition=Disposition.SKIP),
    errors.CallHeld: Policy(disposition=Disposition.HOLD),
    errors.InvalidVerdict: Policy(disposition=Disposition.RETRY, max_attempts=2),
    StoreUnavailable: _PROVIDER,
    StoreRejected: Policy(disposition=Disposition.PARK),
    TraceTooLarge: Policy(disposition=Disposition.SKIP),
    StateUnavailable: Policy(disposition=Disposition.HOLD),
}
_OUR_BUG = Policy(disposition=Disposition.PARK)

BACKOFF_FIRST_S = 15.0
BACKOFF_LONGEST_S = 600.0


def policy_of(error: type[BaseException]) -> Policy:
    """The row of the nearest class in the error's ancestry. An error without a row is our bug: it parks."""
    return next((POLICIES[cls] for cls in error.__mro__ if cls in POLICIES), _OUR_BUG)


def policy_named(error: str) -> Policy:
    """The same for the class name that an outcome carries.

    Looked up each time: modules that are imported late bring errors of their own, and whoever raised one is
    imported.
    """
    named = (cls for cls in _family(errors.EvaluationError) if cls.__name__ == error)
    return next((policy_of(cls) for cls in named), _OUR_BUG)


def backoff_s(attempts: int, retry_after_s: float | None = None) -> float:
    """Seconds until the next try after this many failed ones.

    A provider's own wish is honoured if it is longer, within the longest back-off: a proxy that asks for a day must not
    put work off by a day.
    """
    own = min(BACKOFF_LONGEST_S, BACKOFF_FIRST_S * 2.0 ** min(attempts, 10))
    return max(own, min(retry_after_s or 0.0, BACKOFF_LONGEST_S))


def _family(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(cls for child in root.__subclasses__() for cls in _family(child))]
