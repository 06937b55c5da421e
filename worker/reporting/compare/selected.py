"""Every selected trace of both sides that came to an end, judged or not: how it ended, and what it took.

Rates know judged answers alone. A release that stops answering has few of them, and looks well by the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import Codes, rows_alike
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.compare.question import Question
from assay.worker.signals.once import TRACE, best_of_each, trace_numbers
from assay.worker.signals.reading import SPLITS, fact_values
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

_OWN = ("cluster", "trace", "changed_at", "end")
"""What is kept of each row beside them: its session, its trace, when it was judged, and how it ended."""

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

    chunks: list[dict[str, NDArray[Any]]] = field(default_factory=list)

    def column(self, name: str) -> NDArray[np.float64]:
        """A number of each row, NaN where it is not known."""
        return self._joined(name)

    def once(self) -> SelectedRows:
        """The same with the newest row of each trace: one that was judged again under another version has several."""
        kept = best_of_each(self._joined("trace"), self._joined("changed_at"))
        if kept.all():
            return self
        return SelectedRows([{name: self._joined(name)[kept] for name in (*_NUMBERS, *_OWN)}])

    def sessions(self) -> NDArray[np.int64]:
        """The session of each row, as a number. A trace without one is a session of its own."""
        return self._joined("cluster")

    @property
    def ends(self) -> NDArray[np.int8]:
        """How each row ended, as `End`."""
        return self._joined("end")

    @property
    def clusters(self) -> NDArray[np.int64]:
        """As `sessions`."""
        return self.sessions()

    def ended(self, end: End) -> NDArray[np.bool_]:
        """Which rows ended so."""
        rows: NDArray[np.bool_] = self.ends == end
        return rows

    def _joined(self, name: str) -> NDArray[Any]:
        return np.concatenate([chunk[name] for chunk in self.chunks]) if self.chunks else np.empty(0)


_OUTSIDE = -1
"""Stands for rows that count in no rate."""

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
        kept: dict[str, NDArray[Any]] = {name: block[name].floats() for name in _NUMBERS}
        kept |= {name: block[name].integers() for name in ("cluster", "changed_at")}
        kept["trace"] = trace_numbers(block)
        codes, ends = rows_alike([block["state"], block["reason"]])
        kept["end"] = np.array([End.of(*end) for end in ends], dtype=np.int8)[codes]
        for value, key, rows in _rows_by_side(block, by, sides, values):
            chunks = sides[value].setdefault(key, SelectedRows()).chunks
            chunks.append({name: column[rows] for name, column in kept.items()})
    return {value: {key: rows.once() for key, rows in side.items()} for value, side in sides.items()}


def _split_columns(by: str | None) -> tuple[str, ...]:
    return () if by is None else SPLITS[by]


def _rows_by_side(
    block: Block, by: str | None, sides: Iterable[str | None], counts: Counter[str]
) -> Iterator[tuple[str | None, CaseKey, Codes]]:
    """Which rows of a block count in rates, by the side that they are on, the use case and the rubric.

    Args:
        block: columns of rows.
        by: the fact that tells the sides apart.
        sides: its values.
        counts: how many rows have each value, to which these are added.
    """
    codes, alike = rows_alike([block[name] for name in ("use_case", "rubric", "sample", "stratum")])
    cases = {(use_case, rubric): number for number, (use_case, rubric, *_) in enumerate(alike)}
    of_row = np.array(
        [cases[values[:2]] if counts_in_rates(*values[2:]) else _OUTSIDE for values in alike], dtype=np.int64
    )[codes]
    column, at = fact_values(block, _split_columns(by))
    facts, known = column.coded() if column is not None else (np.zeros(codes.size, dtype=np.int64), [None])
    for value, count in zip(known, np.bincount(facts, minlength=len(known)).tolist(), strict=True):
        if value is not None and count:
            counts[value] += count
    for value in sides:
        is_on_side = np.array([name == value for name in known], dtype=np.bool_)[facts]
        rows = np.flatnonzero(is_on_side) if at is None else at[is_on_side]
        for key, number in cases.items():
            own = rows[of_row[rows] == number]
            if own.size:
                yield value, key, own
