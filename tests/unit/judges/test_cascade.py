"""The cascade: who is asked, who decides and why, what is recorded, and what an outage may not do."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.judges.calibration import Calibration, CalibrationError, LogisticCurve, risk_hash
from assay.judges.cascade import Cascade, CascadeTier
from assay.judges.errors import (
    ConfigurationError,
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    RequestRejected,
    UnjudgeableSample,
)
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Pattern, Rubric, Rules, ValueKind
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    Failed,
    GroundingState,
    Outcome,
    ResponseKind,
    Sample,
    Scored,
    Skipped,
    Span,
    Tier,
    Usage,
    Verdict,
)
from tests.unit.judges.calibrations import make_calibration

Given = float | Verdict | Exception
TIERS = {"local": Tier.SCREEN, "llm": Tier.LLM, "panel": Tier.PANEL}


def make_rubric(*tiers: str, name: str = "r", rules: Rules | None = None, **plan: Any) -> Rubric:
    options = {"llm": {"model": "m"}, "panel": {"models": ["a", "b", "c"]}}
    judge = {"tiers": tiers, "audit_share": 0.0, **{k: v for k, v in options.items() if k in tiers}, **plan}
    return Rubric.model_validate({"name": name, "judge": judge, "rules": rules or Rules()})


TWO, THREE = make_rubric("local", "llm"), make_rubric("local", "llm", "panel")


def sample(sample_id: str = "s", **over: Any) -> Sample:
    return Sample(**{"id": sample_id, "contexts": ("It opened in 1937.",), "response": "It opened in 1937.", **over})


def verdict(judge: str, risk: float | None, **over: Any) -> Verdict:
    """The whole response as one claim; without a risk it is a refusal."""
    text = "It opened in 1937."
    claim = Claim(text=text, span=Span(start=0, end=18), verdict=ClaimVerdict.SUPPORTED, p_supported=0.9, source=judge)
    fields: dict[str, Any] = {"judge": judge, "tier": TIERS[judge], "cost_usd": 0.0}
    if judge != "local":
        usage = Usage(calls=1, prompt_tokens=10)
        fields |= {"usage": usage, "cost_usd": 0.01, "model_served": f"{judge}-model", "latency_s": 1.0}
    answer = {"claims": (claim,), "risk": risk} if risk is not None else {"kind": ResponseKind.REFUSAL}
    return Verdict.model_validate({**fields, **answer, **over})


class Teller:
    """A judge of a tier that says what it was given: a risk, a verdict or an error."""

    def __init__(self, name: str, given: Given, print_: str = "f") -> None:
        self.name = name
        self.fingerprint = print_
        self.given = given
        self.asked: list[str] = []
        self.closed = False

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        self.asked.append(sample.id)
        if isinstance(self.given, Exception):
            raise self.given
        return self.given if isinstance(self.given, Verdict) else verdict(self.name, self.given)

    async def close(self) -> None:
        self.closed = True


class Course:
    """A cascade of tellers, and what came of one sample."""

    def __init__(self, rubric: Rubric, one: Sample | None = None, **given: Any) -> None:
        self.tellers = {name: Teller(name, given[name]) for name in rubric.judge.tiers if name in given}
        cascade = Cascade([CascadeTier(teller) for teller in self.tellers.values()], rubric)
        self.evaluator = Evaluator(rubric, cascade)
        self.outcome: Outcome = asyncio.run(self.evaluator.evaluate(one or sample()))

    @property
    def scored(self) -> Scored:
        assert isinstance(self.outcome, Scored), self.outcome
        return self.outcome

    @property
    def verdict(self) -> Verdict:
        assert self.scored.verdict is not None
        return self.scored.verdict

    @property
    def path(self) -> list[tuple[str, str]]:
        return [(step.judge, step.outcome) for step in self.verdict.path]

    @property
    def asked(self) -> list[str]:
        return [name for name, teller in self.tellers.items() if teller.asked]


def first_of(course: Course) -> tuple[float, str, bool]:
    first = course.verdict.screening
    assert first is not None
    return first.pi2, first.why, first.phase2


def test_sure_screen_decides_alone() -> None:
    course = Course(TWO, local=0.02, llm=0.9)
    assert course.path == [("local", "decided")]
    assert course.verdict.path[0].reason == "risk 0.02 outside 0.05–0.9"
    assert course.asked == ["local"]
    assert first_of(course) == (0.0, "passed", False)
    assert course.scored.scores["hallucination_risk"] == 0.02
    assert course.verdict.tier is Tier.SCREEN


@pytest.mark.parametrize("risk", [0.05, 0.3, 0.9])
def test_unsure_screen_goes_on_and_the_model_decides(risk: float) -> None:
    course = Course(TWO, local=risk, llm=0.1)
    assert course.path == [("local", "escalated"), ("llm", "decided")]
    assert course.verdict.path[0].reason == f"risk {risk:.3g} within 0.05–0.9"
    assert course.scored.scores["hallucination_risk"] == 0.1
    assert (course.verdict.judge, course.verdict.tier) == ("llm", Tier.LLM)
    assert first_of(course) == (1.0, "escalated", True)
    assert course.verdict.screening is not None
    assert course.verdict.screening.scores["hallucination_risk"] == risk


def test_rule_that_fires_sends_a_sure_sample_on_and_is_not_told_twice() -> None:
    rules = Rules(patterns=(Pattern(id="year", must_not_match="1937"),))
    course = Course(make_rubric("local", "llm", rules=rules), local=0.01, llm=0.01)
    assert course.path == [("local", "escalated"), ("llm", "decided")]
    assert [hit.rule for hit in course.verdict.rule_hits] == ["pattern:year"]
    assert course.verdict.screening is not None
    assert course.verdict.screening.scores["hallucination_risk"] == 0.6, (
        "a pattern's floor is part of the screen's score"
    )
    silent = make_rubric("local", "llm", rules=rules, escalate_when={"rule_hits": False, "risk_between": [0.9, 1.0]})
    assert Course(silent, local=0.01, llm=0.01).path == [("local", "decided")]


def test_value_rule_on_the_screen_sends_on() -> None:
    rubric = make_rubric("local", "llm", rules=Rules(values=(ValueKind.DATE, ValueKind.NUMBER)))
    course = Course(rubric, sample(contexts=("It opened.",)), local=0.01, llm=0.01)
    assert course.asked == ["local", "llm"]
    assert "rule:values" in course.verdict.path[0].reason or "values:" in course.verdict.path[0].reason


def test_state_sends_on_where_the_rubric_lists_it() -> None:
    partial = verdict("local", 0.01, partial_context=True)
    assert Course(TWO, local=partial, llm=0.01).path[0] == ("local", "escalated")
    refusal = make_rubric("local", "llm", escalate_when={"states": ["refusal"]})
    course = Course(refusal, local=verdict("local", None), llm=0.95)
    assert course.verdict.path[0].reason == "state refusal"
    assert course.verdict.screening is not None
    assert course.verdict.screening.scores == {}, "a refusal has no number in either phase"
    assert Course(TWO, local=verdict("local", None), llm=0.9).path == [("local", "decided")]


def test_sample_the_screen_cannot_judge_goes_on() -> None:
    course = Course(TWO, local=UnjudgeableSample("no_evidence"), llm=0.7)
    assert course.path == [("local", "unavailable"), ("llm", "decided")]
    assert course.verdict.path[0].reason == "no_evidence"
    assert first_of(course) == (1.0, "escalated", True)
    both = Course(TWO, local=UnjudgeableSample("no_evidence"), llm=UnjudgeableSample("too_long"))
    assert both.outcome == Skipped(reason="too_long")


def test_high_stakes_go_straight_to_the_last_tier() -> None:
    course = Course(make_rubric("local", "llm", "panel", stakes="high"), local=0.01, llm=0.5, panel=0.02)
    assert course.path == [("local", "escalated"), ("panel", "decided")]
    assert course.verdict.path[0].reason == "high stakes"
    assert course.asked == ["local", "panel"]


@pytest.mark.parametrize(
    ("local", "llm", "reason"),
    [
        (0.3, 0.7, "llm flags it, local does not"),
        (0.7, 0.3, "local flags it, llm does not"),
        (0.89, 0.5, ""),
        (0.06, 0.49, ""),
        (0.06, 0.04, ""),
        (0.3, None, ""),
        (0.7, None, "local flags it, llm does not"),
    ],
)
def test_panel_is_asked_where_screen_and_model_disagree(local: float, llm: float | None, reason: str) -> None:
    course = Course(THREE, local=local, llm=verdict("llm", llm), panel=0.99)
    if reason:
        assert course.path == [("local", "escalated"), ("llm", "escalated"), ("panel", "decided")]
        assert course.verdict.path[1].reason == reason
        assert course.scored.scores["hallucination_risk"] == 0.99
    else:
        assert course.path == [("local", "escalated"), ("llm", "decided")]


def test_risks_far_apart_on_one_side_of_the_cut_are_a_disagreement() -> None:
    rubric = make_rubric("local", "llm", "panel", escalate_when={"risk_apart": 0.2})
    course = Course(rubric, local=0.06, llm=0.45, panel=0.3)
    assert course.verdict.path[1].reason == "local and llm lie 0.39 apart"
    calm = make_rubric("local", "llm", "panel", escalate_when={"disagreement": False})
    assert Course(calm, local=0.06, llm=0.99, panel=0.3).asked == ["local", "llm"]


def test_split_panel_asks_for_a_person() -> None:
    why = "the panel is split: 2 of 3 members flag it"
    told = {"votes": [{"model": "a"}], "explanation": "2 of 3 members flag it"}
    split = verdict("panel", 0.5, needs_review=True, review_reason=why, **told)
    course = Course(THREE, local=0.3, llm=0.7, panel=split)
    assert (course.verdict.needs_review, course.verdict.review_reason) == (True, why)
    assert course.verdict.path[-1].reason == "agrees with llm: 2 of 3 members flag it"


def test_cost_usage_and_latency_are_those_of_all_tiers() -> None:
    course = Course(THREE, local=0.3, llm=0.7, panel=0.9)
    assert course.verdict.usage.calls == 2
    assert course.verdict.cost_usd == pytest.approx(0.02)
    assert course.verdict.latency_s == 2.0
    unknown = Course(THREE, local=0.3, llm=verdict("llm", 0.7, cost_usd=None), panel=0.9)
    assert unknown.verdict.cost_usd is None, "an unknown price is not a price of 0"


@pytest.mark.parametrize("error", [ModelTimeout("slow"), ModelUnavailable("down"), ModelAccessDenied("no quota")])
def test_provider_that_is_down_is_waited_for(error: Exception) -> None:
    course = Course(TWO, local=0.4, llm=error)
    assert isinstance(course.outcome, Failed)
    assert course.outcome.error == type(error).__name__


@pytest.mark.parametrize("error", [ModelTimeout("slow"), ModelUnavailable("down"), ModelAccessDenied("no quota")])
def test_cheaper_verdict_stands_only_where_the_rubric_says_so_and_is_marked(error: Exception) -> None:
    rubric = make_rubric("local", "llm", "panel", on_failure="screen")
    course = Course(rubric, local=0.4, llm=error, panel=0.9)
    assert course.path == [("local", "escalated"), ("llm", "unavailable"), ("local", "decided")]
    assert course.verdict.path[1].reason == type(error).__name__, "a provider's words may quote the text"
    assert course.verdict.path[2].reason == "on_failure: screen"
    assert (course.verdict.degraded, course.verdict.tier) == (True, Tier.SCREEN)
    assert first_of(course) == (1.0, "escalated", False)
    later = Course(rubric, local=0.4, llm=0.8, panel=error)
    assert later.path[-2:] == [("panel", "unavailable"), ("llm", "decided")]
    assert (later.verdict.degraded, later.verdict.judge) == (True, "llm")
    assert first_of(later) == (1.0, "escalated", True), "a later tier's verdict stands"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ModelRefused("no"), Skipped),
        (InvalidVerdict("x"), Failed),
        (ConfigurationError("x"), Failed),
        (RequestRejected("status 400"), Failed),
        (ModelAccessDenied("status 403", reach="unclear"), Failed),
        (UnjudgeableSample("too_long_for_model"), Skipped),
    ],
)
def test_text_cannot_choose_the_cheaper_judge(error: Exception, expected: type[Outcome]) -> None:
    """A text that makes the model refuse or break its reply does not get the screen's verdict, whatever the policy."""
    course = Course(make_rubric("local", "llm", on_failure="screen"), local=0.4, llm=error)
    assert isinstance(course.outcome, expected)


