"""Rejections in a row: a text is tried three times and parked, many texts are no verdict on any of them."""

from __future__ import annotations

from assay.judges import errors
from assay.judges.schema import Failed, Sample, Skipped, Usage, Verdict
from assay.worker.flow.rejections import REJECTED_IN_A_ROW, RejectionRuns
from assay.worker.records.ledger import LedgerState
from tests.fakes import supported
from tests.unit.worker.flow.pipeline import Line, traces

S = LedgerState


def answered(sample: Sample) -> Verdict:
    return supported(sample).model_copy(update={"usage": Usage(calls=1)})


def rejected(sample: Sample) -> Exception:
    return errors.RequestRejected("status 400; no reason that is known")


def test_text_that_is_rejected_alone_is_tried_again_and_then_parked() -> None:
    line = Line(traces(30), lambda sample: rejected(sample) if sample.id in {"t3", "t17"} else answered(sample))
    line.assess()
    assert line.counts() == {(S.OPEN, "RequestRejected"): 2, (S.JUDGED, ""): 28}
    for _ in range(2):
        line.clock.moment += line.deadline
        line.assess()
    assert line.counts() == {(S.DEAD, "RequestRejected"): 2, (S.JUDGED, ""): 28}


def test_gateway_that_broke_in_its_own_words_costs_no_trace() -> None:
    line = Line(traces(30), lambda sample: rejected(sample) if sample.id in {"t3", "t17"} else answered(sample))
    line.assess()
    line.judge.plan = answered
    line.clock.moment += line.deadline
    line.assess()
    assert line.counts() == {(S.JUDGED, ""): 30}


def test_rejections_of_all_wait_and_are_judged_once_it_is_mended() -> None:
    line = Line(traces(30), rejected)
    for _ in range(3):
        line.assess()
        assert not [state for state, _ in line.counts() if state is S.DEAD]
        line.clock.moment += line.deadline
    assert line.counts() == {(S.OPEN, "held_access"): 30}
    held = line.entry("t29")
    assert held.detail == f"{REJECTED_IN_A_ROW} different texts in a row were rejected: " + str(
        rejected(Sample(id="s", response="r"))
    )
    line.judge.plan = answered
    line.assess()
    assert line.counts() == {(S.JUDGED, ""): 30}


def test_same_text_tried_again_is_no_run() -> None:
    runs, outcome = RejectionRuns(), Failed(error="RequestRejected", message="no")
    told = [runs.heard("r", "t1", outcome) for _ in range(3 * REJECTED_IN_A_ROW)]
    assert told == [outcome] * len(told)


def test_call_that_gets_through_ends_a_run_and_one_without_calls_does_not() -> None:
    runs, rejection = RejectionRuns(), Failed(error="RequestRejected", message="no")
    for n in range(REJECTED_IN_A_ROW):
        held = runs.heard("r", f"t{n}", rejection)
    assert isinstance(held, Failed)
    assert held.held == "access"
    settled = Skipped(reason="empty_response")
    assert runs.heard("r", "t", settled) == settled
    assert runs.heard("r", "t", rejection) != rejection
    assert runs.heard("other", "t", rejection) == rejection, "another evaluator has its own run"
    runs.heard("r", "t", Failed(error="InvalidVerdict", message="", usage=Usage(calls=2)))
    assert runs.heard("r", "t", rejection) == rejection
