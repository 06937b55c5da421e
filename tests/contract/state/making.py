"""Moments and records that the suites of the state's ports share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState, Promise, Transition

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=60)
LATER = NOW + timedelta(seconds=120)
DAY = date(2026, 11, 21)

Check = Callable[[FleetState], Awaitable[None]]
Run = Callable[[Check], None]


def promise(trace_id: str = "t1", **over: object) -> Promise:
    fields: dict[str, object] = {
        "trace_id": trace_id,
        "rubric": "grounding",
        "rubric_hash": "h",
        "use_case": "bot",
        "window": "w",
        "start": NOW,
        "pi": 0.2,
        "stratum": "standard",
        "selected_at": NOW,
    }
    return Promise.model_validate({**fields, **over})


def transition(trace_id: str, expected: LedgerState, state: LedgerState, **over: object) -> Transition:
    return Transition.model_validate({"trace_id": trace_id, "expected": (expected,), "state": state, **over})
