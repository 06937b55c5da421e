"""What the application itself took on both sides: tokens, cost and time of a request. A rate alone hides a price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import rows_alike, rows_by_code
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.period.application import JUMP, JUMP_NUMBER
from assay.worker.signals.reading import SPLITS
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.quantiles import weighted_quantile
from assay.worker.statistics.weighted import weighted_mean

_COLUMNS = ("input_tokens", "output_tokens", "cost_usd", "duration_s", "first_token_s")
"""Facts that are read."""

_DESIGN = ("use_case", "rubric", "sample", "stratum")

_READ = (*_DESIGN, "pi", "cluster", *_COLUMNS)

Rows = NDArray[np.intp]

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
    clusters: list[NDArray[np.int64]] = field(default_factory=list)

    def estimate(self, measure: Measure) -> Estimate | None:
        """The number, weighted by 1/pi, answers of one session as one draw. None below two sessions."""
        values, pi = (np.concatenate([chunk[name] for chunk in self.chunks]) for name in (measure.column, "pi"))
        known = ~np.isnan(values)
        if not known.any():
            return None
        clusters = np.concatenate(self.clusters).astype(np.uint64)[known]
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
        numbers = {name: block[name].floats() for name in ("pi", *_COLUMNS)}
        clusters = block["cluster"].integers()
        for (value, key), rows in _rows_by_side(block, by, sides).items():
            columns = sides[value].setdefault(key, UsageColumns())
            columns.chunks.append({name: column[rows] for name, column in numbers.items()})
            columns.clusters.append(clusters[rows])
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
) -> Mapping[tuple[str | None, UsageKey], Rows]:
    """Which rows of a block count in rates, by the side that they are on, the use case and the rubric."""
    facts = () if by == "tag" else _split_columns(by)
    codes, alike = rows_alike([block[name] for name in (*_DESIGN, *facts)])
    parts: dict[tuple[str | None, UsageKey], list[Rows]] = defaultdict(list)
    for names, rows in zip(alike, rows_by_code(codes, len(alike)), strict=True):
        use_case, rubric, sample, stratum, *known = names
        if counts_in_rates(sample, stratum):
            for value, own in _by_tag(block, rows) if by == "tag" else [(_first_known(known), rows)]:
                if value in sides:
                    parts[value, (use_case, rubric)].append(own)
    return {key: np.sort(np.concatenate(rows)) for key, rows in parts.items()}


def _by_tag(block: Block, rows: Rows) -> Iterator[tuple[str, Rows]]:
    """The rows of each tag. One with several counts under each of them."""
    tagged: dict[str, list[int]] = defaultdict(list)
    for row in rows.tolist():
        for tag in dict.fromkeys(block["tags"][row]):
            tagged[tag].append(row)
    return ((tag, np.array(own, dtype=np.intp)) for tag, own in tagged.items())


def _first_known(values: Sequence[object]) -> str | None:
    return next((str(value) for value in values if value is not None), None)
