"""What may go wrong with a trace store, by what is to be done about it."""

from __future__ import annotations

from assay.judges.errors import EvaluationError


class StoreError(EvaluationError):
    """The trace store did not do what was asked."""


class StoreUnavailable(StoreError):
    """Connection, time-out, lock or 5xx: RETRY; kept verdicts make this cheap."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreBusy(StoreUnavailable):
    """No room within a limit of our own: RETRY when there is; nothing was asked of the store."""


class StoreAccessDenied(StoreUnavailable):
    """The store refuses our key: RETRY, because a person can mend it while the work waits."""


class StoreRejected(StoreError):
    """The store understood and refused (validation, rights): PARK."""


class StorePartlyRejected(StoreRejected):
    """The store took a part of what was sent, and refused the rest without saying which: it is not sent again."""


class TraceTooLarge(StoreRejected):
    """The store has the trace, but it is more than the store, or we, move at once: SKIP."""
