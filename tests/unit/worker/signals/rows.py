"""Rows of the record, and slices of traffic, for tests of what is made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.signals.reading import Slices, read_traffic
from assay.worker.signals.traffic import SliceKey, Traffic, Unanswered
from assay.worker.state.memory.history import memory_history

START = datetime(2026, 11, 23, tzinfo=UTC)
WEEK = HistoryQuery(since=START, until=START + timedelta(days=7))


def row(trace_id: str, **over: Any) -> HistoryRow:
    """A scored row of a bot, an hour into the week."""
    start = over.pop("started_at", START + timedelta(hours=1))
    usual: dict[str, Any] = {
        "store": "sqlite",
        "project": "demo",
        "trace_id": trace_id,
        "rubric": "grounding",
        "rubric_hash": "a",
        "use_case": "bot",
        "window": "w",
        "pi": 0.5,
        "stratum": "base",
        "started_at": start,
        "selected_at": start,
        "changed_at": start,
        "state": "scored",
        "reason": "judged",
        "revision": "r1",
        "risk": 0.1,
        "faithfulness": 1.0,
        "groundedness": 1.0,
        "calibrated": True,
    }
    return HistoryRow(**{**usual, **over})


def dead(trace_id: str, **over: Any) -> HistoryRow:
    """One that ended without a verdict."""
    nothing = {"risk": None, "faithfulness": None, "groundedness": None, "calibrated": None, "revision": None}
    return row(trace_id, **{"state": "dead", "reason": "age", **nothing, **over})


def traffic_of(rows: Iterable[HistoryRow], *, by: str | None = None) -> Slices:
    """The slices of these rows, as they are read from a record."""

    async def read() -> Slices:
        history = memory_history()
        await history.writer.write(list(rows))
        return await read_traffic(history.reader, WEEK, by=by)

    return asyncio.run(read())


def slice_of(
    risks: Sequence[float],
    pis: Sequence[float],
    sessions: Sequence[int] | None = None,
    *,
    silent: Sequence[float] = (),
    calibrated: bool = True,
    faithfulness: Sequence[float] | None = None,
) -> Traffic:
    """A slice of these risks; NaN is none."""
    n = len(risks)
    zeros, none = np.zeros(n, dtype=np.int64), np.zeros(len(silent), dtype=np.int64)
    return Traffic(
        key=SliceKey("bot", "grounding", "r1"),
        risk=np.array(risks, dtype=np.float64),
        faithfulness=np.full(n, np.nan) if faithfulness is None else np.array(faithfulness, dtype=np.float64),
        groundedness=np.full(n, np.nan),
        pi=np.array(pis, dtype=np.float64),
        clusters=np.arange(n) if sessions is None else np.array(sessions, dtype=np.int64),
        days=zeros,
        state_codes=zeros,
        state_names=("judged",),
        calibrated=calibrated,
        screened=None,
        unanswered=Unanswered(np.array(silent, dtype=np.float64), none, none, ("dead: age",)),
    )


def mixed(traffic: Traffic, order: Sequence[int], *, scale: float = 1.0) -> Traffic:
    """The same rows in another order, with other weights of the same proportions."""
    at = np.array(order, dtype=np.int64)
    names = ("risk", "faithfulness", "groundedness", "clusters", "days", "state_codes")
    columns: dict[str, Any] = {name: getattr(traffic, name)[at] for name in names}
    silent = replace(traffic.unanswered, pi=traffic.unanswered.pi * scale)
    return replace(traffic, **columns, pi=traffic.pi[at] * scale, unanswered=silent)
