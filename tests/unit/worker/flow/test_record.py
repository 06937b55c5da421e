"""Record: what the store refuses or cannot take, and verdicts that are no longer kept."""

from __future__ import annotations

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.ledger import LedgerState
from tests.fakes import DOWN
from tests.unit.worker.flow.pipeline import Line, traces

S = LedgerState


def test_store_outage_while_writing_never_pays_the_judge_twice() -> None:
    line = Line(traces(2))
    line.assess()
    line.store.failing = DOWN
    line.record()
    assert line.counts() == {(S.JUDGED, "store_down"): 2}
    line.store.failing = None
    assert len(line.reconcile(after_s=60)) == 1
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 2}
    assert len(line.judge.seen) == 2


def test_refused_score_is_parked_alone() -> None:
    line = Line(traces(3))
    line.assess()
    line.store.refuse["t1"] = StoreRejected("no such trace")
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 2, (S.DEAD, "StoreRejected"): 1}


def test_expired_verdict_is_judged_again() -> None:
    line = Line(traces(1))
    line.assess()
    line.kept._values.clear()
    line.record()
    assert line.counts() == {(S.OPEN, "verdict_expired"): 1}
    assert len(line.reconcile()) == 1


def test_unreadable_kept_verdict_is_as_good_as_expired() -> None:
    line = Line(traces(2))
    line.assess()
    line.kept._values = dict.fromkeys(line.kept._values, b"not zlib")
    line.record()
    assert line.counts() == {(S.OPEN, "verdict_expired"): 2}
    line.assess(owner="m2")
    line.record()
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 2}
