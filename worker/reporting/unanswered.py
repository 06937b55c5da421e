"""Traces that were selected and got no answer from the judge, and what they leave open of a rate."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from assay.judges.schema import Record
from assay.worker.records.ledger import LedgerState
from assay.worker.records.outcomes import Outcome
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


class SilentKind(NamedTuple):
    """What unanswered traces have in common, as far as it decides which row tells of them."""

    use_case: str
    rubric: str
    version: tuple[str, str | None]
    revision: str | None
    why: str


class SilentTraces:
    """Unanswered traces in columns: few kinds, and a number of each trace."""

    def __init__(self) -> None:
        self.kinds: dict[SilentKind, int] = {}
        self._of = array("l")
        self._pi = array("d")

    def add(self, outcome: Outcome) -> None:
        """Keep a trace."""
        revision = outcome.silent.revision if outcome.silent else None
        why = f"{outcome.state}: {outcome.reason}"
        kind = SilentKind(outcome.use_case, outcome.rubric, outcome.version, revision, why)
        self._of.append(self.kinds.setdefault(kind, len(self.kinds)))
        self._pi.append(outcome.pi)

    def of(self, kinds: set[int]) -> tuple[Counter[str], list[float]]:
        """How many there are of these kinds by reason, and their selection probabilities."""
        names = {number: kind.why for kind, number in self.kinds.items()}
        at = [n for n, kind in enumerate(self._of) if kind in kinds]
        return Counter(names[self._of[n]] for n in at), [self._pi[n] for n in at]


def is_unanswered(state: str, reason: str) -> bool:
    """Whether a selected trace ended without a word of the judge on its answer: dead, refused, too long, not found."""
    return state == LedgerState.DEAD or (state == LedgerState.SKIPPED and reason not in NOTHING_TO_JUDGE)


def silence(
    share: Estimate | None, answered: Sequence[float], silent: Sequence[float], reasons: Counter[str]
) -> Silence | None:
    """What unanswered traces leave open, each weighted by 1/pi as the answered are. None where there are none.

    Args:
        share: the rate among the answered.
        answered: the selection probabilities of traces that the rate rests on.
        silent: those of traces that it lacks.
        reasons: how many of these there are by reason, e.g. `dead: poison`.
    """
    if not silent:
        return None
    low = high = None
    if share is not None:
        known, unknown = (sum(1 / pi for pi in pis) for pis in (answered, silent))
        low = share.value * known / (known + unknown)
        high = (share.value * known + unknown) / (known + unknown)
    return Silence(traces=len(silent), reasons=dict(reasons.most_common()), low=low, high=high)
