"""Traces of the record as columns of what they took: cost, tokens, and what they are told apart by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import rows_alike, rows_by_code, taken
from assay.worker.records.history import HistoryQuery, microseconds
from assay.worker.signals.gathering import DAY_US, Numbers
from assay.worker.signals.once import TRACE, best_of_each, trace_numbers
from assay.worker.signals.survey_design import DRAWN, drawn_rows
from assay.worker.signals.traffic import Bools, Floats, Integers

FACTS: Mapping[str, tuple[str, ...]] = {
    "feature": ("feature",),
    "user_tier": ("user_tier",),
    "model": ("model_served", "model_asked"),
    "provider": ("provider",),
    "prompt_version": ("prompt_version",),
}
"""What cost is split by, and the columns that hold it. The first that is known counts. `day` is there besides."""

PROMPT = ("prompt_name", "prompt_version")
_NUMBERS = ("pi", "cost_usd", "input_tokens", "output_tokens")
READ = tuple(
    dict.fromkeys(
        (*TRACE, *_NUMBERS, "started_at", "changed_at", *DRAWN, *PROMPT, *(c for cs in FACTS.values() for c in cs))
    )
)
"""What is read of each row."""


@dataclass(frozen=True)
class CostRows:
    """Traces of one use case that were drawn with their probability, each once. All arrays have one length.

    Attributes:
        pi: selection probability.
        weights: of how many traces of all traffic each tells.
        cost_usd, tokens: NaN where a trace does not tell.
        started: microseconds since 1970.
        facts: a code of each row by the names of `FACTS`, into `values`.
        values: e.g. `{"feature": ["search", None]}`.
        prompts: a code of each row, into `prompt_names`.
        prompt_names: name and version of prompts.
        counted: whether the weights come to numbers that sweeps counted, on each day.
        silent: numbers of traces by day of which none has a row, though sweeps saw them.
    """

    pi: Floats
    weights: Floats
    cost_usd: Floats
    tokens: Floats
    started: Integers
    facts: Mapping[str, Integers]
    values: Mapping[str, Sequence[str | None]]
    prompts: Integers
    prompt_names: Sequence[tuple[str | None, str | None]]
    counted: Bools
    silent: Mapping[int, float]

    @property
    def size(self) -> int:
        """How many traces."""
        return int(self.pi.size)

    @property
    def days(self) -> Integers:
        """UTC days since 1970."""
        return self.started // DAY_US

    def only(self, rows: Bools, silent: Mapping[int, float] | None = None) -> CostRows:
        """Some of them, and of the days without rows those that are given."""
        names = ("pi", "weights", "cost_usd", "tokens", "started", "prompts", "counted")
        return replace(
            self,
            **{name: getattr(self, name)[rows] for name in names},
            facts={name: codes[rows] for name, codes in self.facts.items()},
            silent=silent or {},
        )

    def between(self, since: datetime, until: datetime) -> CostRows:
        """Those whose traces started in [since, until). A day without rows is within where all of it is."""
        first, end = microseconds(since), microseconds(until)
        silent = {day: n for day, n in self.silent.items() if first <= day * DAY_US < end}
        return self.only((self.started >= first) & (self.started < end), silent)


class CostColumns:
    """Rows of one use case, gathered block by block."""

    def __init__(self) -> None:
        self._facts = {name: Numbers() for name in FACTS}
        self._prompts = Numbers()
        self._blocks: list[dict[str, np.ndarray]] = []

    def add(self, block: Block) -> None:
        """Keep a block, whose columns are those of `READ`."""
        counts = drawn_rows(block)
        columns: dict[str, np.ndarray] = {
            "pi": block["pi"].floats(),
            "cost_usd": block["cost_usd"].floats(),
            "tokens": block["input_tokens"].floats() + block["output_tokens"].floats(),
            "started": block["started_at"].integers(),
            "trace": trace_numbers(block),
            "changed": block["changed_at"].integers(),
            "prompt": self._prompts.of([block[name] for name in PROMPT]).astype(np.int32),
            **{name: _coded(block, FACTS[name], numbers).astype(np.int32) for name, numbers in self._facts.items()},
        }
        self._blocks.append({name: column[counts] for name, column in columns.items()})

    def rows(self, seen: Mapping[int, int] | None = None) -> CostRows:
        """The rows of each trace once, weighted.

        Args:
            seen: traces that sweeps counted, by UTC day since 1970.
        """
        names = ("pi", "cost_usd", "tokens", "started", "trace", "changed", "prompt", *FACTS)
        whole = {name: np.concatenate([block[name] for block in self._blocks] or [np.empty(0)]) for name in names}
        whole = _once(whole, self._facts)
        started = whole["started"].astype(np.int64)
        weights, counted, silent = _weights(whole["pi"], started // DAY_US, seen or {})
        return CostRows(
            pi=whole["pi"],
            weights=weights,
            cost_usd=whole["cost_usd"],
            tokens=whole["tokens"],
            started=started,
            facts={name: whole[name].astype(np.int64) for name in FACTS},
            values={name: list(numbers) for name, numbers in self._facts.items()},
            prompts=whole["prompt"].astype(np.int64),
            prompt_names=list(self._prompts),
            counted=counted,
            silent=silent,
        )


async def read_costs(reader: HistoryReader, query: HistoryQuery) -> CostColumns:
    """The rows of one use case.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    columns = CostColumns()
    async for block in reader.blocks(query, READ):
        if len(block["pi"]):
            await in_thread(columns.add, block)
    return columns


