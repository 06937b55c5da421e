"""What one sample may cost: known before its first call, skipped or judged in part where it is too much."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.call_plan import CallPlan, Purse, affordable, drawn
from assay.judges.errors import ConfigurationError, ModelUnavailable, UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.llm.graded.judge import GradedJudge
from assay.judges.llm.graded.prompt import GradedLimits
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.grounding.numbering import GroundingLimits, divide
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.scripted import ScriptedModel, ScriptedReply
from assay.judges.panel import PanelJudge
from assay.judges.prices import Price, PriceTable
from assay.judges.rubric import LlmOptions, Rubric, parse_rubric
from assay.judges.schema import Failed, GroundingState, Outcome, RubricState, Sample, Scored, Skipped, Usage
from assay.judges.text.form import statements
from tests.chat_models import open_model
from tests.servers.lexical_judge import lexical_verdict
from tests.servers.openai_server import Answer, OpenAIServer

PRICES = PriceTable(checked="2026-11", models={"m": Price(input=1.0, cached_input=0.1, output=10.0)})
TEN_EACH = GroundingLimits(part_sentences=10)
FACTS = " ".join(f"Fact number {i} holds." for i in range(100))
SAMPLE = Sample(id="s", contexts=(FACTS,), response=FACTS)


def rubric(**llm: Any) -> Rubric:
    options = {"model": "m", "max_tokens": 100, **llm}
    return parse_rubric(json.dumps({"name": "grounding", "judge": {"tiers": ["llm"], "llm": options}}), source="test")


def options(**llm: Any) -> LlmOptions:
    return LlmOptions(model="m", **llm)


def by_overlap(messages: Sequence[ChatMessage]) -> ScriptedReply:
    return lexical_verdict(messages[1].content)


def evaluated(model: Any, sample: Sample, wanted: Rubric, limits: GroundingLimits = TEN_EACH) -> Outcome:
    return asyncio.run(Evaluator(wanted, LlmJudge(model, PRICES, limits=limits)).evaluate(sample))


def test_sample_that_takes_too_many_calls_is_skipped_before_the_first() -> None:
    model = ScriptedModel(by_overlap, model="m")
    outcome = evaluated(model, SAMPLE, rubric(max_calls=9))
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "too_expensive"
    assert "takes 10 calls, 9 are allowed" in outcome.detail
    assert "judge.llm.max_calls" in outcome.detail
    assert (model.requests, outcome.cost_usd) == ([], 0.0)


def test_sample_within_its_calls_is_judged_whole() -> None:
    outcome = evaluated(ScriptedModel(by_overlap, model="m"), SAMPLE, rubric(max_calls=10))
    assert isinstance(outcome, Scored)
    assert outcome.state is GroundingState.JUDGED
    assert outcome.verdict is not None
    assert (outcome.verdict.usage.calls, outcome.verdict.unjudged) == (10, ())


def test_part_of_a_sample_is_judged_and_said_wherever_it_is_told() -> None:
    model = ScriptedModel(by_overlap, model="m")
    outcome = evaluated(model, SAMPLE, rubric(max_calls=3, too_expensive="sample"))
    assert isinstance(outcome, Scored)
    assert len(model.requests) == 3
    assert outcome.state is GroundingState.PARTLY_JUDGED
    assert outcome.scores["groundedness"] == 1.0
    assert outcome.risk_label is None, "a part is never called low risk"
    told = [outcome.comment, *(outcome.comments[name] for name in outcome.scores)]
    assert all(comment.startswith("Only 30 of 100 sentences were judged.") for comment in told)


def test_what_was_judged_and_what_was_not_are_together_all() -> None:
    outcome = evaluated(ScriptedModel(by_overlap, model="m"), SAMPLE, rubric(max_calls=3, too_expensive="sample"))
    assert isinstance(outcome, Scored)
    verdict = outcome.verdict
    assert verdict is not None
    spans = statements(SAMPLE.response)
    judged = {claim.span for claim in verdict.claims}
    left = {s for s in spans if any(o.start <= s.start and s.end <= o.end for o in verdict.unjudged)}
    assert judged | left == set(spans)
    assert not judged & left
    assert len(judged) == 30


def test_false_sentence_that_was_not_drawn_is_not_called_true() -> None:
    """The risk of a part is what its sentences say, and no rule makes claims of what nobody judged."""
    lies = SAMPLE.model_copy(update={"response": FACTS.replace("holds", "fails miserably today")})
    whole = evaluated(ScriptedModel(by_overlap, model="m"), lies, rubric(max_calls=10))
    part = evaluated(ScriptedModel(by_overlap, model="m"), lies, rubric(max_calls=2, too_expensive="sample"))
    assert isinstance(whole, Scored)
    assert isinstance(part, Scored)
    assert part.scores["hallucination_risk"] > 0.5
    assert part.risk_label == whole.risk_label == "high"
    assert part.verdict is not None
    assert len(part.verdict.claims) == 20


def test_part_that_claims_nothing_says_nothing_of_the_whole() -> None:
    questions = " ".join(f"Would you like to hear more about item {i}?" for i in range(100))

    def nothing(messages: Sequence[ChatMessage]) -> ScriptedReply:
        numbers = re.findall(r"^R(\d+):", messages[1].content, re.M)
        return json.dumps({"kind": "no_claims", "sentences": [{"not_checkworthy": int(n)} for n in numbers]})

    sample = SAMPLE.model_copy(update={"response": questions})
    outcome = evaluated(ScriptedModel(nothing, model="m"), sample, rubric(max_calls=1, too_expensive="sample"))
    assert isinstance(outcome, Scored)
    assert (outcome.scores, outcome.state) == ({}, GroundingState.PARTLY_JUDGED)
    assert outcome.comment == "Only 10 of 100 sentences were judged. They state nothing that could be checked."


@given(st.integers(1, 60), st.integers(1, 20), st.text(min_size=1, max_size=12))
def test_draw_takes_as_many_as_allowed_and_always_the_same(count: int, allowed: int, name: str) -> None:
    sample = SAMPLE.model_copy(update={"id": name})
    taken = drawn(count, sample, options(max_calls=allowed, too_expensive="sample"))
    assert len(set(taken)) == len(taken) == min(count, allowed)
    assert set(taken) <= set(range(count))
    assert list(taken) == list(drawn(count, sample, options(max_calls=allowed, too_expensive="sample")))


def test_every_call_is_drawn_as_often_as_every_other() -> None:
    """2 of 10 for each of 2,000 samples: every call 400 times, within five standard deviations (18)."""
    counts = [0] * 10
    for number in range(2_000):
        sample = SAMPLE.model_copy(update={"id": f"trace-{number}"})
        for place in drawn(10, sample, options(max_calls=2, too_expensive="sample")):
            counts[place] += 1
    assert all(abs(count - 400) < 90 for count in counts)


def test_groundedness_of_parts_is_that_of_the_whole_on_average() -> None:
    """A tenth of the parts is wholly false: drawing 2 of 10 parts gives .9 on average over samples."""
    false = SAMPLE.model_copy(update={"response": re.sub(r"number 3(\d) holds", r"nowhere 3\1 failed badly", FACTS)})
    judge = LlmJudge(ScriptedModel(by_overlap, model="m"), PRICES, limits=TEN_EACH)
    evaluator = Evaluator(rubric(max_calls=2, too_expensive="sample"), judge)

    async def scores() -> list[float]:
        samples = (false.model_copy(update={"id": f"trace-{number}"}) for number in range(80))
        outcomes = [await evaluator.evaluate(sample) for sample in samples]
        return [outcome.scores["groundedness"] for outcome in outcomes if isinstance(outcome, Scored)]

    values = asyncio.run(scores())
    assert len(values) == 80
    assert sum(values) / len(values) == pytest.approx(0.9, abs=0.1), "over four standard errors of .022"


def test_price_is_known_before_the_first_call() -> None:
    judge = LlmJudge(ScriptedModel([], model="m"), PRICES, limits=TEN_EACH)
    plan = judge.plan(SAMPLE, rubric(max_calls=10))
    assert plan.calls == 10
    assert plan.completion_tokens == 10 * 100
    assert plan.usd == pytest.approx((plan.prompt_tokens * 1.0 + 1_000 * 10.0) / 1_000_000)


def test_sample_that_may_cost_too_much_is_skipped_before_the_first_call() -> None:
    model = ScriptedModel(by_overlap, model="m")
    outcome = evaluated(model, SAMPLE, rubric(max_calls=10, max_usd=0.01))
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "too_expensive"
    assert "0.01 are allowed" in outcome.detail
    assert model.requests == []


def test_as_many_parts_are_judged_as_the_price_allows() -> None:
    judge = LlmJudge(ScriptedModel(by_overlap, model="m"), PRICES, limits=TEN_EACH)
    one = (judge.plan(SAMPLE, rubric(max_calls=10)).usd or 0.0) / 10
    wanted = rubric(max_calls=10, max_usd=3.5 * one, too_expensive="sample")
    model = ScriptedModel(by_overlap, model="m")
    outcome = evaluated(model, SAMPLE, wanted)
    assert isinstance(outcome, Scored)
    assert len(model.requests) == 3
    assert outcome.state is GroundingState.PARTLY_JUDGED
    assert outcome.verdict is not None
    assert (outcome.verdict.cost_usd or 1.0) <= 3.5 * one


def test_price_bound_on_a_model_without_a_price_is_a_configuration_error() -> None:
    model = ScriptedModel(by_overlap, model="unlisted")
    with pytest.raises(ConfigurationError, match="unlisted has no price"):
        asyncio.run(LlmJudge(model, PRICES).assess(SAMPLE, rubric(max_usd=1.0)))
    assert model.requests == []


def test_not_even_one_call_is_too_expensive_whatever_the_policy() -> None:
    plan = CallPlan(calls=1, usd=2.0)
    with pytest.raises(UnjudgeableSample):
        affordable([plan], options(max_usd=1.0, too_expensive="sample"), "m")
    assert affordable([plan] * 3, options(max_usd=4.5, too_expensive="sample"), "m") == 2
    assert affordable([plan] * 3, options(), "m") == 3


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=8), st.floats(0, 5))
def test_purse_never_promises_more_than_it_holds(calls: list[tuple[float, float]], most: float) -> None:
    purse, spent = Purse(most, []), 0.0
    for bound, share in calls:
        plan = CallPlan(calls=1, usd=bound)
        if purse.take(plan):
            spent += bound * share
            purse.settle(plan, bound * share)
    assert spent <= most + 1e-9


def test_repair_turn_is_left_out_where_the_price_has_no_room_for_it() -> None:
    short = Sample(id="s", contexts=("It rains.",), response="It rains.")
    judge = LlmJudge(ScriptedModel([], model="m"), PRICES)
    bound = judge.plan(short, rubric()).usd or 0.0
    dear = Usage(calls=1, prompt_tokens=int(bound * 900_000))
    broken = Reply(text="x", usage=dear, model_served="m", latency_s=0.0)
    model = ScriptedModel([broken, broken], model="m")
    outcome = evaluated(model, short, rubric(max_usd=1.2 * bound), GroundingLimits())
    assert isinstance(outcome, Failed)
    assert (len(model.requests), outcome.error) == (1, "InvalidVerdict")
    roomy = ScriptedModel([broken, broken], model="m")
    evaluated(roomy, short, rubric(max_usd=20 * bound), GroundingLimits())
    assert len(roomy.requests) == 2


class Gathering:
    """A model whose calls wait for each other: the first goes alone, the rest only end once all have begun."""

    model = "m"

    def __init__(self, together: int, failing: int | None = None) -> None:
        self.begun = 0
        self.cancelled = 0
        self._together = together
        self._failing = failing
        self._all_begun = asyncio.Event()

    async def complete(self, messages: Sequence[ChatMessage], **asked: Any) -> Reply:
        self.begun += 1
        number = self.begun
        if number == self._together + 1:
            self._all_begun.set()
        try:
            if number > 1:
                await self._all_begun.wait()
            if self._failing == number:
                raise ModelUnavailable("gone")
            if self._failing is not None and number > 1:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        usage = Usage(calls=1, prompt_tokens=1_000, completion_tokens=10)
        return Reply(text=lexical_verdict(messages[1].content), usage=usage, model_served="m", latency_s=2.0)

    async def close(self) -> None:
        pass


def test_parts_are_judged_at_once_after_the_first() -> None:
    model = Gathering(together=9)
    outcome = evaluated(model, SAMPLE, rubric(max_calls=10))
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert outcome.verdict.latency_s == pytest.approx(4.0), "the first call and the slowest of the others"
    starts = [claim.span.start for claim in outcome.verdict.claims]
    assert starts == sorted(starts)


def test_part_that_fails_ends_the_others_and_all_that_answered_is_charged() -> None:
    model = Gathering(together=9, failing=4)
    outcome = evaluated(model, SAMPLE, rubric(max_calls=10))
    assert isinstance(outcome, Failed)
    assert outcome.error == "ModelUnavailable"
    assert (model.begun, model.cancelled) == (10, 8)
    assert outcome.usage.prompt_tokens == 1_000
    assert outcome.cost_usd == pytest.approx((1_000 + 10 * 10) / 1_000_000)


def test_wrong_key_costs_one_call_of_a_long_sample() -> None:
    model = Gathering(together=9, failing=1)
    assert isinstance(evaluated(model, SAMPLE, rubric(max_calls=10)), Failed)
    assert model.begun == 1


@settings(max_examples=30)
@given(st.sampled_from(["A b. ", "- item\n", "x1. ", "Nine. ", "Word by word it goes on and on, he said then. "]))
def test_calls_are_bounded_by_the_length_of_the_response(unit: str) -> None:
    """20,000 characters of whatever sentences take 7 calls at most."""
    response = (unit * (20_000 // len(unit) + 1))[:20_000]
    assert len(divide(SAMPLE.model_copy(update={"response": response}), GroundingLimits())) <= 7


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=12))
def test_no_mixture_of_sentences_takes_more_calls(lengths: list[int]) -> None:
    """Sentences of so many words, in turn, each a statement of its own."""
    cycle = "".join(" ".join(["Valley", *["sheep"] * (length - 1)]) + ". " for length in lengths)
    response = (cycle * (20_000 // len(cycle) + 1))[:20_000]
    parts = divide(SAMPLE.model_copy(update={"response": response}), GroundingLimits())
    assert len(parts) <= 7
    covered = [span for part in parts for span in part.sentences.values()]
    assert sum(span.end - span.start for span in covered) >= 0.97 * len(response.strip()), "nothing is left out"


def test_short_neighbours_share_a_number_only_where_there_are_very_many() -> None:
    few = SAMPLE.model_copy(update={"response": "".join(f"- item {n}\n" for n in range(120))})
    many = SAMPLE.model_copy(update={"response": "".join(f"- item {n}\n" for n in range(800))})
    assert sum(len(part.sentences) for part in divide(few, GroundingLimits())) == 120
    parts = divide(many, GroundingLimits())
    assert sum(len(part.sentences) for part in parts) <= 110
    covered = [span for part in parts for span in part.sentences.values()]
    read = "".join(many.response[span.start : span.end] for span in covered)
    assert all(f"item {n}" in read for n in range(800))
    assert all(span.end - span.start <= 120 for span in covered)


GRADED = """
name: passages
method: graded
judge: {tiers: [llm], llm: {model: m, max_calls: 2}}
criteria:
  - score: relevant
    direction: maximize
    question: Does the passage help to answer the question?
    per: context
    sees: [question, contexts]
    levels:
      - {label: relevant, value: 1, means: it helps}
      - {label: useless, value: 0, means: it does not}
