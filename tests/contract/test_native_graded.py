"""The packaged graded rubrics over Anthropic's and Google's own protocols: their schemas are taken as they are."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.llm.graded.judge import GradedJudge
from assay.judges.models.base import ChatModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import load_rubric
from assay.judges.schema import Outcome, Sample, Scored
from tests.chat_models import open_model
from tests.servers.anthropic_server import AnthropicServer
from tests.servers.gemini_server import GeminiServer
from tests.servers.native_server import NativeServer

GRADED = sorted(
    path for path in (Path(__file__).parents[2] / "rubrics").glob("*.yaml") if "method: graded" in path.read_text()
)
SAMPLE = Sample(
    id="s",
    question="When was the bridge opened?",
    contexts=("The bridge was opened in 1932 by the Premier.",),
    response="The bridge was opened in 1932.",
)


def evaluated(model: ChatModel, rubric: Path) -> Outcome:
    """What becomes of the sample."""

    async def once() -> Outcome:
        judge = GradedJudge(model, PriceTable.load(None))
        try:
            return await Evaluator(load_rubric(rubric, {"ASSAY_JUDGE_MODEL": "m"}), judge).evaluate(SAMPLE)
        finally:
            await judge.close()

    return asyncio.run(once())


@pytest.mark.parametrize(("protocol", "serve"), [("anthropic", AnthropicServer), ("gemini", GeminiServer)])
@pytest.mark.parametrize("rubric", GRADED, ids=lambda path: path.stem)
def test_a_graded_rubric_is_scored_with_one_call(protocol: str, serve: type[NativeServer], rubric: Path) -> None:
    with serve() as server:
        model = open_model(server.url, model="m", key="k", protocol=protocol, logprobs=False)
        outcome = evaluated(model, rubric)
    assert isinstance(outcome, Scored)
    assert len(server.requests) == 1
    assert {"output_config", "generationConfig"} & set(server.requests[0].body)
