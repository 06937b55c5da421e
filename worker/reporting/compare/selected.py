"""Every selected trace of both sides that came to an end, judged or not: how it ended, and what it took.

Rates know judged answers alone. A release that stops answering has few of them, and looks well by the rest.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.compare.question import Question
from assay.worker.signals.once import TRACE, best_of_each, trace_numbers
from assay.worker.signals.reading import SPLITS
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.unanswered import is_empty, is_unanswered

_NUMBERS = (
    "pi",
    "risk",
    "faithfulness",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "duration_s",
    "first_token_s",
)
"""Columns that are kept of each row."""

_READ = (*TRACE, "use_case", "rubric", "sample", "stratum", "cluster", "state", "reason", "changed_at", *_NUMBERS)

CaseKey = tuple[str, str]
"""Use case and rubric."""


class End(IntEnum):
    """How a selected trace ended."""

    EMPTY = 0
    UNANSWERED = 1
    REFUSED = 2
    SCORED = 3

    @classmethod
    def of(cls, state: str, reason: str) -> End:
        """From what the record says, e.g. `skipped`, `empty_response`."""
        if is_empty(state, reason):
            return cls.EMPTY
        if is_unanswered(state, reason):
            return cls.UNANSWERED
        return cls.REFUSED if reason == "refusal" else cls.SCORED


@dataclass
class SelectedRows:
    """One side's traces that count in rates, for one use case and rubric, block by block."""

    chunks: list[dict[str, NDArray[np.float64]]] = field(default_factory=list)
    clusters: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("b"))
    traces: array[int] = field(default_factory=lambda: array("q"))
    changed: array[int] = field(default_factory=lambda: array("q"))

    def column(self, name: str) -> NDArray[np.float64]:
        """A number of each row, NaN where it is not known."""
        return np.concatenate([chunk[name] for chunk in self.chunks]) if self.chunks else np.empty(0)

    def once(self) -> SelectedRows:
        """The same with the newest row of each trace: one that was judged again under another version has several."""
        kept = best_of_each(np.array(self.traces, dtype=np.int64), np.array(self.changed, dtype=np.int64))
        if kept.all():
            return self
        return SelectedRows(
            chunks=[{name: self.column(name)[kept] for name in _NUMBERS}],
            clusters=array("q", self.sessions()[kept].tolist()),
            ends=array("b", np.array(self.ends, dtype=np.int8)[kept].tolist()),
        )

    def sessions(self) -> NDArray[np.int64]:
        """The session of each row, as a number. A trace without one is a session of its own."""
        return np.array(self.clusters, dtype=np.int64)

    def ended(self, end: End) -> NDArray[np.bool_]:
        """Which rows ended so."""
        rows: NDArray[np.bool_] = np.array(self.ends, dtype=np.int8) == end
        return rows


SideRows = dict[CaseKey, SelectedRows]


@dataclass(frozen=True)
class Selected:
    """Both sides, and how many rows have each value of the fact that tells them apart."""

    a: SideRows
    b: SideRows
    values: Counter[str]


async def read_selected(history: HistoryReader, question: Question) -> Selected:
    """The selected traces of both sides.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    values: Counter[str] = Counter()
    if question.by is None:
        a = await _read(history, question.query(question.a), None, [None], values)
        b = await _read(history, question.query(question.b), None, [None], values)
        return Selected(a[None], b[None], values)
    names = (question.a.value, question.b.value)
    sides = await _read(history, question.query(question.a), question.by, names, values)
    return Selected(sides[question.a.value], sides[question.b.value], values)


async def _read(
    history: HistoryReader, query: HistoryQuery, by: str | None, names: Iterable[str | None], values: Counter[str]
) -> Mapping[str | None, SideRows]:
    sides: dict[str | None, SideRows] = {name: {} for name in names}
    columns = (*_READ, *(column for column in _split_columns(by) if column not in _READ))
    async for block in history.blocks(query, columns):
        facts = _facts(block, by)
        values.update(value for row in facts for value in row if value is not None)
        numbers, traces = {name: block[name].floats() for name in _NUMBERS}, trace_numbers(block)
        for (value, key), rows in _rows_by_side(block, facts, sides).items():
            kept = sides[value].setdefault(key, SelectedRows())
            kept.chunks.append({name: column[rows] for name, column in numbers.items()})
            _keep_ends(kept, block, traces, rows)
    return {value: {key: kept.once() for key, kept in side.items()} for value, side in sides.items()}


def _keep_ends(kept: SelectedRows, block: Block, traces: NDArray[np.int64], rows: Sequence[int]) -> None:
    states, reasons = list(block["state"]), list(block["reason"])
    kept.clusters.extend(block["cluster"].integers()[rows].tolist())
    kept.ends.extend([_end(states[at], reasons[at]) for at in rows])
    kept.traces.extend(traces[rows].tolist())
    kept.changed.extend(block["changed_at"].integers()[rows].tolist())


def _split_columns(by: str | None) -> tuple[str, ...]:
    return () if by is None else SPLITS[by]


def _facts(block: Block, by: str | None) -> list[tuple[str | None, ...]]:
    """The values of the fact that each row has: several only of tags."""
    if by == "tag":
        return [tuple(dict.fromkeys(tags)) for tags in block["tags"]]
    columns = [block[name] for name in _split_columns(by)]
    if not columns:
        return [(None,)] * len(block["state"])
    return [(_first_known(row),) for row in zip(*columns, strict=True)]


def _rows_by_side(
    block: Block, facts: Sequence[tuple[str | None, ...]], sides: Container[str | None]
) -> Mapping[tuple[str | None, CaseKey], list[int]]:
    """Which rows of a block count in rates, by the side that they are on, the use case and the rubric."""
    keys = list(zip(block["use_case"], block["rubric"], strict=True))
    rows: dict[tuple[str | None, CaseKey], list[int]] = defaultdict(list)
    drawn = zip(block["sample"], block["stratum"], facts, keys, strict=True)
    for at, (sample, stratum, values, key) in enumerate(drawn):
        if counts_in_rates(sample, stratum):
            for value in values:
                if value in sides:
                    rows[value, key].append(at)
    return rows


def _first_known(values: Sequence[object]) -> str | None:
    for value in values:
        if value is not None:
            return str(value)
    return None


_end = lru_cache(maxsize=4096)(End.of)