"""


def grades(messages: Sequence[ChatMessage]) -> ScriptedReply:
    passages = re.findall(r"PASSAGE (\d+)$", messages[1].content, re.M)
    entries: list[dict[str, Any]] = [
        {"passage": int(n), "level": "relevant", "lines": [], "reason": None} for n in passages
    ]
    return json.dumps({"relevant": entries})


@pytest.mark.parametrize("policy", ["skip", "sample"])
def test_passages_beyond_the_calls_of_a_graded_rubric_are_skipped_or_left_out(policy: str) -> None:
    wanted = parse_rubric(GRADED.replace("max_calls: 2", f"max_calls: 2, too_expensive: {policy}"), source="test")
    contexts = tuple(f"Passage {n} tells this." for n in range(12))
    sample = Sample(id="s", question="What is told?", contexts=contexts, response="This.")
    model = ScriptedModel(grades, model="m")
    judge = GradedJudge(model, PRICES, limits=GradedLimits(passages=3))
    outcome = asyncio.run(Evaluator(wanted, judge).evaluate(sample))
    if policy == "skip":
        assert isinstance(outcome, Skipped)
        assert (outcome.reason, model.requests) == ("too_expensive", [])
        return
    assert isinstance(outcome, Scored)
    assert outcome.state is RubricState.PARTIAL_INPUT
    assert len(model.requests) == 2
    assert outcome.verdict is not None
    assert len(outcome.verdict.grades) == 6


def cut_by(window: int) -> ScriptedModel:
    """A model whose endpoint reads no more than so many tokens of a prompt, and says that it read a part."""

    def reply(messages: Sequence[ChatMessage]) -> ScriptedReply:
        words = sum(len(message.content.split()) for message in messages)
        usage = Usage(calls=1, prompt_tokens=min(words, window), completion_tokens=10)
        text = lexical_verdict(messages[1].content)
        return Reply(text=text, usage=usage, model_served="m", latency_s=0.0, prompt_cut=words > window)

    return ScriptedModel(reply, model="m")


def test_judge_whose_prompt_was_cut_gives_no_number_and_says_why() -> None:
    outcome = evaluated(cut_by(200), SAMPLE, rubric(max_calls=10), GroundingLimits())
    assert isinstance(outcome, Scored)
    assert (outcome.scores, outcome.state, outcome.risk_label) == ({}, GroundingState.PARTIAL_CONTEXT, None)
    assert set(outcome.not_applicable.values()) == {"partial_context"}
    assert "cut the prompt" in outcome.comment
    assert all("cut the prompt" in comment for comment in outcome.comments.values())
    assert outcome.verdict is not None
    assert outcome.verdict.partial_context
    assert "larger window" in outcome.verdict.explanation


def test_prompt_read_to_its_end_is_scored() -> None:
    outcome = evaluated(cut_by(100_000), SAMPLE, rubric(max_calls=10), GroundingLimits())
    assert isinstance(outcome, Scored)
    assert outcome.state is GroundingState.JUDGED
    assert outcome.scores["groundedness"] == 1.0


def test_cut_prompt_of_a_graded_rubric_gives_no_number() -> None:
    def reply(messages: Sequence[ChatMessage]) -> ScriptedReply:
        usage = Usage(calls=1, prompt_tokens=100, completion_tokens=10)
        return Reply(text=str(grades(messages)), usage=usage, model_served="m", latency_s=0.0, prompt_cut=True)

    sample = Sample(id="s", question="What is told?", contexts=("Much.",), response="This.")
    judge = GradedJudge(ScriptedModel(reply, model="m"), PRICES)
    outcome = asyncio.run(Evaluator(parse_rubric(GRADED, source="test"), judge).evaluate(sample))
    assert isinstance(outcome, Scored)
    assert (outcome.scores, outcome.state) == ({}, RubricState.PARTIAL_INPUT)


def test_cut_prompt_is_seen_over_http() -> None:
    """As Ollama answers: a verdict as ever, and 200 tokens counted of a prompt of some thousands."""
    facts = " ".join(f"Fact number {i} holds." for i in range(1_500))
    sample = Sample(id="s", contexts=(facts,), response="Fact number 3 holds.")
    good = json.dumps({"kind": "answer", "sentences": [{"supported": 1, "evidence": [4], "p": 97}]})
    body = {
        "model": "m",
        "choices": [{"message": {"role": "assistant", "content": good}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 200, "completion_tokens": 30, "total_tokens": 230},
    }

    async def run(url: str) -> Outcome:
        judge = LlmJudge(open_model(model="m", url=url), PRICES)
        try:
            return await Evaluator(rubric(), judge).evaluate(sample)
        finally:
            await judge.close()

    with OpenAIServer(default=Answer(body)) as server:
        outcome = asyncio.run(run(server.url))
    assert isinstance(outcome, Scored)
    assert (outcome.scores, outcome.state) == ({}, GroundingState.PARTIAL_CONTEXT)


def test_members_of_a_panel_judge_the_same_part_and_call_nothing_of_the_rest() -> None:
    wanted = rubric(max_calls=3, too_expensive="sample")
    models = [ScriptedModel(by_overlap, model="m") for _ in range(2)]
    members = {f"m{n}": LlmJudge(model, PRICES, limits=TEN_EACH) for n, model in enumerate(models)}
    outcome = asyncio.run(Evaluator(wanted, PanelJudge(members)).evaluate(SAMPLE))
    assert isinstance(outcome, Scored)
    assert outcome.state is GroundingState.PARTLY_JUDGED
    assert outcome.verdict is not None
    assert (len(outcome.verdict.claims), outcome.verdict.not_checkworthy) == (30, ())
    assert [len(model.requests) for model in models] == [3, 3]


PANEL_PRICES = PriceTable(
    checked="2026-11",
    models={name: Price(input=1.0, cached_input=0.1, output=10.0) for name in ("a", "b", "c")},
)


def panel_of(models: Sequence[ScriptedModel], **panel: Any) -> tuple[Rubric, PanelJudge]:
    plan = {"tiers": ["panel"], "panel": {"models": [model.model for model in models], **panel}}
    wanted = parse_rubric(json.dumps({"name": "grounding", "judge": plan}), source="test")
    members = {model.model: LlmJudge(model, PANEL_PRICES, limits=TEN_EACH) for model in models}
    return wanted, PanelJudge(members)


def three_models(reply: Any = by_overlap) -> list[ScriptedModel]:
    return [ScriptedModel(reply, model=name) for name in "abc"]


def asked_of(models: Sequence[ScriptedModel], wanted: Rubric, judge: PanelJudge) -> tuple[Outcome, int]:
    outcome = asyncio.run(Evaluator(wanted, judge).evaluate(SAMPLE))
    return outcome, sum(len(model.requests) for model in models)


def bound_of_panel() -> float:
    models = three_models()
    wanted, _ = panel_of(models, max_calls=10)
    options = wanted.judge.model_copy(update={"llm": wanted.judge.member_options()})
    judge = LlmJudge(models[0], PANEL_PRICES, limits=TEN_EACH)
    return 3 * (judge.plan(SAMPLE, wanted.model_copy(update={"judge": options})).usd or 0.0)


def test_panel_that_takes_too_many_calls_is_skipped_before_the_first_of_any_model() -> None:
    models = three_models()
    outcome, calls = asked_of(models, *panel_of(models))
    assert isinstance(outcome, Skipped)
    assert (outcome.reason, calls) == ("too_expensive", 0)
    assert "judge.panel.max_calls" in outcome.detail
    assert "judge.panel.too_expensive: sample" in outcome.detail


def test_price_of_a_panel_is_that_of_all_models_together() -> None:
    bound = bound_of_panel()
    for share, is_judged in ((0.9, False), (1.1, True)):
        models = three_models()
        outcome, calls = asked_of(models, *panel_of(models, max_calls=10, max_usd=share * bound))
        assert isinstance(outcome, Scored) == is_judged
        assert calls == (30 if is_judged else 0)
    assert isinstance(outcome, Scored)


def test_price_of_the_llm_tier_bounds_a_panel_that_says_none() -> None:
    models = three_models()
    wanted, judge = panel_of(models, max_calls=10)
    llm = options(max_usd=0.9 * bound_of_panel())
    wanted = wanted.model_copy(update={"judge": wanted.judge.model_copy(update={"llm": llm})})
    outcome, calls = asked_of(models, wanted, judge)
    assert isinstance(outcome, Skipped)
    assert calls == 0
    assert "judge.panel.max_usd" in outcome.detail


def test_part_of_a_sample_that_a_panel_judges_stays_within_its_price() -> None:
    most = 0.5 * bound_of_panel()
    models = three_models()
    outcome, calls = asked_of(models, *panel_of(models, max_calls=10, max_usd=most, too_expensive="sample"))
    assert isinstance(outcome, Scored)
    assert outcome.state is GroundingState.PARTLY_JUDGED
    assert 3 <= calls <= 15


def test_repair_turns_of_a_panel_stay_within_its_price() -> None:
    bound = bound_of_panel()
    dear = Usage(calls=1, prompt_tokens=int(bound / 30 * 1_000_000))
    models = three_models(lambda _: Reply(text="x", usage=dear, model_served="", latency_s=0.0))
    outcome, _ = asked_of(models, *panel_of(models, max_calls=10, max_usd=1.1 * bound))
    assert isinstance(outcome, Failed)
    assert outcome.cost_usd is not None
    assert outcome.cost_usd <= 1.1 * bound


def test_member_without_a_price_is_named_before_any_call() -> None:
    models = [*three_models()[:2], ScriptedModel(by_overlap, model="unpriced")]
    wanted, judge = panel_of(models, max_calls=10, max_usd=1.0)
    with pytest.raises(ConfigurationError, match=r"judge\.panel\.max_usd: unpriced has no price"):
        asyncio.run(judge.assess(SAMPLE, wanted))
    assert sum(len(model.requests) for model in models) == 0


def test_member_that_cannot_judge_a_sample_does_not_end_the_vote() -> None:
    models = three_models()
    wanted, _ = panel_of(models, max_calls=10)
    short = GroundingLimits(response_chars=10)
    members = {m.model: LlmJudge(m, PANEL_PRICES, limits=TEN_EACH if m.model != "c" else short) for m in models}
    outcome, calls = asked_of(models, wanted, PanelJudge(members))
    assert isinstance(outcome, Scored)
    assert calls == 20