def test_unjudgeable_by_the_screen_is_not_a_verdict_to_fall_back_to() -> None:
    rubric = make_rubric("local", "llm", on_failure="screen")
    course = Course(rubric, local=UnjudgeableSample("no_evidence"), llm=ModelTimeout("slow"))
    assert isinstance(course.outcome, Failed)


def test_model_then_panel_is_a_cascade_too() -> None:
    rubric = make_rubric("llm", "panel")
    assert Course(rubric, llm=0.5, panel=0.9).path == [("llm", "escalated"), ("panel", "decided")]
    assert Course(rubric, llm=0.99, panel=0.9).path == [("llm", "decided")]


def test_incomplete_verdict_of_any_tier_is_a_failure() -> None:
    hole = verdict("llm", 0.2, claims=(), kind=ResponseKind.ANSWER)
    outcome = Course(TWO, local=0.4, llm=hole).outcome
    assert isinstance(outcome, Failed)
    assert outcome.error == "IncompleteVerdict"


# The audit


def audited(rubric: Rubric, n: int = 2000) -> list[Verdict]:
    """Verdicts on n samples that the screen is sure of and the model sees otherwise."""
    cascade = Cascade([CascadeTier(Teller("local", 0.01)), CascadeTier(Teller("llm", 0.8))], rubric)

    async def ask() -> list[Verdict]:
        return [await cascade.assess(sample(f"id-{i}"), rubric) for i in range(n)]

    return asyncio.run(ask())


