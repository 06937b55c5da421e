from __future__ import annotations

import asyncio

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.judges.base import Judge
from assay.judges.errors import UnjudgeableSample
from assay.judges.local import LocalJudge
from assay.judges.local.evidence import EVIDENCE_LIMIT
from assay.judges.local.model import IDF_FILE, WEIGHTS_FILE, LocalModel
from assay.judges.local.other_languages.pairing import Pairing, pairing
from assay.judges.rubric import Rubric
from assay.judges.schema import ClaimVerdict, ResponseKind, Sample, Tier, Turn, Verdict
from assay.judges.text.form import without_form
from assay.judges.text.words import words
from assay.judges.tiers import check_coverage
from tests.examples import examples
from tests.waiting import cpu_seconds_below

JUDGE = LocalJudge()
RUBRIC = Rubric(name="r")

EVIDENCE = (
    "The Golden Gate Bridge is a suspension bridge that spans the Golden Gate strait between San Francisco Bay and the "
    "Pacific Ocean. The structure links the city of San Francisco to Marin County. It was designed by the engineer "
    "Joseph Strauss in 1917 and opened to traffic on May 27, 1937. The bridge is 8,981 feet long and 746 feet tall, "
    "and it carries six lanes of U.S. Route 101. The toll is collected electronically from cars driving south. "
    "Pedestrians may use the eastern sidewalk during the day, and cyclists may use either sidewalk at any hour."
)


def judged(response: str, *contexts: str, **fields: object) -> Verdict:
    sample = Sample(id="s", contexts=contexts or (EVIDENCE,), response=response).model_copy(update=fields)
    return asyncio.run(JUDGE.assess(sample, RUBRIC))


def test_local_judge_meets_the_protocol() -> None:
    assert isinstance(JUDGE, Judge)
    assert JUDGE.name == "local"
    assert len(JUDGE.fingerprint) > 64
    assert LocalJudge().fingerprint == JUDGE.fingerprint
    asyncio.run(JUDGE.close())


def test_local_judge_supports_what_the_evidence_says_and_points_to_it() -> None:
    verdict = judged("The structure links the city of San Francisco to Marin County.")
    (claim,) = verdict.claims
    assert claim.verdict is ClaimVerdict.SUPPORTED
    assert verdict.risk is not None
    assert verdict.risk < 0.5
    (evidence,) = claim.evidence
    assert EVIDENCE[evidence.start : evidence.end].startswith("The structure links")
    assert (verdict.tier, verdict.cost_usd, verdict.calibrated) == (Tier.SCREEN, 0.0, True)


def test_local_judge_finds_the_invented_sentence_and_says_why() -> None:
    response = (
        "The structure links the city of San Francisco to Marin County. Its cables were forged by Norwegian "
        "blacksmiths in 1899 after a devastating hurricane bankrupted the original contractors."
    )
    verdict = judged(response)
    assert verdict.risk is not None
    assert verdict.risk > 0.5
    assert [claim.verdict for claim in verdict.claims] == [ClaimVerdict.SUPPORTED, ClaimVerdict.NOT_FOUND]
    assert "'1899'" in verdict.claims[1].reason
    assert "not in the evidence" in verdict.claims[1].reason


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, I don't have information about that.",
        "I do not know the answer to your question.",
        "The provided passages do not contain information about its colour.",
        "Unable to answer based on given passages.",
        "I cannot help with that. Is there anything else I can do for you?",
    ],
)
def test_local_judge_says_refusal_when_that_is_all_the_response_says(response: str) -> None:
    verdict = judged(response)
    assert (verdict.kind, verdict.claims, verdict.risk) == (ResponseKind.REFUSAL, (), None)


@pytest.mark.parametrize(
    "response",
    ["Hello there!", "You're welcome.", "Which bridge do you mean?", "I hope this helps!", "...", "Yes.", "😀"],
)
def test_local_judge_says_no_claims_when_nothing_is_stated(response: str) -> None:
    verdict = judged(response)
    assert (verdict.kind, verdict.claims) == (ResponseKind.NO_CLAIMS, ())


def test_local_judge_still_judges_an_answer_that_begins_with_an_apology() -> None:
    verdict = judged("I'm sorry, I don't know the colour. The bridge is 8,981 feet long and 746 feet tall.")
    assert verdict.kind is ResponseKind.ANSWER
    assert len(verdict.claims) == len(verdict.not_checkworthy) == 1


