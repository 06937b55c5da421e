"""Traces of the record as observations of drift: each trace once, and of very many whole sessions by hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import Column, rows_alike
from assay.worker.records.history import HistoryQuery, moment_of
from assay.worker.signals.drift.features import CATEGORIES, NUMBERS, VECTORS
from assay.worker.signals.drift.observations import (
    UNKNOWN,
    Bools,
    Category,
    Floats,
    Observations,
    Vectors,
    decoded_vectors,
    merged_categories,
)
from assay.worker.signals.gathering import DAY_US
from assay.worker.signals.once import TRACE, EachOnce, trace_numbers
from assay.worker.signals.survey_design import drawn_rows
from assay.worker.signals.unanswered import is_empty

MOST_ROWS = 100_000
"""Traces that are held of one period. Of more, sessions are taken by hash."""

MOST_NAMES = 100
"""Names of a category that are told apart. A record may hold any number of releases of a model."""

_OTHER = "(others)"

_PLAIN = ("question_chars", "answer_chars", "passages")

_COLUMNS = (
    *(*TRACE, "cluster", "pi", "sample", "stratum", "state", "reason", "started_at", "changed_at"),
    *(*_PLAIN, "question_language", "answer_language", "question_vector", "answer_vector", "vectors_from"),
    *("model_asked", "model_served", "release"),
)
"""What is read of each row."""


class Asked(NamedTuple):
    """Which traces are meant.

    Attributes:
        query: the period and the one use case.
        release: only those of this release.
        vectors_from: whose vectors count. None: those of the maker with the most.
    """

    query: HistoryQuery
    release: str | None = None
    vectors_from: str | None = None


class ReadTraces(NamedTuple):
    """What a period holds.

    Attributes:
        observations: of at most `MOST_ROWS` traces.
        traces: how many there were.
        days: on how many UTC days they started.
        last: when the last one started. None: there is none.
    """

    observations: Observations
    traces: int
    days: int
    last: datetime | None


async def read_observations(reader: HistoryReader, asked: Asked) -> ReadTraces:
    """The traces that are meant.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    gathering = _Gathering()
    async for block in reader.blocks(asked.query, _COLUMNS):
        if len(block["cluster"]):
            gathering.add(block, asked.release)
    last = moment_of(gathering.last) if gathering.traces else None
    return ReadTraces(gathering.observations(asked.vectors_from), gathering.traces, len(gathering.days), last)


