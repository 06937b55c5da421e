"""The panel: votes on our sentences, a stated rule for silent members, and people where it is split."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import (
    CallHeld,
    ConfigurationError,
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    RateLimited,
)
from assay.judges.evaluate import Evaluator
from assay.judges.metrics import judged_risk
from assay.judges.panel import PanelJudge
from assay.judges.rubric import Rubric
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    Evidence,
    ResponseKind,
    Sample,
    Scored,
    Severity,
    Span,
    Tier,
    Usage,
    Verdict,
)
from assay.judges.text.sentences import split_sentences

S, N, C = ClaimVerdict.SUPPORTED, ClaimVerdict.NOT_FOUND, ClaimVerdict.CONTRADICTED
RUBRIC = Rubric(name="r")
SAMPLE = Sample(
    id="s", contexts=("It opened in 1937. It is red.",), response="It opened in 1937. It is red. It is old."
)
SENTENCES = split_sentences(SAMPLE.response)


class Member:
    """A member of the panel that says what it was told, after the others have begun."""

    def __init__(self, given: Verdict | BaseException, fingerprint: str = "f") -> None:
        self.given = given
        self.name = "llm"
        self.fingerprint = fingerprint
        self.closed = self.cancelled = False

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        try:
            await asyncio.sleep(0)
            if isinstance(self.given, BaseException):
                raise self.given
            if self.given.latency_s > 100:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return self.given

    async def close(self) -> None:
        self.closed = True


def says(*verdicts: ClaimVerdict | None, p: float | None = None, model: str = "m", **over: object) -> Verdict:
    """A member's verdict: one entry per sentence, None for not check-worthy."""
    pairs = list(zip(SENTENCES, verdicts, strict=True))
    chance = {S: 0.9, N: 0.2, C: 0.1}
    claims = tuple(
        Claim(
            text=SAMPLE.response[span.start : span.end],
            span=span,
            verdict=verdict,
            p_supported=chance[verdict] if p is None else p,
            evidence=(Evidence(context=0, start=0, end=18),) if verdict is not N else (),
            source="llm",
            reason=f"{model} says so",
        )
        for span, verdict in pairs
        if verdict is not None
    )
    rest = tuple(span for span, verdict in pairs if verdict is None)
    usage = Usage(calls=1, prompt_tokens=100, completion_tokens=10)
    fields = {
        "judge": "llm", "tier": Tier.LLM, "claims": claims, "not_checkworthy": rest, "usage": usage, "cost_usd": 0.01,
        "model_requested": model, "model_served": f"{model}-1",
    }  # fmt: skip
    return Verdict.model_validate({**fields, **over})


def panel(*given: Verdict | BaseException, **options: str) -> PanelJudge:
    return PanelJudge({f"m{n}": Member(one) for n, one in enumerate(given)}, **options)  # type: ignore[arg-type]


def ask(*given: Verdict | BaseException, **options: str) -> Verdict:
    return asyncio.run(panel(*given, **options).assess(SAMPLE, RUBRIC))


def table(verdict: Verdict) -> list[ClaimVerdict | None]:
    """By sentence: what the panel says; None for not check-worthy."""
    by_span = {claim.span: claim.verdict for claim in verdict.claims}
    return [by_span.get(span) for span in SENTENCES]


def test_majority_decides_each_sentence_and_probabilities_are_averaged() -> None:
    found = ask(says(S, S, None), says(S, N, None), says(S, C, N))
    assert table(found) == [S, N, None]
    assert [claim.p_supported for claim in found.claims] == pytest.approx([0.9, (0.9 + 0.2 + 0.1) / 3])
    assert found.not_checkworthy == (SENTENCES[2],)
    assert found.claims[1].reason == "1 of 3 members say so: m says so"
    assert found.claims[0].evidence
    assert not found.claims[1].evidence


def test_tie_goes_against_the_sentence_and_contradiction_needs_more_votes_than_absence() -> None:
    assert table(ask(says(S, C, S), says(N, N, S))) == [N, N, S]
    assert table(ask(says(C, C, S), says(C, N, S), says(S, C, S))) == [C, C, S]


def test_usage_and_cost_are_summed_and_every_model_is_listed() -> None:
    found = ask(says(S, S, S, model="a", latency_s=2.0), says(S, S, S, model="b", latency_s=3.0))
    assert found.usage == Usage(calls=2, prompt_tokens=200, completion_tokens=20)
    assert found.cost_usd == pytest.approx(0.02)
    assert (found.model_requested, found.model_served) == ("a, b", "a-1, b-1")
    assert found.latency_s == 3.0, "the members are asked at once"
    assert [(vote.model, vote.served) for vote in found.votes] == [("m0", "a-1"), ("m1", "b-1")]
    assert ask(says(S, S, S), says(S, S, S, cost_usd=None)).cost_usd is None, "one unknown price makes it unknown"


HELD = CallHeld("no room", reason="limit", retry_after_s=42.0)