def with_share(share: float, name: str = "r") -> Rubric:
    return make_rubric("local", "llm", audit_share=share, name=name)


def test_share_of_what_is_sure_is_audited_all_the_same_and_both_verdicts_are_kept() -> None:
    verdicts = audited(with_share(0.05))
    assert len([v for v in verdicts if v.judge == "llm"]) in range(70, 131)
    one = next(v for v in verdicts if v.judge == "llm")
    assert one.screening is not None
    assert (one.screening.why, one.screening.pi2, one.screening.phase2) == ("audited", 0.05, True)
    assert one.screening.scores["hallucination_risk"] == 0.01
    assert one.risk == 0.8
    assert [(s.judge, s.outcome) for s in one.path] == [("local", "audited"), ("llm", "decided")]
    assert one.path[0].reason == "risk 0.01 outside 0.05–0.9; drawn for the audit at 0.05"
    assert all(v.screening is not None and v.screening.pi2 == 0.05 for v in verdicts)


def ids_drawn(rubric: Rubric) -> set[int]:
    return {n for n, v in enumerate(audited(rubric, 600)) if v.judge == "llm"}


def test_audit_is_nested_in_its_share_drawn_apart_for_each_rubric_and_the_same_every_time() -> None:
    small, large, other = ids_drawn(with_share(0.1)), ids_drawn(with_share(0.3)), ids_drawn(with_share(0.3, "other"))
    assert small < large
    assert ids_drawn(with_share(0.1)) == small
    assert 30 < len(large & other) < 85, "independent draws meet in about 0.09 of 600"
    assert not ids_drawn(with_share(0.0))
    assert len(ids_drawn(with_share(1.0))) == 600


