"""The rate of a cascade: what every trace was screened to, and what a sample of known probability was judged to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from assay.judges.schema import Record, Screening
from assay.worker.records.ledger import LedgerEntry
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.two_phase import (
    Phased,
    answered_rows,
    difference_mean,
    first_share,
    later_share,
    two_phase_share,
)


class CascadeRates(Record):
    """The flagged share by the two-phase estimate, and beside it what it is made of.

    `flagged` is what the later tiers would have flagged of all traffic that has a risk; None where nothing that was not
    escalated has been audited yet. `first_only` and `later_only` are the biased shares by the first tier alone and
    among what later tiers saw. `difference` is the plain difference estimator over all scored traces, with its
    standard error. `unanswered` counts traces a later tier should have judged and did not; `lost` of them were skipped
    or parked and have no score at all, the others kept the cheaper tier's.
    """

    flagged: Estimate | None
    first_only: Estimate | None
    later_only: Estimate | None
    difference: float | None
    difference_se: float | None
    decided_by: dict[str, int]
    escalated: int
    audited: int
    passed: int
    unanswered: int
    lost: int = 0
    needs_review: int


def cascade_rates(
    entries: Sequence[LedgerEntry], unanswered: Sequence[LedgerEntry], score: str, cut: float
) -> CascadeRates | None:
    """The rates of one evaluator revision. None where no cascade judged its traces.

    Args:
        entries: scored.
        unanswered: skipped or parked, because a later tier gave no answer: without them those that looked bad would
            weigh too little.
        score: whose rate is asked for.
        cut: from which on a score is flagged.
    """
    judged = [(entry, entry.judgement.screening) for entry in entries if entry.judgement]
    screened = [(entry, first) for entry, first in judged if first is not None]
    if not screened:
        return None
    judgements = [entry.judgement for entry, _ in screened if entry.judgement]
    screened += [(entry, entry.unanswered.screening) for entry in unanswered if entry.unanswered]
    flags = [_phased(entry, first, score, cut) for entry, first in screened]
    risky = [_phased(entry, first, score, None) for entry, first in screened]
    plain = difference_mean(answered_rows(flags))
    why = Counter(first.why for _, first in screened)
    return CascadeRates(
        flagged=_among(two_phase_share(flags), two_phase_share(risky)),
        first_only=first_share([row for row, has in zip(flags, risky, strict=True) if has.first]),
        later_only=later_share([row for row, has in zip(flags, risky, strict=True) if has.final]),
        difference=plain.value if plain else None,
        difference_se=math.sqrt(plain.variance) if plain else None,
        decided_by=dict(sorted(Counter(judgement.judge for judgement in judgements).items())),
        escalated=why["escalated"],
        audited=why["audited"],
        passed=why["passed"],
        unanswered=sum(judgement.degraded for judgement in judgements) + len(unanswered),
        lost=len(unanswered),
        needs_review=sum(judgement.needs_review for judgement in judgements),
    )


def _phased(entry: LedgerEntry, first: Screening, score: str, cut: float | None) -> Phased:
    """One trace as a row.

    With a cut it says whether the score is flagged. Without one it says whether the score applies. A score that does
    not apply is not flagged.
    """
    final = entry.judgement.values.get(score) if entry.judgement and first.phase2 else None
    return Phased(
        first=_flag(first.scores.get(score), cut),
        final=_flag(final, cut) if first.phase2 else None,
        pi=entry.promise.pi,
        pi2=first.pi2,
        chosen=first.why != "passed",
    )


def _flag(value: float | str | None, cut: float | None) -> float:
    return float(isinstance(value, float) and (cut is None or value >= cut))


def _among(share: Estimate | None, of: Estimate | None) -> Estimate | None:
    """A share of all traces as a share of those that have a risk. How many have one is taken as known."""
    if share is None or of is None or of.value == 0:
        return None
    value, low, high = (min(1.0, end / of.value) for end in (share.value, share.low, share.high))
    return Estimate(value=value, low=low, high=high, n=share.n)
