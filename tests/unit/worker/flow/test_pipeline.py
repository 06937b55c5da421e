"""From message to verified score: each trace ends in exactly one place, and no failure becomes a score."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges import errors
from assay.worker.records.ledger import LedgerState
from assay.worker.records.messages import RecordMessage
from tests.examples import examples
from tests.fakes import supported
from tests.unit.worker.flow.pipeline import Line, traces

S = LedgerState


def test_traces_are_judged_written_and_only_then_scored() -> None:
    line = Line(traces(20))
    assert [r.judged for r in line.assess()] == [16, 4]
    assert line.counts() == {(S.JUDGED, ""): 20}
    line.record()
    assert line.counts() == {(S.POSTED, ""): 20}
    line.verify()
    assert line.counts() == {(S.SCORED, "judged"): 20}
    assert len(line.store.scores) == 20 * 4
    score = next(s for s in line.store.scores.values() if s.trace_id == "t3" and s.name == "groundedness")
    assert score.value == 1.0
    assert score.metadata["pi"] == 0.25
    assert score.environment == "production"


def test_repeated_messages_judge_nothing_twice_and_double_no_score() -> None:
    line = Line(traces(3))
    line.assess()
    line.assess(owner="m2")
    messages = [m for m in line.published if isinstance(m, RecordMessage)]
    line.published += messages
    line.record()
    line.verify()
    assert len(line.judge.seen) == 3
    assert line.counts() == {(S.SCORED, "judged"): 3}
    assert len(line.store.scores) == 3 * 4


ERRORS = [
    None,
    errors.RateLimited("x"),
    errors.ModelTimeout("x"),
    errors.InvalidVerdict("x"),
    errors.IncompleteVerdict("x"),
    errors.ModelRefused("x"),
    errors.ModelAccessDenied("x"),
    errors.UnjudgeableSample("odd"),
    ValueError("x"),
]


@settings(max_examples=examples(60))
@given(st.lists(st.sampled_from(ERRORS), min_size=1, max_size=20))
def test_no_failure_ever_becomes_a_score_and_the_counts_add_up(plans: list[Exception | None]) -> None:
    """DESIGN's first invariant: whatever fails, the store shows scores for exactly the traces that were judged."""
    line = Line(traces(len(plans)), lambda sample: plans[int(sample.id[1:])] or supported(sample))
    line.assess()
    line.record()
    line.verify()
    good = {f"t{n}" for n, plan in enumerate(plans) if plan is None}
    assert {score.trace_id for score in line.store.scores.values()} == good
    assert sum(line.counts().values()) == len(plans)
    assert line.counts().get((S.SCORED, "judged"), 0) == len(good)
