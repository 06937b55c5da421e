"""The Unicode form of a text changes no verdict: `ü` and `u` with a mark of its own are one letter."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.judges.checks import ChecksJudge
from assay.judges.evaluate import Evaluator
from assay.judges.llm.preview import calls_for
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Check, Disclaimer, Pattern, Rubric, Rules, load_rubric
from assay.judges.schema import Outcome, Sample, Scored, Tier, Turn, Verdict

RUBRICS = Path(__file__).parents[3] / "rubrics"
GROUNDING = load_rubric(RUBRICS / "grounding.yaml", {})
LOCAL = Evaluator(GROUNDING, LocalJudge())

FACTS = (
    (
        "Das Büro in Zürich wurde am 3. März 2011 von Jürgen Müller eröffnet.",
        "Das Büro in Zürich öffnete im März 2011.",
    ),
    ("Le musée ferme à Noël et en août.", "Le musée n’est pas fermé à Noël."),
    ("Quận Đống Đa có 370.117 người ở Hà Nội.", "Đống Đa ở Hà Nội có 370.117 người."),
    ("서울 사무실은 2011년에 열렸습니다.", "서울 사무실은 2012년에 열렸습니다."),
    ("東京のオフィスは2011年に開きました。ガイドが必要です。", "東京のガイドは不要です。"),
    ("Юрий Йорданов открыл её в мае 2011 года.", "Её открыл Юрий Йорданов."),
    ("सड़क पर ज़मीन 2011 में खरीदी गई।", "ज़मीन 2011 में खरीदी गई।"),
    ("O prazo é de 30 dias e não há reembolso.", "Não, não há reembolso após 30 dias."),
    ("The line is 5\u212b wide and has 50 \u2126.", "The line is 5 \u212b wide. It has 60 \u2126."),
    ("The café of Zoë Brontë opened in 1999.", "I can’t say who Zoë Brontë is. The café opened in 1999."),
)
"""Evidence and an answer to it, in languages that write letters with marks."""

WORDS = st.text("aeiounszcéüñôåčžőắệйё", min_size=1, max_size=8)
MADE = st.lists(WORDS, min_size=3, max_size=9).map(lambda words: " ".join(words).capitalize() + " 2011.")
MARKED = st.one_of(st.sampled_from(FACTS), st.tuples(MADE, MADE))
FORM = st.sampled_from(("NFC", "NFD"))


def in_forms(sample: Sample, question: str, contexts: str, response: str) -> Sample:
    return sample.model_copy(
        update={
            "question": written(question, sample.question),
            "history": tuple(Turn(role="user", content=written(question, turn.content)) for turn in sample.history),
            "contexts": tuple(written(contexts, context) for context in sample.contexts),
            "response": written(response, sample.response),
        }
    )


def written(form: str, text: str) -> str:
    return unicodedata.normalize("NFC" if form == "NFC" else "NFD", text)


def judged(sample: Sample, evaluator: Evaluator = LOCAL) -> Scored:
    outcome: Outcome = asyncio.run(evaluator.evaluate(sample))
    assert isinstance(outcome, Scored), outcome
    return outcome


def places(sample: Sample, verdict: Verdict | None) -> Iterator[str]:
    """What stands at every place that the verdict tells."""
    if verdict is None:
        return
    spans = [*(hit.span for hit in verdict.rule_hits), *verdict.not_checkworthy, *verdict.unjudged]
    yield from (sample.response[span.start : span.end] for span in spans)
    for claim in verdict.claims:
        yield sample.response[claim.span.start : claim.span.end]
        yield claim.text
        yield from (sample.contexts[cited.context][cited.start : cited.end] for cited in claim.evidence)


def without_places(outcome: Scored) -> object:
    told = outcome.model_dump(exclude={"verdict": {"latency_s"}})
    for claim in (told["verdict"] or {}).get("claims", ()):
        del claim["span"], claim["text"]
        claim["evidence"] = len(claim["evidence"])
    for key in ("rule_hits", "not_checkworthy", "unjudged"):
        told["verdict"][key] = len(told["verdict"][key])
    return told


@given(MARKED, FORM, FORM, FORM)
@example(FACTS[0], "NFC", "NFD", "NFC")
@example(FACTS[0], "NFC", "NFC", "NFD")
@settings(max_examples=40, deadline=None)
def test_the_form_of_a_text_changes_no_verdict(
    fact: tuple[str, str], question: str, contexts: str, response: str
) -> None:
    plain = Sample(
        id="1",
        question="Où est Zürich?",
        history=(Turn(role="user", content="Für wen?"),),
        contexts=(fact[0],),
        response=fact[1],
    )
    composed, other = in_forms(plain, "NFC", "NFC", "NFC"), in_forms(plain, question, contexts, response)
    expected, outcome = judged(composed), judged(other)
    assert without_places(outcome) == without_places(expected)
    assert [written("NFC", text) for text in places(other, outcome.verdict)] == list(places(composed, expected.verdict))
    for claim in outcome.verdict.claims if outcome.verdict else ():
        assert claim.text in other.response[claim.span.start : claim.span.end]


class Reader:
    """A judge that keeps what it was shown."""

    name, fingerprint = "reader", "f"

    def __init__(self) -> None:
        self.shown: list[Sample] = []

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        self.shown.append(sample)
        return Verdict(judge=self.name, tier=Tier.LLM, prompt_cut=True)

    async def close(self) -> None:
        """Nothing to release."""


def test_every_judge_is_shown_the_same_text() -> None:
    judge = Reader()
    sample = Sample(id="1", question="Wö?", contexts=(FACTS[0][0],), response=FACTS[0][1], metadata={"k": "u\u0308"})
    for form in ("NFC", "NFD"):
        judged(in_forms(sample, form, form, form), Evaluator(Rubric(name="r"), judge))
    assert judge.shown[0] == judge.shown[1]


def test_the_preview_shows_the_text_that_a_model_would_be_sent() -> None:
    rubric = load_rubric(RUBRICS / "grounding-llm.yaml", {"ASSAY_JUDGE_MODEL": "m"})
    sample = Sample(id="1", contexts=(FACTS[0][0],), response=FACTS[0][1])
    previews = [calls_for(in_forms(sample, form, form, form), rubric) for form in ("NFC", "NFD")]
    assert previews[0] == previews[1]


def by_pattern(form: str) -> Evaluator:
    rules = Rules(
        patterns=(Pattern(id="name", must_not_match=written(form, "Jürgen M.ller")),),
        disclaimers=(Disclaimer(id="d", any_of=(written(form, "ohne Gewähr"),)),),
    )
    return Evaluator(Rubric(name="r", rules=rules), LocalJudge())


@pytest.mark.parametrize("make", [str, lambda text: written("NFD", text)], ids=["composed", "decomposed"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_patterns_of_a_team_match_in_either_form(make: Callable[[str], str], form: str) -> None:
    response = make("Das sagt Jürgen Müller, ohne Gewähr.")
    (hit,) = judged(Sample(id="1", contexts=("Nichts.",), response=response), by_pattern(form)).verdict.rule_hits  # type: ignore[union-attr]
    assert (hit.rule, response[hit.span.start : hit.span.end]) == ("pattern:name", make("Jürgen Müller"))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_checks_match_in_either_form_and_cite_the_text_as_it_was_given(form: str) -> None:
    schema = {"type": "object", "required": [written(form, "Größe")]}
    checks = (
        Check(score="named", any_match=(written(form, "Gr..e"),)),
        Check(score="shaped", json_schema=schema),
    )
    rubric = Rubric(name="r", method="checks", checks=checks)
    evaluator = Evaluator(rubric, ChecksJudge(rubric))
    for given_form in ("NFC", "NFD"):
        response = written(given_form, '{"Größe": 3}')
        outcome = judged(Sample(id="1", response=response), evaluator)
        assert set(outcome.scores.values()) == {1.0}
        (cited,) = outcome.verdict.grades[0].citations  # type: ignore[union-attr]
        assert response[cited.start : cited.end] == written(given_form, "Größe")
