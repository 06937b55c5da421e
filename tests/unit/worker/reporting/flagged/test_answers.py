"""What is told of a flagged answer: by its verdict, by the comment in the store, or by neither."""

from __future__ import annotations

from typing import Any

import pytest

from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.judges.schema import Citation, Claim, ClaimVerdict, Evidence, Grade, Sample, Span, Tier, Verdict
from assay.worker.ports.store_errors import StoreError, StoreUnavailable, TraceTooLarge
from assay.worker.records.scores import Score
from assay.worker.reporting.flagged.answers import PAGE
from assay.worker.reporting.flagged.problem import problem_of
from assay.worker.reporting.flagged.query import Cut
from assay.worker.reporting.flagged.wording import evidence_lines
from tests.builders import make_sample
from tests.fakes import FlakyStore
from tests.unit.worker.flow.pipeline import Line
from tests.unit.worker.reporting.flagged.lines import judged, query, says, told, trace

MAIL = Redaction(kinds=("email",))


class WithPages(FlakyStore):
    """A store with pages for people."""

    async def trace_url(self, trace_id: str, observation_id: str | None = None) -> str:
        self._maybe_fail()
        return f"https://store.test/{trace_id}"


def expire(line: Line) -> None:
    line.kept._values.clear()


def test_a_kept_verdict_gives_sentence_verdict_and_evidence() -> None:
    (answer,), problem = told(judged([trace("t-90")]))
    assert problem == ""
    assert answer.told_by == "verdict"
    assert (answer.problem.sentence, answer.problem.verdict) == ("Dogs travel free.", "not_found")
    assert answer.problem.reason == "nothing says so"
    assert list(evidence_lines(answer)) == ["passage 2: “Dogs pay 2 euros.”"]
    assert (answer.judge, answer.tier, answer.model) == ("test", "llm", "m-1")
    assert answer.outcome is not None
    assert answer.outcome.verdict is not None
    assert len(answer.outcome.verdict.claims) == 2, "all claims, with their offsets"
    assert answer.url is None
    assert answer.is_written


def test_no_evidence_is_said_to_be_none() -> None:
    line = judged([trace("bare-90"), trace("bare-80", contexts=("Dogs pay.",))])
    notes = [list(evidence_lines(answer)) for answer in told(line)[0]]
    assert notes == [["nothing in the evidence (2 passages)"], ["nothing in the evidence (1 passage)"]]


def test_an_expired_verdict_leaves_the_comment_and_says_so() -> None:
    line = judged([trace("t-90"), trace("t-80")])
    expire(line)
    answers, _ = told(line)
    assert [answer.told_by for answer in answers] == ["comment", "comment"]
    assert "Dogs travel free." in answers[0].comment
    assert (answers[0].judge, answers[0].tier, answers[0].model) == ("test", "llm", "m-1")
    assert answers[0].problem.sentence == ""
    assert answers[0].outcome is None


def test_an_expired_verdict_whose_score_is_not_written_is_told_by_another_score() -> None:
    line = judged([trace("t-90")])
    expire(line)
    line.store.scores = {i: s for i, s in line.store.scores.items() if s.name != "hallucination_risk"}
    (answer,), _ = told(line)
    assert answer.told_by == "comment"
    assert "Dogs travel free." in answer.comment


def test_without_verdict_and_comment_there_is_nothing_to_tell() -> None:
    line = judged([trace("t-90")], written=False)
    expire(line)
    (answer,), _ = told(line)
    assert (answer.told_by, answer.comment, answer.is_written) == ("nothing", "", False)


def test_a_trace_that_has_changed_shows_no_words_that_no_judge_saw() -> None:
    line = judged([trace("t-90")])
    line.store.traces["t-90"] = trace("t-90", contexts=("Something else entirely.", "and this, not those words"))
    (answer,), _ = told(line)
    assert [found.text for found in answer.evidence] == [None]
    assert answer.evidence_note == "the trace, or what of it is redacted, has changed since it was judged"
    assert answer.problem.sentence == "Dogs travel free.", "the claim has it"