def test_disputed_audit_goes_to_the_panel() -> None:
    rubric = make_rubric("local", "llm", "panel", audit_share=1.0)
    course = Course(rubric, local=0.01, llm=0.8, panel=0.3)
    assert course.path == [("local", "audited"), ("llm", "escalated"), ("panel", "decided")]


# Calibration and revision


def tier_calibration(rubric: Rubric, judge: str, slope: float = 1.0, intercept: float = 0.0) -> Calibration:
    curve = LogisticCurve(slope=slope, intercept=intercept)
    return make_calibration(
        rubric=rubric.name, rubric_hash=risk_hash(rubric, judge), judge=judge, judge_fingerprint="f", curve=curve
    )


def cascade_of(rubric: Rubric, *calibrations: Calibration, prints: str = "ff", **given: Any) -> Evaluator:
    by_judge = {one.judge: one for one in calibrations}
    tiers = [
        CascadeTier(Teller(name, given.get(name, 0.5), print_), by_judge.get(name))
        for name, print_ in zip(rubric.judge.tiers, prints, strict=True)
    ]
    return Evaluator(rubric, Cascade(tiers, rubric))


def test_each_tier_is_calibrated_by_its_own_curve_alone() -> None:
    low = tier_calibration(TWO, "local", intercept=-8.0)
    outcome = asyncio.run(cascade_of(TWO, low, local=0.5, llm=0.9).evaluate(sample()))
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert [step.outcome for step in outcome.verdict.path] == ["decided"], "the band is read on the calibrated scale"
    assert (outcome.verdict.calibrated, outcome.verdict.raw_risk) == (True, 0.5)
    assert outcome.scores["hallucination_risk"] < 0.01
    up = tier_calibration(TWO, "llm", intercept=2.0)
    outcome = asyncio.run(cascade_of(TWO, up, local=0.5, llm=0.5).evaluate(sample()))
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert outcome.verdict.calibrated
    assert outcome.verdict.raw_risk == 0.5
    assert outcome.scores["hallucination_risk"] == pytest.approx(0.88, abs=0.01)
    assert outcome.verdict.screening is not None
    assert outcome.verdict.screening.scores["hallucination_risk"] == 0.5
    outcome = asyncio.run(cascade_of(TWO, low, local=0.9999, llm=0.5).evaluate(sample()))
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert (outcome.verdict.judge, outcome.verdict.calibrated) == ("llm", False), "the deciding tier has no curve"


