"""Cost as samples of metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np

from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.cost.projecting import MonthCost, month_cost
from assay.worker.signals.cost.rows import FACTS, CostRows
from assay.worker.signals.cost.tokens import token_jumps
from assay.worker.signals.cost.totals import parts_by, request_mean, whole_total
from assay.worker.signals.samples import estimate, number
from assay.worker.signals.windows import AHEAD, DAY, MONTH, SPANS, WEEK

WINDOWS = (DAY, WEEK, MONTH)
MOST_VALUES = 10
MOST_PROMPTS = 12
EVERYTHING = "(all)"
"""Stands for the use case where all of a deployment's traffic has a budget."""

UNKNOWN = "(unknown)"
"""Stands for a value that the traces do not tell."""


def cost_samples(rows: CostRows, use_case: str, now: datetime, budget_usd: float | None) -> dict[str, list[Sample]]:
    """All that is told of one use case's cost, by window.

    Args:
        rows: from `first_day_needed` on, and at least 30 days.
        use_case: its name.
        now: the end of the windows.
        budget_usd: what the application may cost in this month. None: nobody said.
    """
    samples = {name: list(_of_window(rows, use_case, name, now)) for name in WINDOWS}
    samples[DAY] += month_samples(month_cost([rows], now), use_case, budget_usd)
    for jump in token_jumps(rows, now):
        labels = (use_case, jump.prompt_name, jump.prompt_version)
        samples[DAY] += estimate(quality.TOKEN_JUMP, jump.ratio, *labels)
    return samples


def month_samples(month: MonthCost, use_case: str, budget_usd: float | None) -> Iterator[Sample]:
    """The month so far, where it is going, and what it may cost."""
    yield from number(quality.COST_TODAY, month.today.value if month.today else None, use_case)
    yield from estimate(quality.COST_MONTH, month.projected, use_case)
    yield from number(quality.COST_BUDGET, budget_usd, use_case)


def _of_window(rows: CostRows, use_case: str, window: str, now: datetime) -> Iterator[Sample]:
    own = rows.between(now - SPANS[window], now + AHEAD)
    yield from estimate(quality.COST, whole_total(own), use_case, window)
    yield from estimate(quality.REQUEST_COST, request_mean(own.cost_usd, own.pi), use_case, window)
    for fact in FACTS:
        known = [part for part in parts_by(own, fact) if part.total is not None]
        # Where no trace tells the fact there is nothing to tell apart.
        if any(part.value is not None for part in known):
            for part in known[:MOST_VALUES]:
                usd = part.total.value if part.total else None
                yield from number(quality.COST_BY, usd, use_case, window, fact, part.value or UNKNOWN)
    yield from _tokens(own, use_case, window)


def _tokens(rows: CostRows, use_case: str, window: str) -> Iterator[Sample]:
    counts = np.bincount(rows.prompts, weights=rows.weights, minlength=len(rows.prompt_names))
    for code in np.argsort(-counts, kind="stable")[:MOST_PROMPTS].tolist():
        name, version = rows.prompt_names[code]
        own = rows.prompts == code
        mean = request_mean(rows.tokens[own], rows.pi[own])
        yield from estimate(quality.REQUEST_TOKENS, mean, use_case, window, name or "", version or "")


def month_budget(per_month: float | None, per_day: float | None, days: int) -> float | None:
    """What a month may cost: as it is said, or as its days come to."""
    if per_month is not None:
        return per_month
    return per_day * days if per_day is not None else None


def joined(parts: Sequence[Mapping[str, list[Sample]]]) -> dict[str, list[Sample]]:
    """Samples of several use cases, by window."""
    return {name: [sample for part in parts for sample in part.get(name, [])] for name in WINDOWS}
