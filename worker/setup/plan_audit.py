"""Which audit share of a cascade gives the narrowest interval for the same money, by what the record has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from pydantic import Field

from assay.judges.schema import Record
from assay.worker.ports.history import HistoryReader
from assay.worker.setup.plan_record import last_week
from assay.worker.signals.reading import read_traffic
from assay.worker.signals.traffic import ScreenedRows, Traffic
from assay.worker.statistics.second_phase import best_second_share

FEWEST_AUDITED = 30
"""Audited answers below which nobody knows how often the audit changes a flag."""

PRIOR_CHANGES = 0.2
"""So many audits that changed a flag are added to those that were made: thirty that changed none say little of the one
that would have."""

WORTH_A_CHANGE = 0.05
"""A share that narrows the interval by less is as good as the one in force."""

_COLUMNS = ("use_case", "rubric", "state", "from_store", "screening", "judge_cost_usd")


class AuditAdvice(Record):
    """The audit share in force and the best one for the same money.

    Attributes:
        share: in force, `judge.audit_share` of the rubric.
        best: the share that makes the interval narrowest for the same money.
        narrower: by which share of its width the interval is narrower with `best`.
        more_traces: with `best`, how many times as many traces the same money judges.
        audited: audited answers that it rests on.
        screened: answers that the first tier judged.
    """

    share: float = Field(gt=0, le=1)
    best: float = Field(ge=0, le=1)
    narrower: float = Field(ge=0, le=1)
    more_traces: float = Field(gt=0)
    audited: int
    screened: int

    @property
    def words(self) -> str:
        """One line, as people read it."""
        basis = f"measured on {self.audited:,} audited of {self.screened:,} answers"
        if self.narrower < WORTH_A_CHANGE:
            return f"judge.audit_share {self.share:.2g} is about the best for its money ({basis})"
        change = self.more_traces - 1
        traces = f"{abs(change):.0%} {'more' if change > 0 else 'fewer'} traces"
        return (
            f"judge.audit_share {self.best:.2g} instead of {self.share:.2g} would make the interval "
            f"{self.narrower:.0%} narrower for the same money, with {traces} judged ({basis})"
        )


@dataclass
class CascadeCost:
    """What judgements of one cascade cost, by whether a later tier was asked; summed.

    `unpriced` counts judgements without a known price: with one of them nothing is told.
    """

    alone_usd: float = 0.0
    alone: int = 0
    both_usd: float = 0.0
    both: int = 0
    unpriced: int = 0

    def add(self, usd: float | None, *, went_on: bool) -> None:
        """Add a judgement."""
        if usd is None:
            self.unpriced += 1
        elif went_on:
            self.both_usd, self.both = self.both_usd + usd, self.both + 1
        else:
            self.alone_usd, self.alone = self.alone_usd + usd, self.alone + 1

    @property
    def per_answer(self) -> tuple[float, float] | None:
        """US dollars of the first tier and of the later ones; None where they are not known or nothing is paid."""
        if self.unpriced or not self.alone or not self.both:
            return None
        first = self.alone_usd / self.alone
        later = self.both_usd / self.both - first
        return (first, later) if later > 0 else None


async def audit_advices(
    history: HistoryReader, now: datetime, cut_of: Callable[[str], float], share_of: Callable[[str], float | None]
) -> dict[tuple[str, str], AuditAdvice]:
    """What is advised for each use case and rubric whose cascade has audited rows in the record of the last days.

    Args:
        history: the record.
        now: the moment of the plan.
        cut_of: the risk from which on an answer is flagged, by rubric.
        share_of: `judge.audit_share` in force, by rubric. None for a rubric without a cascade.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    latest: dict[tuple[str, str], Traffic] = {}
    for key, traffic in (await read_traffic(history, last_week(now))).items():
        if traffic.n and traffic.screened is not None:
            pair = key.use_case, key.rubric
            latest[pair] = max(traffic, latest.get(pair, traffic), key=lambda each: int(each.days.max()))
    costs = await cascade_costs(history, now) if latest else {}
    advices: dict[tuple[str, str], AuditAdvice] = {}
    for pair, traffic in latest.items():
        share = share_of(pair[1])
        if traffic.screened is None or share is None or pair not in costs:
            continue
        advice = audit_advice(traffic.screened, costs[pair], cut_of(pair[1]), share)
        if advice is not None:
            advices[pair] = advice
    return advices