def test_calibration_of_another_judge_is_refused() -> None:
    tiers = [CascadeTier(Teller("local", 0.5)), CascadeTier(Teller("llm", 0.5), tier_calibration(TWO, "local"))]
    with pytest.raises(CalibrationError, match="fitted for judge 'local'"):
        Cascade(tiers, TWO)


def test_calibration_of_a_tier_survives_a_change_of_what_is_escalated() -> None:
    wider = make_rubric("local", "llm", escalate_when={"risk_between": [0.2, 0.5]}, audit_share=0.2, stakes="high")
    other_model = make_rubric("local", "llm", llm={"model": "other"})
    for judge in ("local", "llm"):
        assert tier_calibration(TWO, judge).mismatch(wider, Teller(judge, 0.5)) is None
    assert tier_calibration(TWO, "local").mismatch(other_model, Teller("local", 0.5)) is None
    assert tier_calibration(TWO, "llm").mismatch(other_model, Teller("llm", 0.5)) is not None


def test_revision_covers_every_tier_and_every_calibration() -> None:
    revisions = [
        cascade_of(TWO).revision,
        cascade_of(TWO, prints="gf").revision,
        cascade_of(TWO, prints="fg").revision,
        cascade_of(make_rubric("local", "llm", stakes="high")).revision,
        cascade_of(TWO, tier_calibration(TWO, "local")).revision,
        cascade_of(TWO, tier_calibration(TWO, "llm")).revision,
        cascade_of(TWO, tier_calibration(TWO, "llm"), tier_calibration(TWO, "local")).revision,
    ]
    assert len(set(revisions)) == len(revisions)
    assert cascade_of(TWO).revision == revisions[0]


