"""Drawn traces as the record of a fleet: what had ended by the clock is there, and nothing else."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.judges.text.fingerprints import HASHED
from assay.worker.ports.clock import Clock
from assay.worker.ports.health import Check
from assay.worker.ports.history import Block
from assay.worker.records.columns import CodedColumn, NumberColumn, PlainColumn
from assay.worker.records.history import HistoryQuery, HistoryRow, microseconds
from benchmarks.incidents.traffic import (
    FEATURES,
    LANGUAGES,
    OTHER_MODEL,
    TIERS,
    USUAL_MODEL,
    Columns,
)

RUBRIC = "grounding"
_KINDS = ("raised", "boost", "unjudged", "refused", "dropped", "prompt", "model", "feature", "user_tier", "language")
"""What coded columns are made from: they share their codes, as those of the record do."""

_NUMBERS = (
    *("started_at", "ended_at", "selected_at", "changed_at", "cluster", "pi", "risk", "faithfulness", "groundedness"),
    *("duration_s", "first_token_s", "input_tokens", "output_tokens", "cost_usd", "opinion", "passages"),
    *("question_chars", "answer_chars"),
)


class SimulatedRecord:
    """The reading side of a record.

    Args:
        by_use_case: drawn traces, in the order of their start.
        clock: what ended later is not there yet.
        new_model: who answers in an incident.
    """

    def __init__(self, by_use_case: Mapping[str, Columns], clock: Clock, *, new_model: str = "") -> None:
        self._clock = clock
        self._models = (USUAL_MODEL, OTHER_MODEL, new_model or USUAL_MODEL)
        self._tables = {name: _Table(name, columns, self._models) for name, columns in by_use_case.items()}

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        """The columns of these names, use case by use case: nobody here asks for one order of all."""
        now = microseconds(self._clock.now())
        for use_case, table in self._tables.items():
            if not query.use_cases or use_case in query.use_cases:
                yield table.block(names, microseconds(query.since), microseconds(query.until), now)

    async def rows_of(self, _trace_id: str) -> Sequence[HistoryRow]:
        """Nobody here asks for one trace."""
        return []

    async def counts(self, _query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
        """Nobody here asks for numbers of rows."""
        return {}

    async def use_cases(self, _query: HistoryQuery) -> Sequence[str]:
        """Nobody here asks for other use cases than those that are told of."""
        return []

    async def examine(self) -> Check:
        """It is always well."""
        return Check(name="record", status="ok", message="simulated")


class _Table:
    """One use case."""

    def __init__(self, use_case: str, columns: Columns, models: Sequence[str]) -> None:
        self._use_case, self._columns = use_case, columns
        joint = np.zeros(columns["number"].size, dtype=np.int64)
        for name in _KINDS:
            joint = joint * (int(columns[name].max()) + 1) + columns[name]
        _, first, self._codes = np.unique(joint, return_index=True, return_inverse=True)
        kinds = [{name: columns[name][row].item() for name in _KINDS} for row in first.tolist()]
        told = [_told(use_case, kind, models) for kind in kinds]
        self._values = {name: [each[name] for each in told] for name in told[0]}

    def block(self, names: Sequence[str], since: int, until: int, now: int) -> Block:
        """The rows of traces that started in [since, until) and have ended."""
        started = self._columns["started_at"]
        part = slice(*np.searchsorted(started, [since, until]).tolist())
        there = np.flatnonzero(self._columns["changed_at"][part] <= now)
        codes = self._codes[part][there]
        return {name: self._column(name, part, there, codes) for name in names}

    def _column(self, name: str, part: slice, there: NDArray[np.intp], codes: NDArray[np.int64]) -> Any:
        if name in _NUMBERS:
            return NumberColumn(self._columns[name][part][there])
        if name in {"question_vector", "answer_vector"}:
            vectors = self._columns[name][part][there]
            return PlainColumn(base64.b64encode(row.tobytes()).decode("ascii") for row in vectors)
        if name == "trace_id":
            return PlainColumn(f"{self._use_case}-{number}" for number in self._columns["number"][part][there].tolist())
        if name not in self._values:
            default = HistoryRow.model_fields[name].get_default(call_default_factory=True)
            self._values[name] = [default] * len(next(iter(self._values.values())))
        return CodedColumn(codes, self._values[name])


def _told(use_case: str, kind: Mapping[str, Any], models: Sequence[str]) -> dict[str, Any]:
    """What rows of one kind say."""
    scored = not kind["unjudged"] and not kind["dropped"]
    reason = "unverified" if kind["dropped"] else "too_long" if kind["unjudged"] else "judged"
    return {
        "store": "simulated",
        "project": "incidents",
        "use_case": use_case,
        "rubric": RUBRIC,
        "rubric_hash": "r",
        "sample": "boost" if kind["boost"] else "base",
        "stratum": "raised" if kind["raised"] else "base",
        "state": "scored" if scored else "dead" if kind["dropped"] else "skipped",
        "reason": "refusal" if scored and kind["refused"] else reason,
        "revision": "0" * 12 if scored else None,
        "tier": "llm" if scored else None,
        "calibrated": True if scored else None,
        "prompt_name": "answer",
        "prompt_version": f"{kind['prompt'] + 1}",
        "model_asked": "gpt-5-mini",
        "model_served": models[kind["model"]],
        "provider": "openai",
        "feature": FEATURES[kind["feature"]],
        "user_tier": TIERS[kind["user_tier"]],
        "question_language": LANGUAGES[kind["language"]],
        "answer_language": LANGUAGES[kind["language"]],
        "vectors_from": HASHED,
    }
