"""Rows of the record about a bot, and what its objectives come to, for tests of objectives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.worker.config.deployment import Deployment
from assay.worker.records.history import HistoryRow
from assay.worker.signals.slos.reading import read_slo_report
from assay.worker.signals.slos.records import Attained, Goodput, ObjectiveReport, SloReport, UseCaseReport
from assay.worker.state.memory.history import memory_history
from tests.unit.worker.signals.rows import row

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)

ALL_MET = {"risk": 0.05, "faithfulness": 1.0, "duration_s": 1.0, "cost_usd": 0.01}
"""A trace that meets every objective of profile `rag`."""


def trace(trace_id: str, *, ago: timedelta = timedelta(hours=2), **over: Any) -> HistoryRow:
    """A scored row that meets every objective of `rag`, but for what is said of it."""
    start = NOW - ago
    usual = {"started_at": start, "ended_at": start, "selected_at": start, "changed_at": start + timedelta(minutes=7)}
    return row(trace_id, **{**usual, **ALL_MET, **over})


def lost(trace_id: str, **over: Any) -> HistoryRow:
    """One that nobody judged."""
    nothing = {"risk": None, "faithfulness": None, "groundedness": None, "calibrated": None, "revision": None}
    return trace(trace_id, **{"state": "dead", "reason": "age", **nothing, **over})


def deployment(**slos: Any) -> Deployment:
    """One bot with these objectives."""
    return Deployment.model_validate({"use_cases": [{"name": "bot"}], "slos": {"profile": "rag", **slos}})


def report_of(rows: Iterable[HistoryRow], *, days: int = 30, **slos: Any) -> SloReport:
    """What is told of these rows."""

    async def read() -> SloReport:
        history = memory_history()
        await history.writer.write(list(rows))
        return await read_slo_report(history.reader, deployment(**slos), ["bot"], NOW, timedelta(days=days))

    return asyncio.run(read())


def case_of(rows: Iterable[HistoryRow], **slos: Any) -> UseCaseReport:
    """The bot's objectives."""
    (case,) = report_of(rows, **slos).use_cases
    return case


def objectives_in(case: UseCaseReport) -> Mapping[str, ObjectiveReport]:
    """By name."""
    return {objective.name: objective for objective in case.objectives}


def attained_in(case: UseCaseReport, name: str, window: str = "30d") -> Attained:
    """What an objective came to."""
    return objectives_in(case)[name].windows[window]


def share_in(case: UseCaseReport, name: str, window: str = "30d") -> float | None:
    """The share of good traces."""
    good = attained_in(case, name, window).good
    return None if good is None else good.value


def goodput_in(case: UseCaseReport, window: str = "30d") -> tuple[Goodput, float]:
    """Goodput, and its share."""
    goodput = case.goodput[window]
    assert goodput.good is not None
    return goodput, goodput.good.value