class _Gathering:
    """Blocks of the record, as they come."""

    def __init__(self) -> None:
        self.traces = self.last = 0
        self.days: set[int] = set()
        self._parts: list[_Part] = []
        self._once = EachOnce()
        self._highest = np.iinfo(np.int64).max

    def add(self, block: Block, release: str | None) -> None:
        rows = drawn_rows(block)
        if release is not None:
            rows &= np.fromiter((value == release for value in block["release"]), np.bool_, len(rows))
        rows = self._of_each_trace(block, rows)
        self.traces += int(rows.sum())
        started = block["started_at"].integers()[rows]
        self.days.update((started // DAY_US).tolist())
        self.last = max([self.last, *started[-1:].tolist()])
        part = _part(block, np.flatnonzero(rows & (block["cluster"].integers() <= self._highest)))
        self._parts.append(part)
        while sum(part.own.n for part in self._parts) > MOST_ROWS and self._highest > np.iinfo(np.int64).min // 2:
            self._thin()

    def observations(self, vectors_from: str | None) -> Observations:
        """All of them, with the vectors of one maker."""
        makers = Counter(maker for part in self._parts for maker in part.makers.tolist() if maker)
        chosen = vectors_from or next((maker for maker, _ in makers.most_common(1)), None)
        foreign = {maker: count for maker, count in makers.items() if maker != chosen}
        return _joined(self._parts, chosen, foreign)

    def _of_each_trace(self, block: Block, rows: Bools) -> Bools:
        """One of the rows of each trace: one that tells what it is about, then one that was scored, then the newest."""
        at = np.flatnonzero(rows)
        told = [name is not None for name in block["vectors_from"]]
        scored = [state == "scored" for state in block["state"]]
        columns = (np.array(told, dtype=np.bool_), np.array(scored, dtype=np.bool_), block["changed_at"].integers())
        kept = np.zeros(rows.size, dtype=np.bool_)
        kept[at] = self._once.of(trace_numbers(block)[at], *(column[at] for column in columns))
        return kept

    def _thin(self) -> None:
        """Keep the half of the sessions with the smaller hashes."""
        lowest = np.iinfo(np.int64).min
        self._highest = lowest + (self._highest - lowest) // 2
        self._parts = [part.only(part.own.clusters <= self._highest) for part in self._parts]


class _Part(NamedTuple):
    """A block's traces, and who made the vectors of each."""

    own: Observations
    makers: Any

    def only(self, rows: Bools) -> _Part:
        return _Part(self.own.only(rows), self.makers[rows])


def _part(block: Block, rows: Any) -> _Part:
    ends, kinds = rows_alike([block["state"], block["reason"]])
    numbers = {name: block[name].floats()[rows] for name in _PLAIN}
    numbers["refusal"] = np.array([_refusal(*kind) for kind in kinds])[ends][rows]
    numbers["empty_answer"] = np.array([_emptiness(*kind) for kind in kinds])[ends][rows]
    numbers["no_passages"] = np.where(np.isnan(numbers["passages"]), np.nan, numbers["passages"] == 0)
    models, pairs = rows_alike([block["model_asked"], block["model_served"]])
    numbers["model_not_asked"] = np.array([_not_asked(*pair) for pair in pairs])[models][rows]
    own = Observations(
        weights=1 / block["pi"].floats()[rows],
        clusters=block["cluster"].integers()[rows],
        numbers=numbers,
        categories={name: _category(block[name], rows) for name in CATEGORIES},
        vectors={name: _vectors(block[name], rows) for name in VECTORS},
    )
    return _Part(own, np.array([block["vectors_from"][row] for row in rows.tolist()], dtype=object))


def _refusal(state: str, reason: str) -> float:
    return float(reason == "refusal") if state == "scored" else np.nan


def _emptiness(state: str, reason: str) -> float:
    return float(is_empty(state, reason)) if state == "scored" or is_empty(state, reason) else np.nan


def _not_asked(asked: str | None, served: str | None) -> float:
    """Whether another model than the asked one served. `gpt-4o-2024-08-06` is what was asked for as `gpt-4o`."""
    if not asked or not served:
        return np.nan
    return float(not (served == asked or served.startswith(f"{asked}-") or served.endswith(f"/{asked}")))


def _category(column: Column, rows: Any) -> Category:
    codes, names = column.coded()
    known: dict[Any, int] = {}
    renumbered = [UNKNOWN if name in {None, ""} else known.setdefault(name, len(known)) for name in names]
    return Category(np.array(renumbered, dtype=np.int64)[codes[rows]], tuple(map(str, known)))


def _vectors(column: Column, rows: Any) -> Vectors:
    return decoded_vectors((column[row] for row in rows.tolist()), rows.size)


def _joined(parts: list[_Part], maker: str | None, foreign: dict[str, int]) -> Observations:
    own = [part.own for part in parts]
    makers = np.concatenate([part.makers for part in parts]) if parts else np.empty(0, dtype=object)
    counts = np.array([each is not None and each == maker for each in makers], dtype=np.bool_)
    joined = Observations(
        weights=_stacked(each.weights for each in own),
        clusters=np.concatenate([each.clusters for each in own]) if own else np.empty(0, dtype=np.int64),
        numbers={name: _stacked(each.numbers[name] for each in own) for name in NUMBERS},
        categories={name: _fewer(merged_categories([each.categories[name] for each in own])) for name in CATEGORIES},
        vectors={name: _of_maker([each.vectors[name] for each in own], counts) for name in VECTORS},
        vectors_from=maker,
        foreign=foreign,
    )
    return joined.by_session()


def _stacked(columns: Iterable[Floats]) -> Floats:
    parts = list(columns)
    return np.concatenate(parts) if parts else np.empty(0)


def _of_maker(parts: list[Vectors], counts: Bools) -> Vectors:
    if not parts:
        return decoded_vectors((), 0)
    known = np.concatenate([part.known for part in parts]) & counts
    return Vectors(np.concatenate([part.values for part in parts]), known)


def _fewer(category: Category) -> Category:
    """The commonest names, and one for all others."""
    if len(category.names) <= MOST_NAMES:
        return category
    counts = np.bincount(category.codes[category.codes >= 0], minlength=len(category.names))
    kept = np.argsort(-counts, kind="stable")[:MOST_NAMES]
    renumbered = np.full(len(category.names) + 1, MOST_NAMES, dtype=np.int64)
    renumbered[kept], renumbered[-1] = np.arange(MOST_NAMES), UNKNOWN
    return Category(renumbered[category.codes], (*(category.names[name] for name in kept.tolist()), _OTHER))
