"""The rate of a cascade: what every trace was screened to, and what a sample of known probability was judged to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from assay.judges.schema import Record
from assay.worker.reporting.columns import PhaseRow, Phases
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


def cascade_rates(phases: Phases, cut: float) -> CascadeRates | None:
    """The rates of one evaluator revision. None where no cascade judged its traces.

    Args:
        phases: scored traces, and those skipped or parked because a later tier gave no answer: without them those that
            looked bad would weigh too little.
        cut: from which on a risk is flagged.
    """
    if not phases.days:
        return None
    rows = list(phases.rows())
    flags, risky = [_phased(row, cut) for row in rows], [_phased(row, None) for row in rows]
    plain = difference_mean(answered_rows(flags))
    why = Counter(row.why for row in rows)
    return CascadeRates(
        flagged=_among(two_phase_share(flags), two_phase_share(risky)),
        first_only=first_share([row for row, has in zip(flags, risky, strict=True) if has.first]),
        later_only=later_share([row for row, has in zip(flags, risky, strict=True) if has.final]),
        difference=plain.value if plain else None,
        difference_se=math.sqrt(plain.variance) if plain else None,
        decided_by=dict(sorted(phases.judges.items())),
        escalated=why["escalated"],
        audited=why["audited"],
        passed=why["passed"],
        unanswered=phases.degraded + phases.lost,
        lost=phases.lost,
        needs_review=phases.needs_review,
    )


def flagged_share(rows: Iterable[PhaseRow], cut: float) -> Estimate | None:
    """The flagged share of some traces of a cascade by the two-phase estimate."""
    rows = list(rows)
    return _among(
        two_phase_share([_phased(row, cut) for row in rows]), two_phase_share([_phased(r, None) for r in rows])
    )


def _phased(row: PhaseRow, cut: float | None) -> Phased:
    """One trace as a row.

    With a cut it says whether the risk is flagged. Without one it says whether there is a risk. Where there is none, it
    is not flagged.
    """
    return Phased(
        first=_flag(row.first, cut),
        final=_flag(row.final, cut) if row.phase2 else None,
        pi=row.pi,
        pi2=row.pi2,
        chosen=row.why != "passed",
    )


def _flag(value: float, cut: float | None) -> float:
    return 0.0 if math.isnan(value) or (cut is not None and value < cut) else 1.0


def _among(share: Estimate | None, of: Estimate | None) -> Estimate | None:
    """A share of all traces as a share of those that have a risk. How many have one is taken as known."""
    if share is None or of is None or of.value == 0:
        return None
    value, low, high = (min(1.0, end / of.value) for end in (share.value, share.low, share.high))
    return Estimate(value=value, low=low, high=high, n=share.n)
