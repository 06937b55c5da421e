"""What a backfill in batches releases says so in the ledger, and more of it may be open."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from assay.worker.flow.backfill import releasing
from assay.worker.flow.backfill.run import Backfill
from assay.worker.ports.clock import FixedClock
from tests.builders import NOW, make_deployment
from tests.unit.worker.flow.backfill.past import Past, past


def released(world: Past, *, by_batch: bool) -> int:
    """Run a backfill over the past week. Returns how many judgements it released."""
    gate = replace(world.gate, by_batch=by_batch)
    backfill = Backfill(world.sweeper(NOW).scanner, FixedClock(NOW), world.state.reopening, gate)
    return asyncio.run(backfill.run(world.plan(), by_batch=by_batch)).selected


@pytest.mark.parametrize("by_batch", [True, False])
def test_promises_say_whether_their_calls_may_wait(*, by_batch: bool) -> None:
    world = Past(*past(12))
    assert released(world, by_batch=by_batch) == 12
    assert {entry.promise.by_batch for entry in world.entries().values()} == {by_batch}


def test_more_may_be_open_where_answers_take_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOK_EVERY_S", "NO_PROGRESS_S"):
        monkeypatch.setattr(releasing, name, 0.0)
    monkeypatch.setattr(releasing, "MOST_OPEN", 128)
    monkeypatch.setattr(releasing, "MOST_OPEN_BY_BATCH", 256)
    for by_batch, most in ((False, 128), (True, 256)):
        world = Past(*past(400), deployment=make_deployment(window_seconds=3600))
        world.workers = False
        assert most - releasing.PORTION <= released(world, by_batch=by_batch) <= most
