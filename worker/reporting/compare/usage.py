"""What the application itself took on both sides: tokens, cost and time of a request. A rate alone hides a price."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.period.application import JUMP, JUMP_NUMBER
from assay.worker.signals.reading import SPLITS
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.quantiles import weighted_quantile
from assay.worker.statistics.weighted import weighted_mean

_COLUMNS = ("input_tokens", "output_tokens", "cost_usd", "duration_s", "first_token_s")
"""Facts that are read."""

_READ = ("use_case", "rubric", "sample", "stratum", "pi", "trace_id", "session_id", *_COLUMNS)

UsageKey = tuple[str, str]
"""Use case and rubric."""


class Measure(NamedTuple):
    """One number that is told of a request: a mean, or a quantile."""

    name: str
    column: str
    unit: Literal["tokens", "USD", "s"]
    quantile: float | None = None


MEASURES = (
    Measure("input tokens", "input_tokens", "tokens"),
    Measure("output tokens", "output_tokens", "tokens"),
    Measure("cost", "cost_usd", "USD"),
    Measure("duration p50", "duration_s", "s", 0.5),
    Measure("duration p95", "duration_s", "s", 0.95),
    Measure("first token p50", "first_token_s", "s", 0.5),
)
"""What is told of both sides, in this order."""


class UsageChange(Record):
    """One number of a request on both sides. None: too few traces say it.

    Attributes:
        ratio: `b` in times of `a`. None where one is not known, or `a` is 0.
        is_jump: four-fold or more, up or down, with intervals that do not meet.
    """

    name: str
    unit: Literal["tokens", "USD", "s"]
    a: Estimate | None
    b: Estimate | None
    ratio: float | None = None
    is_jump: bool = False


@dataclass
class UsageColumns:
    """Facts of one side's traces that count in rates, for one use case and rubric, block by block."""

    chunks: list[dict[str, NDArray[np.float64]]] = field(default_factory=list)
    clusters: array[int] = field(default_factory=lambda: array("q"))

    def estimate(self, measure: Measure) -> Estimate | None:
        """The number, weighted by 1/pi, answers of one session as one draw. None below two sessions."""
        values, pi = (np.concatenate([chunk[name] for chunk in self.chunks]) for name in (measure.column, "pi"))
        known = ~np.isnan(values)
        if not known.any():
            return None
        clusters = np.array(self.clusters, dtype=np.int64).astype(np.uint64)[known]
        if measure.quantile is None:
            return weighted_mean(values[known], pi[known], clusters=clusters)
        return weighted_quantile(values[known], pi[known], measure.quantile, clusters=clusters)


Usage = dict[UsageKey, UsageColumns]


async def read_usage(
    history: HistoryReader, query: HistoryQuery, by: str | None, values: Iterable[str | None]
) -> Mapping[str | None, Usage]:
    """The facts of each of the values' traces. Unanswered traces have facts, too.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    sides: dict[str | None, Usage] = {value: {} for value in values}
    names = (*_READ, *(column for column in _split_columns(by) if column not in _READ))
    async for block in history.blocks(query, names):
        numbers = {name: np.array(block[name], dtype=np.float64) for name in ("pi", *_COLUMNS)}
        sessions = list(zip(block["session_id"], block["trace_id"], strict=True))
        for (value, key), rows in _rows_by_side(block, by, sides).items():
            columns = sides[value].setdefault(key, UsageColumns())
            columns.chunks.append({name: column[rows] for name, column in numbers.items()})
            columns.clusters.extend(_cluster(*sessions[at]) for at in rows)
    return sides


def changes(a: UsageColumns | None, b: UsageColumns | None) -> tuple[UsageChange, ...]:
    """Every number that is known on at least one side."""
    told = [_change(measure, a, b) for measure in MEASURES]
    return tuple(change for change in told if change.a is not None or change.b is not None)


def _change(measure: Measure, a: UsageColumns | None, b: UsageColumns | None) -> UsageChange:
    before, after = (None if side is None else side.estimate(measure) for side in (a, b))
    change = UsageChange(name=measure.name, unit=measure.unit, a=before, b=after)
    if before is None or after is None or before.value <= 0:
        return change
    ratio = after.value / before.value
    is_far = ratio >= JUMP or ratio <= 1 / JUMP
    is_apart = after.low > before.high or after.high < before.low
    is_jump = is_far and is_apart and min(before.n, after.n) >= JUMP_NUMBER
    return change.model_copy(update={"ratio": ratio, "is_jump": is_jump})


def _split_columns(by: str | None) -> tuple[str, ...]:
    return () if by is None else SPLITS[by]


def _rows_by_side(
    block: Block, by: str | None, sides: Container[str | None]
) -> Mapping[tuple[str | None, UsageKey], list[int]]:
    """Which rows of a block count in rates, by the side that they are on, the use case and the rubric."""
    facts = [block[name] for name in _split_columns(by)]
    keys = list(zip(block["use_case"], block["rubric"], strict=True))
    rows: dict[tuple[str | None, UsageKey], list[int]] = defaultdict(list)
    for at, (sample, stratum) in enumerate(zip(block["sample"], block["stratum"], strict=True)):
        if counts_in_rates(sample, stratum):
            values = dict.fromkeys(block["tags"][at]) if by == "tag" else [_first_known(facts, at)]
            for value in values:
                if value in sides:
                    rows[value, keys[at]].append(at)
    return rows


def _first_known(facts: Sequence[Sequence[object]], at: int) -> str | None:
    return next((str(column[at]) for column in facts if column[at] is not None), None)


def _cluster(session: str | None, trace: str) -> int:
    """A number for what moves together: a session, or a trace without one."""
    return hash(("trace", trace) if session is None else ("session", session))
