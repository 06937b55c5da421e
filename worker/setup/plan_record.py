"""What the record says of past days: rates, sessions and costs, so that a plan need not assume them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from assay.worker.flow.rates import HISTORY, midnight_of
from assay.worker.ports.history import HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.setup.judge_cost import JudgeCost
from assay.worker.setup.plan_precision import Measured, MeasuredRates
from assay.worker.signals.rates import rates
from assay.worker.signals.reading import read_traffic
from assay.worker.signals.traffic import Traffic
from assay.worker.statistics.sample_size import independent_size

LEAST_MEASURED = 100
"""Answers from which on a measured rate is believed more than the assumption: of fewer, 5 % is a guess, too."""

_COST_COLUMNS = (
    "rubric",
    "rubric_hash",
    "state",
    "from_store",
    "judge_calls",
    "judge_input_tokens",
    "judge_output_tokens",
    "judge_cost_usd",
)


def last_week(now: datetime) -> HistoryQuery:
    """The days that a plan rests on."""
    return HistoryQuery(since=midnight_of(now) - HISTORY, until=now)


async def measured_rates(history: HistoryReader, now: datetime, cut_of: Callable[[str], float]) -> MeasuredRates:
    """What the last days say of each use case and rubric, by the revision that judged last.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    latest: dict[tuple[str, str], Traffic] = {}
    for key, traffic in (await read_traffic(history, last_week(now))).items():
        if traffic.n:
            pair = key.use_case, key.rubric
            latest[pair] = max(traffic, latest.get(pair, traffic), key=lambda each: int(each.days.max()))
    measured = {pair: _measured(traffic, cut_of(pair[1])) for pair, traffic in latest.items()}
    return {pair: known for pair, known in measured.items() if known is not None}


def _measured(traffic: Traffic, cut: float) -> Measured | None:
    seen = rates(traffic, cut)
    rate, of = seen.problem_behind, "of answers expected to have a problem"
    if rate is None:
        rate, of = seen.flagged_behind, f"of answers flagged (risk ≥ {cut:g})"
    if rate is None or rate.n < LEAST_MEASURED:
        return None
    selected = traffic.n + int(traffic.unanswered.pi.size)
    return Measured(
        rate=min(1.0, max(0.0, rate.value)),
        answers=rate.n,
        answered=rate.n / selected,
        design_effect=rate.n / independent_size(rate),
        of=of,
        days=int(np.unique(traffic.days).size),
    )


@dataclass
class RecordedCost:
    """What judgements by one version of a rubric took, summed. `cost_usd` is None where a price is unknown."""

    judgements: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0

    def add(self, calls: int, prompt_tokens: int, completion_tokens: int, cost_usd: float | None) -> None:
        """Add a judgement."""
        self.judgements += 1
        self.calls += calls
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        self.cost_usd = None if cost_usd is None or self.cost_usd is None else self.cost_usd + cost_usd


async def recorded_costs(history: HistoryReader, now: datetime) -> Mapping[tuple[str, str], RecordedCost]:
    """What judgements of the last days took, by rubric and version of it.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    costs: dict[tuple[str, str], RecordedCost] = {}
    async for block in history.blocks(last_week(now), _COST_COLUMNS):
        for rubric, version, state, from_store, calls, sent, got, usd in zip(
            *(block[name] for name in _COST_COLUMNS), strict=True
        ):
            if state == "scored" and not from_store and calls is not None:
                costs.setdefault((rubric, version), RecordedCost()).add(calls, sent or 0, got or 0, usd)
    return costs


def cost_from_record(cost: JudgeCost, recorded: RecordedCost) -> JudgeCost:
    """As past judgements were paid for. Whether some came in a batch is not in the record: no batch price is told."""
    unknown = "; cost unknown: a judgement without a known price" if recorded.cost_usd is None else ""
    measured = cost.model_copy(
        update={
            "judgements": recorded.judgements,
            "calls": recorded.calls,
            "prompt_tokens": recorded.prompt_tokens,
            "completion_tokens": recorded.completion_tokens,
            "cost_usd": recorded.cost_usd,
            "basis": f"measured on {recorded.judgements:,} judgements in the record{unknown}",
        }
    )
    return measured.scaled(cost.judgements)
