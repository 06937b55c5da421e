"""Rows of the record: one for every way in which a promise can end, and no text of the trace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.schema import Screening
from assay.worker.flow.history_rows import IN_STORE, Origin, row_of
from assay.worker.records.facts import TraceFacts
from assay.worker.records.history import HistoryRow
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState, Promise, Unanswered
from assay.worker.records.particulars import Particulars, Spent, VerdictNote
from tests.builders import NOW

ORIGIN = Origin("langfuse", "p1")
DIGEST = "ab" * 32
PROMISE = Promise(
    trace_id="t1",
    rubric="grounding",
    rubric_hash="h",
    calibration_hash="c",
    use_case="bot",
    window="w",
    start=NOW,
    end=NOW + timedelta(seconds=2),
    observation_id="o1",
    environment="production",
    pi=0.25,
    stratum="errors",
    sample="boost",
    selected_at=NOW + timedelta(seconds=9),
)
FACTS = TraceFacts(
    release="7",
    session_id="s1",
    prompt_version="41",
    tags=("eu",),
    duration_s=1.5,
    input_tokens=120,
    output_tokens=30,
    cost_usd=0.001,
    cost_from="prices",
    model_served="m-1",
    passages=3,
)
JUDGEMENT = Judgement(
    verdict_key=f"production:{'cd' * 32}:{DIGEST}",
    revision="r1",
    judge="cascade",
    state="judged",
    values={"hallucination_risk": 0.3, "faithfulness": 1.0, "answer_check": "medium risk", "tone": 0.5},
    facts=TraceFacts(release="7"),
    cost_usd=0.002,
    degraded=True,
)
NOTE = VerdictNote(
    tier="llm",
    model="judge-1",
    calibrated=True,
    kind="contradicted",
    span=(3, 40),
    evidence=((0, 10, 60),),
    rule_hits=("values",),
)
SPENT = Spent(calls=2, input_tokens=900, output_tokens=80, cost_usd=0.004)
SCREENING = Screening(scores={"hallucination_risk": 0.2}, pi2=0.05, why="audited", phase2=True)


def entry(state: LedgerState, **over: Any) -> LedgerEntry:
    fields: dict[str, Any] = {
        "promise": PROMISE,
        "state": state,
        "reason": "judged",
        "since": NOW,
        "changed_at": NOW + timedelta(minutes=1),
        "attempts": 1,
        "particulars": Particulars(facts=FACTS, note=NOTE, spent=SPENT),
    }
    return LedgerEntry.model_validate({**fields, **over})


def test_scored_row_has_design_facts_verdict_and_what_it_took() -> None:
    row = row_of(entry(LedgerState.SCORED, judgement=JUDGEMENT), ORIGIN)
    assert row == HistoryRow(
        store="langfuse",
        project="p1",
        trace_id="t1",
        observation_id="o1",
        session_id="s1",
        rubric="grounding",
        rubric_hash="h",
        calibration_hash="c",
        use_case="bot",
        window="w",
        pi=0.25,
        stratum="errors",
        sample="boost",
        started_at=NOW,
        ended_at=NOW + timedelta(seconds=2),
        selected_at=NOW + timedelta(seconds=9),
        environment="production",
        release="7",
        prompt_version="41",
        tags=("eu",),
        duration_s=1.5,
        input_tokens=120,
        output_tokens=30,
        cost_usd=0.001,
        cost_from="prices",
        model_served="m-1",
        passages=3,
        state="scored",
        reason="judged",
        changed_at=NOW + timedelta(minutes=1),
        attempts=1,
        revision="r1",
        judge="cascade",
        tier="llm",
        judge_model="judge-1",
        risk=0.3,
        faithfulness=1.0,
        scores={"answer_check": "medium risk", "tone": 0.5},
        flagged_kind="contradicted",
        rule_hits=("values",),
        worst={"span": [3, 40], "evidence": [[0, 10, 60]]},
        sample_hash=DIGEST,
        calibrated=True,
        degraded=True,
        judge_calls=2,
        judge_input_tokens=900,
        judge_output_tokens=80,
        judge_cost_usd=0.004,
    )


def test_cascade_keeps_its_first_phase() -> None:
    judgement = JUDGEMENT.model_copy(update={"screening": SCREENING})
    row = row_of(entry(LedgerState.SCORED, judgement=judgement), ORIGIN)
    assert (row.pi2, row.screening) == (0.05, SCREENING.model_dump(mode="json"))


@pytest.mark.parametrize("state", [LedgerState.SKIPPED, LedgerState.DEAD])
def test_trace_without_a_score_has_facts_and_cost_and_no_number(state: LedgerState) -> None:
    """Also where it was judged once: its scores never came to be shown, or its verdict was lost."""
    row = row_of(entry(state, reason="unverified", judgement=JUDGEMENT), ORIGIN)
    assert (row.state, row.reason, row.model_served, row.input_tokens) == (state.value, "unverified", "m-1", 120)
    assert (row.judge_calls, row.judge_cost_usd) == (2, 0.004)
    assert (row.risk, row.faithfulness, row.groundedness, row.scores) == (None, None, None, {})
    assert (row.revision, row.judge, row.flagged_kind, row.worst, row.unanswered) == (None, None, None, None, None)


@pytest.mark.parametrize("state", [LedgerState.SKIPPED, LedgerState.DEAD])
def test_first_tier_of_what_was_not_answered_is_told(state: LedgerState) -> None:
    unanswered = Unanswered(revision="r2", screening=SCREENING)
    row = row_of(entry(state, reason="model_refused", unanswered=unanswered), ORIGIN)
    assert (row.revision, row.pi2) == ("r2", 0.05)
    assert row.unanswered == unanswered.model_dump(mode="json")
    assert row.risk is None


def test_failure_that_was_mended_leaves_nothing_beside_a_score() -> None:
    unanswered = Unanswered(revision="r2", screening=SCREENING)
    row = row_of(entry(LedgerState.SCORED, judgement=JUDGEMENT, unanswered=unanswered), ORIGIN)
    assert (row.unanswered, row.pi2, row.revision) == (None, None, "r1")


def test_trace_that_was_never_read_has_what_the_sweep_saw() -> None:
    row = row_of(entry(LedgerState.SKIPPED, reason="trace_not_found", particulars=Particulars()), ORIGIN)
    assert (row.environment, row.duration_s, row.model_served, row.input_tokens) == ("production", 2.0, None, None)
    assert (row.judge_calls, row.judge_cost_usd) == (None, None)


def test_price_that_nobody_knows_is_not_zero() -> None:
    spent = SPENT + Spent(calls=1, cost_usd=None)
    row = row_of(entry(LedgerState.DEAD, particulars=Particulars(spent=spent)), ORIGIN)
    assert (row.judge_calls, row.judge_cost_usd) == (3, None)


def test_trace_found_in_the_store_says_so_and_what_its_scores_say() -> None:
    judgement = JUDGEMENT.model_copy(update={"verdict_key": "", "state": "refusal"})
    row = row_of(entry(LedgerState.SCORED, reason=IN_STORE, judgement=judgement, particulars=Particulars()), ORIGIN)
    assert (row.from_store, row.reason, row.risk, row.sample_hash, row.tier) == (True, "refusal", 0.3, None, None)
    assert (row.release, row.judge_cost_usd, row.judge_calls) == ("7", 0.002, None)


def test_trace_found_in_the_store_without_a_word_is_scored_without_a_number() -> None:
    row = row_of(entry(LedgerState.SCORED, reason=IN_STORE, particulars=Particulars()), ORIGIN)
    assert (row.from_store, row.state, row.reason, row.risk, row.revision) == (True, "scored", IN_STORE, None, None)


def test_entry_of_an_older_assay_has_what_that_one_kept() -> None:
    row = row_of(entry(LedgerState.SCORED, judgement=JUDGEMENT, particulars=Particulars()), ORIGIN)
    assert (row.release, row.risk, row.judge, row.judge_cost_usd) == ("7", 0.3, "cascade", 0.002)
    assert (row.tier, row.flagged_kind, row.calibrated, row.judge_calls) == (None, None, None, None)


def test_every_fact_has_a_column_of_its_name() -> None:
    assert TraceFacts.model_fields.keys() <= HistoryRow.model_fields.keys()


VALUES = st.one_of(st.floats(), st.text(max_size=5))


@given(
    state=st.sampled_from([LedgerState.SCORED, LedgerState.SKIPPED, LedgerState.DEAD]),
    values=st.dictionaries(st.sampled_from(["hallucination_risk", "faithfulness", "groundedness", "x"]), VALUES),
    key=st.text(max_size=90),
)
def test_no_entry_is_refused_a_row(state: LedgerState, values: dict[str, float | str], key: str) -> None:
    """Scores that were read back from a store may say anything, since people edit them there."""
    judgement = JUDGEMENT.model_copy(update={"values": values, "verdict_key": key})
    row = row_of(entry(state, judgement=judgement), ORIGIN)
    for column in (row.risk, row.faithfulness, row.groundedness):
        assert column is None or 0.0 <= column <= 1.0
