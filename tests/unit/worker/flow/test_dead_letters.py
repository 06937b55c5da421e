"""Dead letters: replayed or dismissed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from assay.judges import errors
from assay.worker.flow import dead_letters
from assay.worker.records.ledger import LedgerState
from tests.fakes import supported
from tests.unit.worker.flow.pipeline import Line, traces

S = LedgerState


def test_work_that_grows_too_old_is_parked_and_can_be_replayed() -> None:
    line = Line(traces(1), lambda _: errors.ModelUnavailable("down"))
    line.clock.moment += timedelta(hours=7)
    line.assess()
    assert line.counts() == {(S.DEAD, "ModelUnavailable"): 1}
    assert asyncio.run(dead_letters.replay(line.state.ledger, line.clock, None, None)) == 1
    line.judge.plan = supported
    assert len(line.reconcile()) == 1
    line.assess(owner="m2")
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 1}


def test_dismissed_dead_letter_counts_as_skipped_with_its_reason() -> None:
    line = Line(traces(1), lambda _: errors.ModelAccessDenied("bad key"))
    line.assess()
    assert asyncio.run(dead_letters.drop(line.state.ledger, line.clock, ["t0"], None)) == 1
    assert line.counts() == {(S.SKIPPED, "dismissed:ModelAccessDenied"): 1}