async def read_costs_of_each(
    reader: HistoryReader, query: HistoryQuery, names: Sequence[str]
) -> dict[str, CostColumns]:
    """The rows of each of these use cases, read in one go.

    Rows of one use case lie on nearly every page of a record, so each reading of its own would read all of them.

    Args:
        reader: the record.
        query: which rows; it names no use case.
        names: the use cases. Rows of others are left out.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    each = {name: CostColumns() for name in names}
    async for block in reader.blocks(query, (*READ, "use_case")):
        if len(block["pi"]):
            await in_thread(_add_each, each, block)
    return each


def _add_each(each: Mapping[str, CostColumns], block: Block) -> None:
    codes, known = rows_alike([block["use_case"]])
    for (name,), rows in zip(known, rows_by_code(codes, len(known)), strict=True):
        if name in each:
            each[name].add(taken({column: block[column] for column in READ}, rows))


def _coded(block: Block, names: Sequence[str], numbers: Numbers) -> Integers:
    codes, known = rows_alike([block[name] for name in names])
    first = [next((str(value) for value in values if value is not None), None) for values in known]
    return np.array([numbers[value] for value in first], dtype=np.int64)[codes]


def _once(whole: Mapping[str, np.ndarray], values: Mapping[str, Numbers]) -> dict[str, np.ndarray]:
    """One row of each trace: the one that tells its cost, then most else, then the newest.

    Samples of one window lie inside each other, so a trace that two of them took has the larger probability.
    """
    told = (~np.isnan(whole["tokens"])).astype(np.int64)
    for name, known in values.items():
        told += np.array([value is not None for value in (*known, None)], dtype=np.int64)[whole[name].astype(np.int64)]
    traces = whole["trace"].astype(np.int64)
    kept = best_of_each(traces, ~np.isnan(whole["cost_usd"]), told, whole["changed"])
    once = {name: column[kept] for name, column in whole.items()}
    if not kept.all():
        order = np.argsort(traces[kept])
        largest = np.zeros(order.size)
        np.maximum.at(largest, np.searchsorted(traces[kept], traces, sorter=order), whole["pi"])
        once["pi"] = np.empty(order.size)
        once["pi"][order] = largest
    return once


_FAR = 5.0
"""Standard errors by which a count may lie below what the sample says, before sweeps have missed a part of the day."""


def _weights(pi: Floats, days: Integers, seen: Mapping[int, int]) -> tuple[Floats, Bools, dict[int, float]]:
    """Weights that come to what was counted, on which rows they do, and the days without any row."""
    weights, counted = 1 / pi, np.zeros(pi.size, dtype=np.bool_)
    silent: dict[int, float] = {}
    for day, count in seen.items():
        rows = days == day
        drawn = float((1 / pi[rows]).sum())
        error = float(np.sqrt(((1 - pi[rows]) / pi[rows] ** 2).sum()))
        if not rows.any():
            silent[day] = float(count)
        elif count >= drawn - _FAR * error - 0.5:
            weights[rows] *= count / drawn
            counted |= rows
    return weights, counted, {day: count for day, count in silent.items() if count}