def test_cascade_of_one_tier_is_none_and_close_closes_all() -> None:
    with pytest.raises(ValueError, match="two tiers"):
        Cascade([CascadeTier(Teller("local", 0.5))], TWO)
    tellers = [Teller("local", 0.5), Teller("llm", 0.5)]
    asyncio.run(Cascade([CascadeTier(teller) for teller in tellers], TWO).close())
    assert all(teller.closed for teller in tellers)


risks = st.one_of(st.floats(0, 1), st.none())
answers = st.one_of(
    risks, st.sampled_from([ModelTimeout("t"), ModelRefused("r"), InvalidVerdict("i"), ValueError("bug")])
)


@given(
    risks, answers, answers, st.floats(0, 1), st.sampled_from(["wait", "screen"]), st.sampled_from(["standard", "high"])
)
@example(0.5, None, ModelTimeout("t"), 0.0, "screen", "standard")
def test_whatever_happens_the_outcome_tells_who_decided_or_is_no_score(
    local: float | None, llm: Any, panel: Any, share: float, on_failure: str, stakes: str
) -> None:
    rubric = make_rubric("local", "llm", "panel", audit_share=share, on_failure=on_failure, stakes=stakes)

    def told(name: str, value: Any) -> Given:
        return value if isinstance(value, Exception) else verdict(name, value)

    course = Course(rubric, local=told("local", local), llm=told("llm", llm), panel=told("panel", panel))
    if not isinstance(course.outcome, Scored):
        assert any(isinstance(value, Exception) for value in (llm, panel))
        return
    *before, last = course.verdict.path
    assert last.outcome == "decided"
    assert last.judge == course.verdict.judge
    assert all(step.outcome != "decided" for step in before)
    assert course.verdict.degraded == any(step.outcome == "unavailable" for step in before)
    pi2, why, phase2 = first_of(course)
    assert phase2 == (course.verdict.judge != "local")
    assert (why == "passed") == (len(course.verdict.path) == 1)
    assert pi2 == (1.0 if why == "escalated" else share)
    assert (course.outcome.state is GroundingState.REFUSAL) == (not course.outcome.scores)


def paid(error: EvaluationError, cost_usd: float | None) -> EvaluationError:
    error.usage, error.cost_usd = Usage(calls=2, prompt_tokens=5), cost_usd
    return error


def test_cascade_that_falls_back_counts_what_the_failed_tier_had_cost() -> None:
    rubric = make_rubric("local", "llm", on_failure="screen")
    down = paid(ModelUnavailable("down after a call"), 0.02)
    down.cost_basis = "list prices as of 2026-11"
    course = Course(rubric, local=0.5, llm=down)
    assert course.verdict.degraded
    assert course.verdict.cost_basis == "list prices as of 2026-11"
    assert (course.verdict.usage.calls, course.verdict.cost_usd) == (2, 0.02)


def test_cascade_that_fails_says_what_all_its_tiers_had_cost() -> None:
    course = Course(THREE, local=0.3, llm=0.99, panel=paid(ModelRefused("no"), 0.05))
    assert isinstance(course.outcome, Skipped)
    assert course.outcome.usage == Usage(calls=3, prompt_tokens=15)
    assert course.outcome.cost_usd == pytest.approx(0.06)


def test_cascade_knows_no_cost_where_a_tier_knows_none() -> None:
    course = Course(THREE, local=0.3, llm=0.99, panel=paid(InvalidVerdict("no"), None))
    assert isinstance(course.outcome, Failed)
    assert (course.outcome.usage.calls, course.outcome.cost_usd) == (3, None)


def test_cascade_counts_a_tier_whose_verdict_did_not_count() -> None:
    halved = verdict("llm", 0.9, claims=())  # leaves the sentence out
    course = Course(TWO, local=0.5, llm=halved)
    assert isinstance(course.outcome, Failed)
    assert course.outcome.error == "IncompleteVerdict"
    assert (course.outcome.usage.calls, course.outcome.cost_usd) == (1, 0.01)