def test_panel_waits_for_a_member_whose_answer_comes_with_a_batch() -> None:
    batched = CallHeld("it comes with a batch", reason="batch", retry_after_s=42.0)
    for others in ([says(S, S, S), says(S, S, S)], [says(S, S, S), HELD], [RateLimited("429"), says(S, S, S)]):
        with pytest.raises(CallHeld) as held:
            ask(*others, batched)
        assert held.value.reason == "batch"


def test_member_whose_call_is_held_is_noted_and_the_others_decide() -> None:
    found = ask(says(S, S, S), HELD, says(S, S, S))
    assert [vote.error for vote in found.votes] == ["", "CallHeld", ""]


def test_one_silent_member_of_three_is_noted_and_two_are_too_many() -> None:
    found = ask(says(S, S, S), ModelTimeout("slow"), says(S, S, S))
    assert [vote.error for vote in found.votes] == ["", "ModelTimeout", ""]
    with pytest.raises(ModelTimeout):
        ask(says(S, S, S), ModelTimeout("slow"), ModelRefused("no"))
    with pytest.raises(RateLimited):
        ask(says(S, S, S), RateLimited("slow down"))


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((ModelAccessDenied("key"), RateLimited("429")), RateLimited),
        ((ModelRefused("no"), InvalidVerdict("broken")), InvalidVerdict),
        ((ModelRefused("no"), ModelAccessDenied("key")), ModelAccessDenied),
        ((HELD, ModelRefused("no")), CallHeld),
        ((HELD, InvalidVerdict("broken")), CallHeld),
        ((HELD, ModelTimeout("slow")), ModelTimeout),  # uses an attempt: the member that answered is paid again
    ],
)
def test_error_that_waiting_may_mend_stands_for_the_others(
    errors: Sequence[Exception], expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        ask(says(S, S, S), *errors)


def test_configuration_error_of_one_member_stops_the_others() -> None:
    slow = Member(says(S, S, S, latency_s=101.0))
    judge = PanelJudge({"a": Member(ConfigurationError("no key")), "b": slow})
    with pytest.raises(ConfigurationError):
        asyncio.run(judge.assess(SAMPLE, RUBRIC))
    assert slow.cancelled


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ((True, True, True), ""),
        ((True, True, False), "the panel is split: 2 of 3 members flag it"),
        ((True, False), "the panel is split: 1 of 2 members flag it"),
        ((True, True, True, False, False), "the panel is split: 3 of 5 members flag it"),
        ((True, True, True, True, False), ""),
        ((False, False, False), ""),
    ],
)
def test_vote_that_hangs_on_one_member_is_for_a_person(flags: Sequence[bool], reason: str) -> None:
    found = ask(*(says(C, C, C, p=0.05) if flag else says(S, S, S, p=0.95) for flag in flags))
    assert (found.needs_review, found.review_reason) == (bool(reason), reason)


def test_members_own_risks_are_averaged_where_all_state_one() -> None:
    stated = [says(S, S, S, risk=risk) for risk in (0.1, 0.2, 0.9)]
    assert ask(*stated).risk == pytest.approx(0.4)
    assert ask(*stated, decide="median").risk == pytest.approx(0.2)
    assert ask(*stated[:2], says(S, S, S)).risk is None, "then the claims give it"


def test_median_goes_by_the_middle_probability() -> None:
    unsure = [says(N, S, S, p=0.45), says(S, S, S, p=0.6), says(S, S, S, p=0.99)]
    assert table(ask(*unsure, decide="median"))[0] is S
    weak = [says(S, S, S, p=0.4), says(S, S, S, p=0.45), says(S, S, S, p=0.99)]
    assert table(ask(*weak, decide="median"))[0] is N
    assert not ask(*weak, decide="median").claims[0].evidence, "nobody's evidence goes with a verdict nobody gave"
    assert table(ask(*weak))[0] is S


def test_sentence_that_fell_is_never_the_likelier_to_be_supported() -> None:
    sure, unsure = says(S, S, S, p=0.99), says(N, N, N, p=0.4)
    found = ask(sure, unsure, unsure)
    assert table(found) == [N, N, N]
    assert [claim.p_supported for claim in found.claims] == [0.5] * 3, "their mean is 0.597"
    assert judged_risk(found) >= 0.5


def test_tie_goes_against_the_sentence_by_the_median_too() -> None:
    """With two members the median is the mean, and the surer one would decide alone."""
    for sides in ([says(S, S, S, p=0.99), says(C, C, C, p=0.1)], [says(S, S, S, p=0.99)] * 2 + [says(N, N, N)] * 2):
        found = ask(*sides, decide="median")
        assert S not in table(found)
        assert {claim.p_supported for claim in found.claims} == {0.5}


def test_fingerprint_of_the_deployment_is_kept_of_every_member() -> None:
    found = ask(*(says(S, S, S, system_fingerprint=f) for f in ("fp1", None, "fp2", "fp1")))
    assert found.system_fingerprint == "fp1, fp2"
    assert ask(says(S, S, S), says(S, S, S)).system_fingerprint is None