async def cascade_costs(history: HistoryReader, now: datetime) -> Mapping[tuple[str, str], CascadeCost]:
    """What the cascades of the last days cost, by use case and rubric.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    costs: dict[tuple[str, str], CascadeCost] = {}
    async for block in history.blocks(last_week(now), _COLUMNS):
        for use_case, rubric, state, from_store, screening, usd in zip(
            *(block[name] for name in _COLUMNS), strict=True
        ):
            if state == "scored" and not from_store and isinstance(screening, Mapping):
                known = costs.setdefault((use_case, rubric), CascadeCost())
                known.add(usd, went_on=bool(screening.get("phase2")))
    return costs


def audit_advice(rows: ScreenedRows, costs: CascadeCost, cut: float, share: float) -> AuditAdvice | None:
    """The share in force beside the best one for the flagged share of traffic.

    Of answers that the first tier settled, a share a is audited. With s the settled share of traffic, D the mean square
    of what the audit changed there, and V the variance of a final flag, the variance for one dollar is
    (c₁ + (1−s)c₂ + s·a·c₂) · (V − sD + sD/a). That is double sampling with ρ² = 1 − sD/V (Cochran 1977, 12.4).

    Args:
        rows: what the first tier judged.
        costs: what both cost.
        cut: the risk from which on an answer is flagged.
        share: the audit share in force.

    Returns:
        None where costs are not known, fewer than `FEWEST_AUDITED` were audited, or flags do not vary.
    """
    dollars, settled = costs.per_answer, rows.pi2 < 1
    audited = settled & rows.seen
    if dollars is None or not 0 < share <= 1 or int(audited.sum()) < FEWEST_AUDITED:
        return None
    w = 1 / rows.pi
    passed = float(w[settled].sum() / w.sum())
    changed, variance = _spreads(rows, audited, passed, cut)
    if variance <= 0:
        return None
    always = dollars[0] + (1 - passed) * dollars[1]
    left = passed * changed
    best = best_second_share(always, passed * dollars[1], max(0.0, 1 - left / variance))
    if best <= 0:
        return None

    def cost(audit: float) -> float:
        return always + passed * audit * dollars[1]

    def width(audit: float) -> float:
        return math.sqrt(cost(audit) * max(0.0, variance - left + left / audit))

    return AuditAdvice(
        share=share,
        best=best,
        narrower=max(0.0, 1 - width(best) / width(share)),
        more_traces=cost(share) / cost(best),
        audited=int(audited.sum()),
        screened=int(rows.pi.size),
    )


def _spreads(rows: ScreenedRows, audited: np.ndarray, passed: float, cut: float) -> tuple[float, float]:
    """The mean square of what the audit changed, and the variance of a final flag."""
    first, final = rows.first >= cut, rows.final >= cut
    w = 1 / (rows.pi[audited] * rows.pi2[audited])
    weight, kish = float(w.sum()), float(w.sum() ** 2 / (w * w).sum())
    moved = float((w * (first != final)[audited]).sum()) / weight
    flagged_there = float((w * final[audited]).sum()) / weight
    on = (rows.pi2 >= 1) & rows.seen
    of_escalated = 1 / rows.pi[on]
    flagged_on = float((of_escalated * final[on]).sum() / of_escalated.sum()) if on.any() else 0.0
    share = passed * flagged_there + (1 - passed) * flagged_on
    return (moved * kish + PRIOR_CHANGES) / (kish + PRIOR_CHANGES), share * (1 - share)