def test_local_judge_contradicts_when_a_copied_sentence_is_negated() -> None:
    evidence = "The refund is paid within ten days to the original card of the customer."
    response = "The refund is not paid within ten days to the original card of the customer."
    kept = judged(evidence, evidence).claims[0].p_supported
    denied = judged(response, evidence).claims[0]
    assert kept is not None
    assert denied.p_supported is not None
    assert denied.p_supported <= kept
    if denied.verdict is not ClaimVerdict.SUPPORTED:
        assert denied.verdict is ClaimVerdict.CONTRADICTED


def test_local_judge_refuses_a_sample_without_evidence() -> None:
    with pytest.raises(UnjudgeableSample, match="no_evidence"):
        judged("x is y", " \n ")


def test_local_judge_says_partial_context_when_the_evidence_is_beyond_its_limit() -> None:
    verdict = judged(
        "The structure links the city to Marin County.", EVIDENCE, "of a bridge " * (EVIDENCE_LIMIT // 12 + 9)
    )
    assert verdict.partial_context
    assert not judged("The bridge is long.").partial_context


def test_local_judge_gives_the_same_verdict_twice_and_side_by_side() -> None:
    sample = Sample(id="s", contexts=(EVIDENCE,), response="The bridge opened in 1936. It is red.")

    async def run() -> list[Verdict]:
        return await asyncio.gather(*(JUDGE.assess(sample, RUBRIC) for _ in range(8)))

    found = {verdict.model_copy(update={"latency_s": 0.0}).model_dump_json() for verdict in asyncio.run(run())}
    assert len(found) == 1


def test_local_judge_reads_evidence_in_other_scripts() -> None:
    verdict = judged("大桥全长2737米。", "大桥全长2737米，高227米。")
    assert verdict.claims[0].evidence[0].context == 0


RESPONSES = st.one_of(
    st.text(max_size=120),
    st.lists(
        st.sampled_from([*EVIDENCE.split(". "), "I can't.", "Hi!", "Is it?", "1. x", "|a|b|", "\n\n"]), max_size=6
    ).map(". ".join),
)


@settings(max_examples=examples(60))
@given(RESPONSES, st.text(min_size=1, max_size=80))
def test_local_judge_accounts_for_every_sentence(response: str, context: str) -> None:
    sample = Sample(
        id="s",
        question="q",
        history=(Turn(role="user", content=context),),
        contexts=("x " + context,),
        response=response,
    )
    verdict = asyncio.run(JUDGE.assess(sample, RUBRIC))
    check_coverage(sample, verdict)
    assert (verdict.risk is None) == (not verdict.claims)
    for claim in verdict.claims:
        assert response[claim.span.start : claim.span.end] == claim.text


def test_local_judge_files_are_small_and_were_not_fitted_on_other_features() -> None:
    assert IDF_FILE.stat().st_size < 600_000
    assert WEIGHTS_FILE.stat().st_size < 100_000
    model = LocalModel.load()
    assert model.trained_on == "RAGTruth, SummEdits, BEGIN without the rows the demo shows, Factcheck-GPT"


@pytest.mark.parametrize(
    ("reply", "is_invented"),
    [
        ("The toll is paid in cash at a booth in Oakland.", True),
        ("I love that bridge, my uncle used to paint it every summer.", True),
        ("The score was recorded in a studio in Berlin.", True),
        ("It opened to traffic on May 27, 1937.", False),
        ("The toll is collected electronically.", False),
        ("Joseph Strauss designed it in 1917.", False),
    ],
)
def test_one_sentence_over_passages_is_held_to_the_level_of_short_replies(reply: str, is_invented: bool) -> None:
    risk = judged(reply).risk
    assert risk is not None
    assert (risk >= 0.5) is is_invented


SENTENCES = st.lists(
    st.one_of(
        st.sampled_from([*(part + "." for part in EVIDENCE.split(". ")), "It is not 9 km.", "Open 9 AM to 5 PM."]),
        st.text(min_size=1, max_size=60),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=examples(80))
@example(["A0À", "Route 101.", EVIDENCE.split(". ", maxsplit=1)[0] + "."], [], 0)
@given(SENTENCES, st.lists(st.text(max_size=80), max_size=3), st.integers(0, 4))
def test_local_judge_never_doubts_a_sentence_more_once_the_evidence_holds_it(
    sentences: list[str], contexts: list[str], which: int
) -> None:
    sample = Sample(id="s", contexts=("x y", *contexts), response=" ".join(sentences))
    before = judged(sample.response, *sample.contexts)
    if not before.claims:
        return
    claim = before.claims[which % len(before.claims)]
    told = without_form(sample.response)[claim.span.start : claim.span.end]  # `AA¹` is `AA` with a citation mark
    more = sample.model_copy(update={"contexts": (*sample.contexts, told)})
    filled = sample.model_copy(update={"contexts": (*sample.contexts, _as_long(told))})
    if {pairing(sample), pairing(more)} != {Pairing.ENGLISH}:  # elsewhere a sentence may become undecided
        return
    after = judged(more.response, *more.contexts)
    (same,) = [other for other in after.claims if other.span == claim.span]
    assert same.p_supported is not None
    assert claim.p_supported is not None
    assert same.p_supported >= claim.p_supported
    assert same.verdict is ClaimVerdict.SUPPORTED
    if len(before.claims) == 1 and pairing(filled) is Pairing.ENGLISH:
        # The length of the evidence counts too, so the response is held against as much that says nothing of it.
        beside_nothing = judged(filled.response, *filled.contexts).risk
        assert beside_nothing is not None
        assert after.risk is not None
        assert after.risk <= beside_nothing


def _as_long(text: str) -> str:
    """Another text with as many words as this one."""
    return " ".join("elsewhere" for _ in words(text))


@settings(max_examples=examples(60))
@given(
    SENTENCES,
    st.permutations([*EVIDENCE.split(". "), "It is open.", '{"WiFi": false, "Monday": "9:0-17:0"}']),
)
def test_local_judge_does_not_care_in_which_order_the_passages_come(sentences: list[str], contexts: list[str]) -> None:
    response = " ".join(sentences)
    one, other = judged(response, *sorted(contexts)), judged(response, *contexts)
    assert one.risk == other.risk
    assert [(c.p_supported, c.verdict, c.reason) for c in one.claims] == [
        (c.p_supported, c.verdict, c.reason) for c in other.claims
    ]


@settings(max_examples=examples(80))
@given(st.text(max_size=400), st.lists(st.text(max_size=400), min_size=1, max_size=4), st.text(max_size=60))
def test_local_judge_survives_any_text(response: str, contexts: list[str], question: str) -> None:
    verdict = judged(response, "x", *contexts, question=question)
    for number in (verdict.risk, *(claim.p_supported for claim in verdict.claims)):
        assert number is None or 0.0 <= number <= 1.0


@pytest.mark.parametrize(
    "unit", ["word ", "a. ", "1:1-", '"A": null ', "not ", "AbC", "Monday 9:00-17:00 ", "\n", "中", "no. 5 km "]
)
def test_local_judge_finishes_when_response_and_evidence_are_long_and_hostile(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    with cpu_seconds_below(60):
        judged(text, "x " + text * 4)


@pytest.mark.parametrize("unit", ["1 ", "Jan 1 ", "about 7 km ", "5 % of "])
def test_local_judge_finishes_when_a_long_response_is_nothing_but_values(unit: str) -> None:
    evidence = " ".join(f"{number} km or {number}.5 % on May {number % 28 + 1}." for number in range(2_000))
    with cpu_seconds_below(60):
        judged(unit * (150_000 // len(unit)), evidence)


def test_local_judge_contradicts_a_record_and_names_the_field() -> None:
    record = '{"name": "Blue Door", "OutdoorSeating": false, "WiFi": "free", "Monday": "9:0-17:0"}'
    verdict = judged("Blue Door has lovely outdoor seating and a rooftop garden with live jazz every night.", record)
    assert verdict.claims[0].verdict is ClaimVerdict.CONTRADICTED
    assert "OutdoorSeating" in verdict.claims[0].reason


def test_evidence_cut_into_passages_hardly_moves_the_risk() -> None:
    response = "The bridge links the city of San Francisco to Marin County. It was designed by Joseph Strauss in 1917."
    pieces = [EVIDENCE[start : start + 200] for start in range(0, len(EVIDENCE), 200)]
    whole, cut = judged(response).risk, judged(response, *pieces).risk
    assert whole is not None
    assert cut is not None
    assert abs(whole - cut) < 0.05
