"""Scores: which are written, under which names, and what stands beside them. Old entries are written as they were."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Rubric, parse_rubric
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    GroundingState,
    RubricState,
    Sample,
    Scored,
    Span,
    Tier,
    Verdict,
)
from assay.worker.extraction.facts import facts_of
from assay.worker.flow.reviews import requests_for
from assay.worker.flow.score_specs import score_specs
from assay.worker.flow.scores import build_scores, expected_scores, judged_values, written_names
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState
from tests.builders import NOW, make_sample, make_trace
from tests.fakes import PlannedJudge
from tests.unit.worker.flow.pipeline import Line, promise_of, traces

GROUNDING = Rubric(name="grounding")


def outcome(rubric: Rubric = GROUNDING, **over: Any) -> Scored:
    fields = {
        "scores": {"groundedness": 0.7, "faithfulness": 1.0, "hallucination_risk": 0.95},
        "not_applicable": {},
        "state": GroundingState.JUDGED,
        "risk_label": "high",
        "comment": "c",
        "revision": "r",
    }
    return Scored.model_validate({**fields, **over})


def without_numbers(state: GroundingState) -> Scored:
    return outcome(scores={}, risk_label=None, state=state)


def names(text: str, result: Scored) -> dict[str, str]:
    return written_names(result, parse_rubric(f"name: grounding\n{text}", source="r"))


def test_by_default_the_verdict_in_words_stands_first_and_nothing_says_only_that_all_is_well() -> None:
    written = written_names(outcome(), GROUNDING)
    assert sorted(written.values()) == ["answer_check", "faithfulness", "groundedness", "hallucination_risk"]
    values = judged_values(outcome(), GROUNDING)
    assert values["answer_check"] == "high risk"
    # What is not written is kept in the record all the same: reports and review queues go by it.
    assert (values["hallucination_risk_level"], values["grounding_state"]) == ("high", "judged")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (GroundingState.NO_EVIDENCE, "no evidence"),
        (GroundingState.REFUSAL, "refusal"),
        (GroundingState.NO_CLAIMS, "nothing to check"),
        (GroundingState.LANGUAGE_UNSUPPORTED, "language not supported"),
    ],
)
def test_where_there_is_no_risk_the_verdict_says_why(state: GroundingState, words: str) -> None:
    result = without_numbers(state)
    assert written_names(result, GROUNDING) == {"answer_check": "answer_check"}
    assert judged_values(result, GROUNDING)["answer_check"] == words


def test_a_risk_without_evidence_is_told_as_a_risk() -> None:
    result = outcome(scores={"hallucination_risk": 0.9}, state=GroundingState.NO_EVIDENCE)
    assert judged_values(result, GROUNDING)["answer_check"] == "high risk"


def test_a_team_chooses_scores_and_puts_a_prefix_before_them() -> None:
    chosen = "write: {scores: [hallucination_risk, hallucination_risk_level, grounding_state], prefix: assay_}"
    assert names(chosen, outcome()) == {
        "hallucination_risk": "assay_hallucination_risk",
        "hallucination_risk_level": "assay_hallucination_risk_level",
        "grounding_state": "assay_grounding_state",
    }


def test_a_judged_trace_never_shows_nothing() -> None:
    """Or it would be judged again where the ledger is lost."""
    refusal = without_numbers(GroundingState.REFUSAL)
    assert names("write: {scores: [hallucination_risk], prefix: x_}", refusal) == {"answer_check": "x_answer_check"}
    checks = parse_rubric(
        "name: manners\nmethod: checks\nchecks: [{score: polite, direction: maximize, any_match: [please]}]\n"
        "write: {scores: [polite]}",
        source="r",
    )
    nothing = outcome(scores={}, risk_label=None, state=RubricState.NOT_APPLICABLE)
    assert written_names(nothing, checks) == {"manners_state": "manners_state"}


def test_other_rubrics_write_their_state_only_where_it_says_something() -> None:
    rubric = parse_rubric(
        "name: manners\nmethod: checks\nchecks: [{score: polite, direction: maximize, any_match: [please]}]", source="r"
    )
    scored = outcome(scores={"polite": 1.0}, risk_label=None, state=RubricState.SCORED)
    assert list(written_names(scored, rubric)) == ["polite"]
    part = outcome(scores={"polite": 1.0}, risk_label=None, state=RubricState.PARTIAL_INPUT)
    assert list(written_names(part, rubric)) == ["polite", "manners_state"]


def entry(**judgement: Any) -> LedgerEntry:
    fields = {"verdict_key": "k", "revision": "r", "judge": "test", "state": "judged", "cost_usd": 0.01}
    given = Judgement.model_validate({**fields, **judgement})
    promise = promise_of(make_trace("t0"))
    return LedgerEntry(promise=promise, state=LedgerState.JUDGED, since=NOW, changed_at=NOW, judgement=given)


def test_an_entry_of_an_older_assay_is_written_and_verified_as_it_was() -> None:
    """An upgrade between judging and writing: all scores under their own names, with the ids they always had."""
    old = entry(values={"groundedness": 1.0, "hallucination_risk_level": "low", "grounding_state": "judged"})
    built = {score.id: (score.name, score.value) for score in build_scores(old, outcome(), "project")}
    assert built == {key.id: shown for key, shown in expected_scores(old, "project").items()}
    assert {name for name, _ in built.values()} == {"groundedness", "hallucination_risk_level", "grounding_state"}
    assert set(built) == {old.promise.score_id("project", name) for name, _ in built.values()}


def test_a_prefix_changes_the_name_and_the_id_goes_by_the_scores_own() -> None:
    values, written = {"answer_check": "high risk", "groundedness": 0.7}, {"answer_check": "a_answer_check"}
    named = entry(values=values, names=written)
    (score,) = build_scores(named, outcome(comments={"answer_check": "why"}), "project")
    assert (score.name, score.value, score.comment) == ("a_answer_check", "high risk", "why")
    assert score.id == named.promise.score_id("project", "answer_check")
    assert expected_scores(named, "project") == {
        named.promise.score_key("project", "answer_check"): ("a_answer_check", "high risk")
    }


def test_a_review_queue_may_ask_for_a_score_by_either_name() -> None:
    """Queues that were made for the names of an older Assay go on being filled in."""
    values = {"answer_check": "high risk", "hallucination_risk_level": "high", "hallucination_risk": 0.9}
    flagged = entry(values=values, names={"answer_check": "a_answer_check"})
    (request,) = requests_for([flagged], {"bot": "legal"})
    assert request.values == {**values, "a_answer_check": "high risk"}


def test_beside_a_score_stands_where_the_answer_came_from() -> None:
    facts = TraceFacts(release="2026.11.3", session_id="s1", prompt_name="qa", prompt_version="7")
    (score,) = build_scores(entry(values={"groundedness": 0.7}, facts=facts), outcome(), "project")
    known = {"release": "2026.11.3", "session_id": "s1", "prompt_name": "qa", "prompt_version": "7"}
    assert known.items() <= score.metadata.items()
    assert score.metadata["environment"] == "production"
    assert score.metadata["state"] == "judged"
    assert "version" not in score.metadata


def test_the_facts_of_a_trace_reach_its_scores_and_never_those_of_its_twin() -> None:
    """Traces with the very same content share a verdict. What they say of themselves they do not."""
    same = traces(2, release="r0", session_id="s0", input={"question": "The same?"})
    twin = same[1].model_copy(update={"root": same[1].root.model_copy(update={"release": "r1", "session_id": "s1"})})
    line = Line([same[0], twin])
    line.assess()
    line.record()
    assert len(line.judge.seen) <= 2
    told = {(s.trace_id, s.metadata["release"], s.metadata["session_id"]) for s in line.store.scores.values()}
    assert told == {("t0", "r0", "s0"), ("t1", "r1", "s1")}


def unsure(sample: Sample) -> Verdict:
    texts = ["The bridge opened in 1932.", "It is red."]
    verdicts = [ClaimVerdict.SUPPORTED, ClaimVerdict.NOT_FOUND]
    claims = [
        Claim(text=text, span=Span(start=0, end=len(sample.response)), verdict=verdict, source="t")
        for text, verdict in zip(texts, verdicts, strict=True)
    ]
    return Verdict(judge="test", tier=Tier.LLM, claims=tuple(claims), risk=0.95, cost_usd=0.0)


def test_each_written_score_has_its_own_comment() -> None:
    line = Line(traces(1), unsure)
    line.assess()
    line.record()
    told = {score.name: score.comment for score in line.store.scores.values()}
    assert told == {
        "answer_check": "1 of 2 statements without evidence. Not found: “It is red.” – no passage carries it",
        "faithfulness": "No contradiction among 1 statement; 1 more is not in the evidence.",
        "groundedness": "1 of 2 statements without evidence: “It is red.”",
        "hallucination_risk": "not found: “It is red.” – no passage carries it",
    }


def test_every_written_score_has_a_definition_it_fits() -> None:
    rubrics = [
        parse_rubric("name: grounding\nwrite: {prefix: a_, sessions: true}", source="r"),
        parse_rubric("name: other\nwrite: {scores: [hallucination_risk]}", source="r"),
        parse_rubric(
            "name: manners\nmethod: checks\nchecks: [{score: polite, direction: maximize, any_match: [p]}]", source="r"
        ),
    ]
    specs = {spec.name: spec for spec in score_specs(rubrics)}
    assert specs.keys() >= {"a_answer_check", "a_groundedness", "a_session_worst_risk", "hallucination_risk", "polite"}
    assert "a_grounding_state" not in specs
    # Where nothing of a choice applies, the verdict in words is written.
    assert {"low risk", "refusal", "no evidence"} <= set(specs["answer_check"].categories)
    assert set(specs["manners_state"].categories) == {state.value for state in RubricState}
    told = {*GroundingState} - {GroundingState.JUDGED, GroundingState.EVIDENCE_SILENT, GroundingState.PARTIAL_CONTEXT}
    for state in GroundingState:
        for result in (outcome(state=state), *([without_numbers(state)] if state in told else [])):
            for rubric in rubrics[:2]:
                values = judged_values(result, rubric)
                for own_name, name in written_names(result, rubric).items():
                    value, spec = values[own_name], specs[name]
                    fits = value in spec.categories if isinstance(value, str) else spec.data_type == "NUMERIC"
                    assert fits, (name, value)


def test_a_rubric_without_a_risk_shows_its_state_where_it_has_no_number() -> None:
    rubric = parse_rubric("name: g\nscores: {faithfulness: maximize}", source="r")
    silent = without_numbers(GroundingState.EVIDENCE_SILENT)
    assert written_names(silent, rubric) == {"grounding_state": "grounding_state"}
    assert "grounding_state" in {spec.name for spec in score_specs([rubric])}


def test_other_names_begin_no_other_series_of_rates() -> None:
    named = parse_rubric("name: grounding\nwrite: {prefix: a_}", source="r")
    judge = PlannedJudge()
    assert Evaluator(named, judge).revision == Evaluator(GROUNDING, judge).revision
    assert asyncio.run(Evaluator(named, judge).evaluate(make_sample())).outcome == "scored"


@pytest.mark.parametrize(
    ("metadata", "prompt"),
    [
        ({"prompt_name": "qa", "prompt_version": 7}, ("qa", "7")),
        ({"prompt_name": "qa"}, ("qa", None)),
        ({"prompt.name": "qa", "prompt.version": "v2"}, ("qa", "v2")),
        ({"prompt_version": 7}, (None, "7")),
        ({"prompt_name": {"a": 1}}, (None, None)),
        ({"prompt_name": "x" * 201}, (None, None)),
        ({"prompt_name": "a\x1b[31mb"}, (None, None)),
        ({"prompt_name": True}, (None, None)),
    ],
)
def test_the_prompt_is_that_of_the_call_that_answered(
    metadata: dict[str, Any], prompt: tuple[str | None, str | None]
) -> None:
    step = make_trace().observations[0]
    steps = [
        step.model_copy(update={"id": "a", "metadata": {"prompt_name": "first"}}),
        step.model_copy(update={"id": "b", "type": "generation", "metadata": metadata}),
    ]
    facts = facts_of(make_trace(observations=tuple(steps)))
    assert (facts.prompt_name, facts.prompt_version) == prompt


PARTS = [
    # state, scores, label; the verdict in words
    (GroundingState.PARTIAL_CONTEXT, {}, None, "prompt cut"),
    (GroundingState.PARTIAL_CONTEXT, {"hallucination_risk": 0.7}, "high", "high risk"),
    (GroundingState.PARTIAL_CONTEXT, {"groundedness": 0.5}, None, None),
    (GroundingState.PARTLY_JUDGED, {"hallucination_risk": 0.1}, None, "partly judged"),
    (GroundingState.PARTLY_JUDGED, {"hallucination_risk": 0.9}, "high", "high risk"),
    (GroundingState.PARTLY_JUDGED, {}, None, "partly judged"),
]


@pytest.mark.parametrize(("state", "scores", "label", "words"), PARTS)
def test_what_was_judged_in_part_is_never_called_low_risk(
    state: GroundingState, scores: dict[str, float], label: str | None, words: str | None
) -> None:
    result = outcome(state=state, scores=scores, risk_label=label)
    assert judged_values(result, GROUNDING).get("answer_check") == words
