"""Rows of a record with two releases of one application."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.worker.records.history import HistoryRow

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def row(trace_id: str, **over: Any) -> HistoryRow:
    """One judged answer."""
    start = over.pop("started_at", NOW - timedelta(days=1))
    fields: dict[str, Any] = {
        "store": "sqlite",
        "project": "demo",
        "trace_id": trace_id,
        "rubric": "grounding",
        "rubric_hash": "h1",
        "use_case": "bot",
        "window": "w",
        "pi": 1.0,
        "stratum": "standard",
        "started_at": start,
        "selected_at": start,
        "changed_at": start + timedelta(minutes=5),
        "state": "scored",
        "reason": "judged",
        "revision": "rev-1",
        "judge": "local",
        "risk": 0.05,
        "faithfulness": 1.0,
        "groundedness": 1.0,
        "calibrated": True,
    }
    return HistoryRow.model_validate({**fields, **over})


def release(name: str, n: int, bad: float, *, seed: int = 0, session: int = 1, **over: Any) -> Iterator[HistoryRow]:
    """Answers of one release, of which this share is bad. Answers of one session are alike in half of them."""
    source = random.Random(f"{seed}-{name}")
    for at in range(n):
        if at % session == 0:
            shared = source.random() < bad
        is_bad = shared if source.random() < 0.5 and session > 1 else source.random() < bad
        chat = f"{name}-{at // session}" if session > 1 else None
        fields: dict[str, Any] = {
            "release": name,
            "session_id": chat,
            "pi": source.choice((0.1, 0.3)),
            "risk": source.uniform(0.8, 1.0) if is_bad else source.uniform(0.0, 0.05),
            "started_at": NOW - timedelta(minutes=source.randrange(1, 6 * 24 * 60)),
            "input_tokens": source.randrange(700, 900),
            "output_tokens": source.randrange(90, 110),
            "cost_usd": source.uniform(0.001, 0.002),
            "duration_s": source.uniform(1.0, 3.0),
        }
        yield row(f"{seed}-{name}-{at}", **{**fields, **over})