def test_price_of_members_that_failed_says_what_it_rests_on() -> None:
    failed = paid(InvalidVerdict("broken"), 0.02)
    failed.cost_basis = "list prices as of 2026-11"
    assert ask(says(S, S, S), says(S, S, S), failed).cost_basis == "list prices as of 2026-11"


def test_members_that_see_no_answer_vote_for_nothing_to_check() -> None:
    declined = says(None, None, None, kind=ResponseKind.REFUSAL)
    assert ask(declined, declined, says(S, S, S)).kind is ResponseKind.REFUSAL
    assert ask(declined, says(S, S, S), says(S, S, S)).kind is ResponseKind.ANSWER


def test_gravest_severity_of_those_that_agree_stands() -> None:
    critical = says(N, S, S)
    claims = (critical.claims[0].model_copy(update={"severity": Severity.CRITICAL}), *critical.claims[1:])
    found = ask(says(N, S, S), critical.model_copy(update={"claims": claims}), says(S, S, S))
    assert found.claims[0].severity is Severity.CRITICAL


def test_claims_finer_than_sentences_count_by_their_worst() -> None:
    fine = says(None, S, S)
    halves = tuple(
        fine.claims[0].model_copy(update={"span": Span(start=a, end=b), "verdict": v})
        for a, b, v in ((0, 9, S), (9, 18, N))
    )
    fine = fine.model_copy(update={"claims": (*halves, *fine.claims), "not_checkworthy": ()})
    assert table(ask(fine, fine))[0] is N


def test_fingerprint_covers_members_and_how_votes_are_counted() -> None:
    def of(decide: str = "majority", *prints: str) -> str:
        members = {str(n): Member(says(S, S, S), one) for n, one in enumerate(prints or ("a", "b"))}
        return PanelJudge(members, decide=decide).fingerprint  # type: ignore[arg-type]

    assert len({of(), of("median"), of("majority", "a", "c"), of("majority", "a", "b", "c")}) == 4
    assert of() == of()


def test_close_closes_every_member() -> None:
    members = [Member(says(S, S, S)) for _ in range(2)]
    asyncio.run(PanelJudge({"a": members[0], "b": members[1]}).close())
    assert all(member.closed for member in members)


def test_panel_of_one_is_none() -> None:
    with pytest.raises(ValueError, match="two"):
        panel(says(S, S, S))


votes = st.lists(st.sampled_from([S, N, C, None]), min_size=3, max_size=3)


@given(st.lists(votes, min_size=2, max_size=5), st.sampled_from(["majority", "median"]))
def test_every_sentence_is_accounted_for_and_order_of_members_does_not_matter(
    columns: list[list[ClaimVerdict | None]], decide: str
) -> None:
    given_verdicts = [says(*column) for column in columns]
    outcome = asyncio.run(Evaluator(RUBRIC, panel(*given_verdicts, decide=decide)).evaluate(SAMPLE))
    assert isinstance(outcome, Scored)
    assert table(ask(*given_verdicts, decide=decide)) == table(ask(*reversed(given_verdicts), decide=decide))


def _worse(verdict: ClaimVerdict | None) -> ClaimVerdict | None:
    return N if verdict is S else verdict


@given(st.lists(votes, min_size=2, max_size=5), st.integers(0, 4), st.sampled_from(["majority", "median"]))
def test_vote_against_a_sentence_never_helps_it(
    columns: list[list[ClaimVerdict | None]], who: int, decide: str
) -> None:
    changed = [[_worse(v) for v in column] if n == who else column for n, column in enumerate(columns)]
    before, after = (table(ask(*(says(*c) for c in cs), decide=decide)) for cs in (columns, changed))
    assert not any(b is not S and a is S for b, a in zip(before, after, strict=True))


def paid(error: EvaluationError, cost_usd: float | None) -> EvaluationError:
    error.usage, error.cost_usd = Usage(calls=2, prompt_tokens=50), cost_usd
    return error


def test_panel_counts_what_a_failed_member_had_cost() -> None:
    verdict = ask(says(S, S, S), says(S, S, S), paid(InvalidVerdict("broken twice"), 0.02))
    alone = ask(says(S, S, S), says(S, S, S))
    assert verdict.usage.calls == alone.usage.calls + 2
    assert verdict.usage.prompt_tokens == alone.usage.prompt_tokens + 50
    assert alone.cost_usd is not None
    assert verdict.cost_usd == pytest.approx(alone.cost_usd + 0.02)
    assert ask(says(S, S, S), says(S, S, S), paid(InvalidVerdict("broken"), None)).cost_usd is None


def test_panel_without_a_quorum_says_what_all_its_members_had_cost() -> None:
    failed = paid(ModelRefused("no"), 0.02), paid(InvalidVerdict("broken"), 0.03)
    answered = says(S, S, S)
    with pytest.raises(InvalidVerdict) as raised:
        ask(answered, *failed)
    assert raised.value.usage.calls == answered.usage.calls + 4
    assert raised.value.cost_usd == pytest.approx((answered.cost_usd or 0.0) + 0.05)