@pytest.mark.parametrize(
    ("gone", "note"),
    [(None, "does not have the trace any more"), (TraceTooLarge("413"), "could not be read: 413")],
)
def test_a_trace_that_cannot_be_read_is_said_to_be(gone: StoreError | None, note: str) -> None:
    line = judged([trace("t-90")])
    del line.store.traces["t-90"]
    if gone is not None:
        line.store.unreadable["t-90"] = gone
    (answer,), problem = told(line)
    assert note in answer.evidence_note
    assert problem == ""


def test_a_store_that_is_down_costs_evidence_and_links_and_not_the_verdict() -> None:
    line = judged([trace("t-90"), trace("t-80")])
    store = WithPages(line.store.traces.values())
    store.failing = StoreUnavailable("down")
    answers, problem = told(line, store=store)
    assert problem == "down"
    assert [answer.problem.sentence for answer in answers] == ["Dogs travel free."] * 2
    assert {answer.url for answer in answers} == {None}
    assert {answer.evidence_note for answer in answers} == {"the trace could not be read"}


def test_links_lead_to_the_stores_own_pages() -> None:
    line = judged([trace("t-90")])
    (answer,), _ = told(line, store=WithPages(line.store.traces.values()))
    assert answer.url == "https://store.test/t-90"


def test_more_than_a_page_comes_in_order_and_once() -> None:
    line = judged([trace(f"n{n}-{50 + n}") for n in range(PAGE + 5)])
    answers, _ = told(line, query(limit=100))
    assert [round(answer.value * 100) for answer in answers] == list(range(50 + PAGE + 4, 49, -1))


def test_two_listed_scores_of_one_trace_are_told_apart() -> None:
    """The same trace under two rubrics: each has its own comment."""
    line = judged([trace("t-90")])
    promise = line.entry("t-90").promise.model_copy(update={"rubric": "second"})
    entry = line.entry("t-90").model_copy(update={"promise": promise})
    line.state.ledger._entries["second", "t-90"] = entry  # type: ignore[attr-defined]
    score_id = promise.score_id("project", "hallucination_risk")
    own = next(s for s in line.store.scores.values() if s.name == "hallucination_risk")
    line.store.scores[score_id] = Score(**{**own.model_dump(), "id": score_id, "comment": "the second's"})
    expire(line)
    cuts = [Cut(rubric=name, score="hallucination_risk", side="above", at=0.5) for name in ("grounding", "second")]
    answers, _ = told(line, query(cuts))
    by_rubric = {answer.rubric: answer.comment for answer in answers}
    assert by_rubric["second"] == "the second's"
    assert "Dogs travel free." in by_rubric["grounding"]


def test_a_verdict_that_cannot_be_read_counts_as_expired() -> None:
    line = judged([trace("t-90")])
    for key in line.kept._values:
        line.kept._values[key] = b"of another version"
    (answer,), _ = told(line)
    assert answer.told_by == "comment"


def test_a_rule_that_set_the_risk_is_what_is_told() -> None:
    verdict = says(make_sample(id="rule-10", response="It opened in 1932. Dogs travel free."))
    problem = problem_of(verdict, "hallucination_risk", rubric=None, sample=None)
    assert (problem.verdict, problem.criterion, problem.reason) == ("rule_hit", "pattern:no-promise", "promises")
    assert problem.sentence == "It opened in 1932.", "the claim around the hit"
    weak = says(make_sample(id="rule-99", response="It opened in 1932. Dogs travel free."))
    assert problem_of(weak, "hallucination_risk", rubric=None, sample=None).verdict == "not_found"


def test_a_claim_that_is_supported_and_risky_is_no_contradiction_in_words() -> None:
    claim = Claim(text="a", span=Span(start=0, end=1), verdict=ClaimVerdict.SUPPORTED, p_supported=0.4, source="test")
    verdict = Verdict(judge="j", tier=Tier.LLM, claims=(claim,), risk=0.6)
    problem = problem_of(verdict, "hallucination_risk", rubric=None, sample=None)
    assert problem.reason == "the judge is 40% sure of it"


