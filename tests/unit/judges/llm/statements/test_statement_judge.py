"""The judge by statements over real HTTP: probabilities kept, rules over them, no number of a failure."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest

from assay.judges.errors import CallHeld, InvalidVerdict, ModelAccessDenied, ModelRefused, UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.numbering import GroundingLimits
from assay.judges.llm.statements.forms import DecisionForm, SentenceForm, StatementForm
from assay.judges.llm.statements.judge import MOST_UNHEARD, StatementJudge
from assay.judges.prices import Price, PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import (
    ClaimVerdict,
    GroundingState,
    Outcome,
    ResponseKind,
    Sample,
    Scored,
    Skipped,
    Tier,
    Verdict,
)
from tests.chat_models import open_model
from tests.servers.decision_server import DecisionServer, systemone_answer, token_of, word_answer
from tests.servers.openai_server import Answer, Body, Step, completion

PRICES = PriceTable(checked="2026-11", models={"m": Price(input=1.0, cached_input=0.1, output=2.0)})
BRIDGE = "The bridge was opened in 1932 by the mayor. It has two railway tracks.", "Ships of 40 metres pass under it."
GOOD = "The bridge was opened in 1932 by the mayor. It has two railway tracks."
Form = Literal["systemone", "decisions", "sentences"]
ALL_FORMS = pytest.mark.parametrize("form", ["systemone", "decisions", "sentences"])


def rubric(**options: Any) -> Rubric:
    ask = {"model": "m", **options}
    judge = {"tiers": ["decision", "llm"], "decision": ask, "llm": {"ask": "sentences", **ask}}
    return Rubric.model_validate({"name": "r", "judge": judge, "rules": {"values": ["number", "date", "money"]}})


def sample(response: str = GOOD, *contexts: str, question: str = "When did it open?") -> Sample:
    return Sample(id="s", question=question, contexts=contexts or BRIDGE, response=response)


def judge_at(server: DecisionServer, form: Form) -> StatementJudge:
    protocol = "openai" if form == "sentences" else form
    model = open_model(server.url, protocol=protocol, attempts=1)
    return StatementJudge(model, PRICES, SentenceForm() if form == "sentences" else DecisionForm())


def assess(
    form: Form, judged: Sample, script: list[Step] | None = None, **options: Any
) -> tuple[Verdict, DecisionServer]:
    async def run(judge: StatementJudge) -> Verdict:
        try:
            return await judge.assess(judged, rubric(**options))
        finally:
            await judge.close()

    with DecisionServer(script or []) as server:
        return asyncio.run(run(judge_at(server, form))), server


def evaluate(form: Form, judged: Sample, script: list[Step] | None = None, **options: Any) -> Outcome:
    async def run(judge: StatementJudge) -> Outcome:
        try:
            return await Evaluator(rubric(**options), judge).evaluate(judged)
        finally:
            await judge.close()

    with DecisionServer(script or []) as server:
        return asyncio.run(run(judge_at(server, form)))


def sure(p: float, form: Form) -> Step:
    """Every statement of a request has this probability."""
    if form == "sentences":
        return lambda request: word_answer(request, p)
    if form == "systemone":
        return lambda request: systemone_answer(
            request, {name: {"type": "noul", "noul": p} for name in request["questions"]}
        )

    def step(request: Body) -> Answer:
        named = [{"type": "predicate", "name": each["name"], "probability": p} for each in request["questions"]]
        return Answer({"model": "m", "answers": named, "usage": {"input_tokens": 9, "output_tokens": 0}})

    return step


@ALL_FORMS
def test_each_statement_has_its_probability_and_the_lines_it_rests_on(form: Form) -> None:
    verdict, _ = assess(form, sample("Sure! It was opened in 1932 by the mayor. Purple elephants painted it."))
    told, invented = verdict.claims
    assert (told.verdict, invented.verdict) == (ClaimVerdict.SUPPORTED, ClaimVerdict.NOT_FOUND)
    assert told.p_supported == pytest.approx(7 / 8, abs=0.01)
    assert invented.p_supported == pytest.approx(0.25, abs=0.01)
    assert [BRIDGE[line.context][line.start : line.end] for line in told.evidence] == [BRIDGE[0][:43]]
    assert invented.evidence == ()
    assert verdict.tier is (Tier.LLM if form == "sentences" else Tier.DECISION)
    assert {told.p_source, verdict.judge} == ({"tokens", "llm"} if form == "sentences" else {"decision"})


@ALL_FORMS
def test_a_changed_digit_that_the_model_is_sure_of_falls_by_the_rules(form: Form) -> None:
    response = "The bridge was opened in 1987 by the mayor. It has 17 railway tracks. Ships of 40 metres pass under it."
    outcome = evaluate(form, sample(response), [sure(0.98, form)] * 3)
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    year, tracks, ships = outcome.verdict.claims
    for changed in (year, tracks):
        assert changed.verdict is not ClaimVerdict.SUPPORTED
        assert changed.source == "rule:values"
    assert ships.verdict is ClaimVerdict.SUPPORTED
    assert ships.p_supported == pytest.approx(0.98)
    assert outcome.scores["groundedness"] == pytest.approx(1 / 3)


@ALL_FORMS
def test_the_probability_is_kept_and_never_rounded_to_a_verdict(form: Form) -> None:
    outcome = evaluate(form, sample(), [sure(0.71, form)] * 2)
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert [claim.p_supported for claim in outcome.verdict.claims] == pytest.approx([0.71, 0.71])
    assert outcome.scores["groundedness"] == 1.0
    assert 0.29 <= outcome.scores["hallucination_risk"] < 0.5


def test_one_request_asks_a_decision_model_about_every_statement() -> None:
    verdict, server = assess("systemone", sample())
    (request,) = server.requests
    assert request.path == "/v1/systemone"
    assert set(request.body) == {"model", "state", "questions"}
    assert list(request.body["questions"]) == ["R1", "R2"]
    assert (verdict.usage.calls, verdict.model_served) == (1, "m-20260917")
    assert verdict.cost_usd == pytest.approx((verdict.usage.prompt_tokens + 2 * verdict.usage.completion_tokens) / 1e6)


def test_the_sentence_form_asks_one_word_for_each_and_adds_up_what_it_took() -> None:
    verdict, server = assess("sentences", sample())
    assert [request.body["max_tokens"] for request in server.requests] == [4, 4]
    assert all(request.body["logprobs"] and "response_format" not in request.body for request in server.requests)
    prompt_tokens = sum(sum(len(m["content"]) for m in request.body["messages"]) // 4 for request in server.requests)
    assert (verdict.usage.calls, verdict.usage.prompt_tokens) == (2, prompt_tokens)
    assert verdict.cost_usd is not None
    assert verdict.cost_usd > 0


@ALL_FORMS
@pytest.mark.parametrize(
    ("response", "kind", "state"),
    [
        ("I'm sorry, I cannot answer that.", ResponseKind.REFUSAL, GroundingState.REFUSAL),
        ("Hello! How can I help you?", ResponseKind.NO_CLAIMS, GroundingState.NO_CLAIMS),
    ],
)
def test_what_states_nothing_takes_no_call(
    form: Form, response: str, kind: ResponseKind, state: GroundingState
) -> None:
    verdict, server = assess(form, sample(response))
    assert (verdict.kind, verdict.claims, verdict.cost_usd, server.requests) == (kind, (), 0.0, [])
    outcome = evaluate(form, sample(response))
    assert isinstance(outcome, Scored)
    assert (outcome.scores, outcome.state) == ({}, state)


@ALL_FORMS
def test_support_that_nothing_ties_to_the_evidence_is_none(form: Form) -> None:
    steps = [sure(0.99, form)]
    (claim,) = assess(form, sample("Purple elephants painted many houses."), steps)[0].claims
    assert (claim.verdict, claim.p_supported) == (ClaimVerdict.NOT_FOUND, None)
    assert claim.source.endswith(":ungrounded")
    (foreign,) = assess(form, sample("Die Eröffnung erfolgte durch den Bürgermeister selbst."), steps)[0].claims
    assert (foreign.verdict, foreign.evidence) == (ClaimVerdict.SUPPORTED, ())
    assert "another language" in foreign.reason


def answers(**nouls: Any) -> Step:
    return lambda request: systemone_answer(request, {name: {"type": "noul", "noul": p} for name, p in nouls.items()})


BROKEN: dict[str, Step] = {
    "one is missing": answers(R1=0.9),
    "none": answers(),
    "above one": answers(R1=0.9, R2=1.2),
    "below zero": answers(R1=0.9, R2=-0.1),
    "text": answers(R1=0.9, R2="0.9"),
    "a boolean": answers(R1=0.9, R2=True),
    "null": answers(R1=0.9, R2=None),
    "not a number": Answer(
        b'{"model":"m","answers":{"R1":{"type":"noul","noul":0.9},"R2":{"type":"noul","noul":NaN}},'
        b'"usage":{"input_tokens":100,"output_tokens":20}}'
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_statement_without_a_probability_fails_the_sample_and_is_paid_for(broken: str) -> None:
    with pytest.raises(InvalidVerdict, match="no probability for sentence") as caught:
        assess("systemone", sample(), [BROKEN[broken]])
    assert caught.value.usage.calls == 1
    assert caught.value.cost_usd


def test_two_answers_to_one_question_are_none() -> None:
    twice = [{"type": "predicate", "name": "R1", "probability": p} for p in (0.1, 0.9)]
    body = {"model": "m", "answers": [*twice, {"type": "predicate", "name": "R2", "probability": 0.9}], "usage": {}}
    with pytest.raises(InvalidVerdict):
        assess("decisions", sample(), [Answer(body)])


def test_a_declined_question_is_a_refusal_and_no_outage() -> None:
    body = {"model": "m", "answers": [{"type": "refusal", "name": None}], "usage": {"input_tokens": 50}}
    with pytest.raises(ModelRefused) as caught:
        assess("decisions", sample(), [Answer(body)])
    assert caught.value.usage.prompt_tokens == 50
    assert isinstance(evaluate("decisions", sample(), [Answer(body)]), Skipped)


def test_an_endpoint_without_token_probabilities_says_what_to_do() -> None:
    plain: Step = lambda request: Answer(completion("Yes", request))  # noqa: E731  # a step
    with pytest.raises(ModelAccessDenied, match=r"judge\.llm\.ask: table") as caught:
        assess("sentences", sample(), [plain] * 2)
    assert caught.value.usage.calls == 1


def test_an_endpoint_without_token_probabilities_is_paid_once_and_then_waited_for() -> None:
    plain: Step = lambda request: Answer(completion("Yes", request))  # noqa: E731  # a step

    async def run(judge: StatementJudge) -> None:
        with pytest.raises(ModelAccessDenied):
            await judge.assess(sample(), rubric())
        with pytest.raises(CallHeld, match="no token probabilities") as caught:
            await judge.assess(sample("Ships of 40 metres pass under it."), rubric())
        assert (caught.value.reason, caught.value.retry_after_s > 60) == ("access", True)
        assert (await judge.assess(sample("Hello!"), rubric())).kind is ResponseKind.NO_CLAIMS
        await judge.close()

    with DecisionServer([plain] * 9) as server:
        asyncio.run(run(judge_at(server, "sentences")))
        assert len(server.requests) == 1


def test_a_word_that_is_neither_fails_and_ends_the_other_calls() -> None:
    def other(request: Body) -> Answer:
        body = completion("Maybe", request)
        body["choices"][0]["logprobs"] = {"content": [token_of({"Maybe": 0.9, "Yes": 0.05})]}
        return Answer(body)

    with pytest.raises(InvalidVerdict, match="neither Yes nor No"):
        assess("sentences", sample(), [sure(0.9, "sentences"), other])


MANY = " ".join(f"Ship number {number} passed under the bridge." for number in range(1, 31))


def test_more_calls_than_allowed_are_told_before_the_first() -> None:
    with pytest.raises(UnjudgeableSample, match="too_expensive"):
        assess("sentences", sample(MANY), max_calls=29)
    verdict, server = assess("sentences", sample(MANY), max_calls=7, too_expensive="sample")
    assert (len(server.requests), len(verdict.claims), len(verdict.unjudged)) == (7, 7, 23)
    again, _ = assess("sentences", sample(MANY), max_calls=7, too_expensive="sample")
    assert [claim.span for claim in again.claims] == [claim.span for claim in verdict.claims]
    outcome = evaluate("sentences", sample(MANY), max_calls=7, too_expensive="sample")
    assert isinstance(outcome, Scored)
    assert outcome.state is GroundingState.PARTLY_JUDGED


def test_a_price_above_the_bound_is_told_before_the_first_call() -> None:
    with pytest.raises(UnjudgeableSample, match="too_expensive"):
        assess("systemone", sample(), max_usd=1e-9)
    verdict, _ = assess("systemone", sample(), max_usd=1.0)
    assert len(verdict.claims) == 2


def test_evidence_in_many_tokens_is_cut_to_what_a_state_holds() -> None:
    context = "橋は1932年に市長によって開通した。" * 4_000
    verdict, server = assess("systemone", sample("橋は1932年に開通した。", context))
    assert len(server.requests[0].body["state"]) < 32_768
    assert verdict.partial_context


def test_cancelling_ends_the_calls_under_way() -> None:
    hanging: Step = lambda request: Answer(completion("Yes", request), delay_s=30)  # noqa: E731  # a step

    async def run(judge: StatementJudge, server: DecisionServer) -> None:
        task = asyncio.ensure_future(judge.assess(sample(MANY), rubric()))
        while len(server.requests) < 4:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await judge.close()

    with DecisionServer([sure(0.9, "sentences"), *[hanging] * 40]) as server:
        asyncio.run(run(judge_at(server, "sentences"), server))


def test_the_plan_tells_the_calls_without_asking() -> None:
    model = open_model("http://127.0.0.1:9/v1")
    assert StatementJudge(model, PRICES, SentenceForm()).plan(sample(MANY), rubric()).calls == 30
    assert StatementJudge(model, PRICES, DecisionForm()).plan(sample(MANY), rubric()).calls == 1


@pytest.mark.parametrize("change", ["model", "form", "limits"])
def test_the_fingerprint_covers_what_may_change_a_verdict(change: str) -> None:
    def fingerprint(model: str = "a", form: StatementForm = SentenceForm(), **limits: int) -> str:  # noqa: B008  # no state
        asked = open_model("http://127.0.0.1:9/v1", model=model)
        return StatementJudge(asked, PRICES, form, limits=GroundingLimits(**limits)).fingerprint

    others = {
        "model": fingerprint("b"),
        "form": fingerprint(form=DecisionForm()),
        "limits": fingerprint(evidence_chars=100),
    }
    assert fingerprint() == fingerprint() != others[change]


def test_a_canned_answer_to_one_text_keeps_nobody_else_from_being_judged() -> None:
    canned: Step = lambda request: Answer(completion("No.", request))  # noqa: E731  # a step

    async def run(judge: StatementJudge) -> None:
        one = sample("Ships of 40 metres pass under it.")
        await judge.assess(one, rubric())
        for _ in range(MOST_UNHEARD):
            with pytest.raises(InvalidVerdict, match="no token probabilities"):
                await judge.assess(one, rubric())
        with pytest.raises(ModelAccessDenied):
            await judge.assess(one, rubric())
        await judge.close()

    with DecisionServer([sure(0.9, "sentences"), *[canned] * (MOST_UNHEARD + 1)]) as server:
        asyncio.run(run(judge_at(server, "sentences")))
