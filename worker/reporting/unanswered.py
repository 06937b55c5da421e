"""Traces that were selected and got no answer from the judge, and what they leave open of a rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from assay.judges.schema import Record
from assay.worker.records.ledger import LedgerEntry, LedgerState
from assay.worker.statistics.intervals import Estimate

NOTHING_TO_JUDGE = frozenset({"no_response", "empty_response"})
"""Reasons of skipped traces that have no answer. Nothing is missing there: a rate of answers is not about them."""


class Silence(Record):
    """Unanswered traces of one row, by reason, and the bounds of the rate.

    `low` and `high` are the rate if all of them were good, and if all were bad. None where there is no rate.
    """

    traces: int
    reasons: dict[str, int]
    low: float | None
    high: float | None


def is_unanswered(entry: LedgerEntry) -> bool:
    """Whether a selected trace ended without a word of the judge on its answer: dead, refused, too long, not found."""
    if entry.state is LedgerState.DEAD:
        return True
    return entry.state is LedgerState.SKIPPED and entry.reason not in NOTHING_TO_JUDGE


def silence(share: Estimate | None, answered: Sequence[LedgerEntry], silent: Sequence[LedgerEntry]) -> Silence | None:
    """What unanswered traces leave open, each weighted by 1/pi as the answered are. None where there are none.

    Args:
        share: the rate among the answered.
        answered: traces that the rate rests on.
        silent: traces that it lacks.
    """
    if not silent:
        return None
    low = high = None
    if share is not None:
        known, unknown = (sum(1 / entry.promise.pi for entry in entries) for entries in (answered, silent))
        low = share.value * known / (known + unknown)
        high = (share.value * known + unknown) / (known + unknown)
    reasons = Counter(f"{entry.state}: {entry.reason}" for entry in silent)
    return Silence(traces=len(silent), reasons=dict(reasons.most_common()), low=low, high=high)