def test_a_verdict_without_claims_still_says_why() -> None:
    verdict = Verdict(judge="j", tier=Tier.LLM, risk=0.9, explanation="It is all made up.")
    assert problem_of(verdict, "hallucination_risk", rubric=None, sample=None).reason == "It is all made up."


GRADED = Rubric.model_validate(
    {
        "name": "tone",
        "method": "graded",
        "judge": {"tiers": ["llm"], "llm": {"model": "m"}},
        "criteria": [
            {
                "score": "rude",
                "direction": "minimize",
                "question": "?",
                "levels": [{"label": "very", "means": "x", "value": 1}, {"label": "no", "means": "y", "value": 0}],
            },
            {
                "score": "useful",
                "rank_score": "ranked",
                "per": "context",
                "sees": ["contexts"],
                "question": "?",
                "levels": [{"label": "yes", "means": "x", "value": 1}, {"label": "no", "means": "y", "value": 0}],
            },
        ],
    }
)
GRADES = (
    Grade(score="rude", level="no", value=0.0),
    Grade(
        score="rude",
        level="very",
        value=1.0,
        reason="It swears.",
        citations=(Citation(part="response", start=0, end=4), Citation(part="question", start=0, end=4)),
    ),
    Grade(score="useful", level="yes", value=1.0, context=0),
    Grade(score="useful", level="no", value=0.0, context=1, reason="Off topic."),
)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("rude", {"verdict": "very", "criterion": "rude", "reason": "It swears.", "sentence": "Damn"}),
        ("useful", {"verdict": "no", "criterion": "useful", "reason": "passage 2: Off topic.", "sentence": ""}),
        ("ranked", {"verdict": "no", "criterion": "useful", "reason": "passage 2: Off topic.", "sentence": ""}),
    ],
)
def test_a_graded_answer_tells_the_worst_grade_of_its_criterion(score: str, expected: dict[str, Any]) -> None:
    verdict = Verdict(judge="llm", tier=Tier.LLM, grades=GRADES)
    sample = make_sample(response="Damn, no.", question="When?")
    problem = problem_of(verdict, score, rubric=GRADED, sample=sample)
    assert {name: getattr(problem, name) for name in expected} == expected
    if score == "rude":
        assert [citation.part for citation in problem.held_against] == ["question"]


def test_places_lead_to_the_text_of_the_store_and_words_stay_redacted() -> None:
    answer = "ann@example.com opened it in 1932. Dogs travel free."
    line = Line([trace("t-90", answer, contexts=("Opened in 1932.", "ann@example.com: dogs pay."))], says_of_redacted)
    line.redaction = MAIL
    line.assess()
    (told_of,), _ = told(line, redaction=MAIL)
    span, cited = told_of.problem.span, told_of.evidence[0].citation
    assert told_of.problem.sentence == "Dogs travel free."
    assert span is not None
    assert answer[span.start : span.end] == "Dogs travel free."
    assert told_of.evidence[0].text == "[EMAIL_1]: dogs"
    assert "ann@example.com: dogs pay."[cited.start : cited.end] == "ann@example.com: dogs"
    assert told_of.outcome is not None
    assert told_of.outcome.verdict is not None
    assert told_of.outcome.verdict.claims[1].span == span
    assert "ann@" not in told_of.model_dump_json()


def says_of_redacted(sample: Sample) -> Verdict:
    verdict = says(sample)
    good, bad = verdict.claims
    held_against = (Evidence(context=1, start=0, end=len("[EMAIL_1]: dogs")),)
    whole = good.model_copy(update={"span": Span(start=0, end=bad.span.start - 1)})
    return verdict.model_copy(update={"claims": (whole, bad.model_copy(update={"evidence": held_against}))})


def test_another_redaction_since_shows_no_words_that_no_judge_saw() -> None:
    line = judged([trace("t-90", contexts=("Opened in 1932.", "ann@example.com: Dogs pay 2 euros."))])
    (answer,), _ = told(line, redaction=MAIL)
    assert [evidence.text for evidence in answer.evidence] == [None]
    assert "redacted" in answer.evidence_note
