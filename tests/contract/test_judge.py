"""What every judge promises, alone or made of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from assay.judges.base import Judge
from assay.judges.cascade import Cascade, CascadeTier
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.statements.forms import SentenceForm
from assay.judges.llm.statements.judge import StatementJudge
from assay.judges.local import LocalJudge
from assay.judges.models.base import ChatMessage, Reply, Token
from assay.judges.models.scripted import ScriptedModel
from assay.judges.panel import PanelJudge
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample, Usage, Verdict
from assay.judges.tiers import check_coverage
from tests.servers.decision_server import likelihood
from tests.servers.lexical_judge import lexical_verdict

RUBRIC = Rubric.model_validate({"name": "r", "judge": {"tiers": ["local", "llm"], "llm": {"model": "m"}}})
EVIDENCE = "The bridge was opened in 1932 by the Premier. It is 1,149 metres long and painted grey."
RESPONSES = (
    "The bridge was opened in 1932. It is 1,149 metres long.",
    "Purple elephants built it in 1987! Nobody knows why.",
    "- opened in 1932\n- painted grey\n\nAsk me anything else.",
    "橋は1932年に開通した。長さは1149メートルである。",
)


def _answer(messages: Sequence[ChatMessage]) -> str:
    return lexical_verdict(next(message.content for message in messages if message.role == "user"))


def make_llm(model: str = "m") -> LlmJudge:
    return LlmJudge(ScriptedModel(_answer, model=model), PriceTable.load(None))


def _one_word(messages: Sequence[ChatMessage]) -> Reply:
    """Yes or No by word overlap, as a token with both probabilities."""
    p = likelihood(messages[-1].content, messages[-1].content)
    token = Token(b"Yes", {b"Yes": p, b"No": 1 - p})
    return Reply(text="Yes", usage=Usage(calls=1), model_served="m", latency_s=0.0, tokens=(token,))


def make_sentences() -> StatementJudge:
    return StatementJudge(ScriptedModel(_one_word), PriceTable.load(None), SentenceForm())


def make_panel() -> PanelJudge:
    return PanelJudge({name: make_llm(name) for name in "abc"})


def make_cascade() -> Cascade:
    return Cascade([CascadeTier(LocalJudge()), CascadeTier(make_llm())], RUBRIC)


MAKERS: dict[str, Callable[[], Judge]] = {
    "local": LocalJudge, "llm": make_llm, "sentences": make_sentences, "panel": make_panel, "cascade": make_cascade,
}  # fmt: skip


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[], Judge]:
    return MAKERS[request.param]


def samples() -> list[Sample]:
    return [Sample(id=f"s{n}", contexts=(EVIDENCE,), response=text) for n, text in enumerate(RESPONSES)]


def assess(judge: Judge, asked: Sequence[Sample]) -> list[Verdict]:
    async def all_at_once() -> list[Verdict]:
        try:
            return list(await asyncio.gather(*(judge.assess(sample, RUBRIC) for sample in asked)))
        finally:
            await judge.close()

    return asyncio.run(all_at_once())


def timeless(verdict: Verdict) -> Verdict:
    return verdict.model_copy(update={"latency_s": 0.0})


def test_judge_meets_the_protocol(make: Callable[[], Judge]) -> None:
    judge = make()
    assert isinstance(judge, Judge)
    assert judge.name in MAKERS
    assert judge.fingerprint == make().fingerprint, "the same judge is the same on every machine"


def test_every_sentence_is_accounted_for_and_claims_lie_in_the_response(make: Callable[[], Judge]) -> None:
    for sample, verdict in zip(samples(), assess(make(), samples()), strict=True):
        check_coverage(sample, verdict)
        for claim in verdict.claims:
            assert sample.response[claim.span.start : claim.span.end].strip()
            assert all(one.end <= len(sample.contexts[one.context]) for one in claim.evidence)


def test_samples_judged_at_once_are_judged_as_alone(make: Callable[[], Judge]) -> None:
    together = assess(make(), samples() * 3)
    alone = [assess(make(), [sample])[0] for sample in samples()]
    assert [timeless(one) for one in together] == [timeless(one) for one in alone] * 3


def test_verdict_survives_being_kept(make: Callable[[], Judge]) -> None:
    for verdict in assess(make(), samples()):
        assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_good_response_has_the_lower_risk(make: Callable[[], Judge]) -> None:
    good, bad, *_ = assess(make(), samples())
    failing = [sum(claim.verdict != "supported" for claim in verdict.claims) for verdict in (good, bad)]
    assert failing[0] == 0 < failing[1]
