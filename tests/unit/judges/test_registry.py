"""Judges are found by their names: every name a rubric may say has a builder, and one line adds another."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

import assay.judges
from assay.judges import registry
from assay.judges.base import Judge
from assay.judges.errors import ConfigurationError
from assay.judges.llm.graded.judge import GradedJudge
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.statements.judge import StatementJudge
from assay.judges.local import LocalJudge
from assay.judges.models.base import ChatModel, Reply, Token
from assay.judges.models.scripted import ScriptedModel
from assay.judges.panel import PanelJudge
from assay.judges.prices import Price, PriceTable
from assay.judges.registry import JUDGES, Build, Making, build_judge
from assay.judges.rubric import JudgeName, ModelAt, Rubric
from assay.judges.rubric.plan import TIER_ORDER
from assay.judges.schema import Sample, Usage
from tests.waiting import PATIENCE_S

PRICES = PriceTable(checked="2026-11")
LEVELS = [{"label": "a", "means": "yes", "value": 1}, {"label": "b", "means": "no", "value": 0}]
CASCADE: dict[str, Any] = {
    "tiers": ["local", "llm", "panel"], "llm": {"model": "m"}, "panel": {"models": ["a", "b"]},
}  # fmt: skip


def scripted(named: ModelAt) -> ChatModel:
    return ScriptedModel([], model=named.model)


def rubric(**keys: Any) -> Rubric:
    return Rubric.model_validate({"name": "r", **keys})


def no_model(named: ModelAt) -> ChatModel:
    raise AssertionError(f"nobody asks {named.model}")


def test_every_judge_a_rubric_may_name_is_in_the_table() -> None:
    assert set(JUDGES) == {*TIER_ORDER, "checks"}


@pytest.mark.parametrize(("tier", "kind"), [("local", LocalJudge), ("llm", LlmJudge), ("panel", PanelJudge)])
def test_a_judge_is_built_by_its_name(tier: JudgeName, kind: type[Judge]) -> None:
    judge = build_judge(rubric(judge=CASCADE), tier, scripted)
    assert isinstance(judge, kind)
    assert judge.name == tier


def test_the_method_decides_how_a_model_is_asked() -> None:
    llm = {"tiers": ["llm"], "llm": {"model": "m"}}
    graded = rubric(method="graded", judge=llm, criteria=[{"score": "tone", "question": "Kind?", "levels": LEVELS}])
    assert isinstance(build_judge(graded, "llm", scripted), GradedJudge)
    checks = rubric(method="checks", checks=[{"score": "calm", "no_match": "!!"}])
    assert build_judge(checks, "local", no_model).name == "checks"


STATING: dict[str, Any] = {
    "tiers": ["decision", "llm"], "decision": {"model": "jev"}, "llm": {"model": "m", "ask": "sentences"},
}  # fmt: skip


@pytest.mark.parametrize("tier", ["decision", "llm"])
def test_a_model_that_gives_probabilities_is_asked_statement_by_statement(tier: JudgeName) -> None:
    judge = build_judge(rubric(judge=STATING), tier, scripted)
    assert isinstance(judge, StatementJudge)
    assert judge.name == tier


def test_only_grounding_can_be_asked_sentence_by_sentence() -> None:
    llm = {"tiers": ["llm"], "llm": {"model": "m", "ask": "sentences"}}
    with pytest.raises(ValueError, match=r"judge\.llm\.ask: sentences is for method grounding alone"):
        rubric(method="graded", judge=llm, criteria=[{"score": "tone", "question": "Kind?", "levels": LEVELS}])


@pytest.mark.parametrize(("judge", "tier"), [(CASCADE, "llm"), (STATING, "llm"), (STATING, "decision")])
def test_a_known_window_bounds_a_call(judge: dict[str, Any], tier: JudgeName) -> None:
    usual = build_judge(rubric(judge=judge), tier, scripted).fingerprint
    assert build_judge(rubric(judge=judge), tier, scripted, window_of=lambda _: None).fingerprint == usual
    assert build_judge(rubric(judge=judge), tier, scripted, window_of=lambda _: 16_000).fingerprint != usual
    with pytest.raises(ConfigurationError, match="context_window"):
        build_judge(rubric(judge=judge), tier, scripted, window_of=lambda _: 800)


@pytest.mark.parametrize("tier", ["llm", "decision"])
@pytest.mark.parametrize("window", [1_024, 2_048])
def test_a_small_window_is_enough_where_the_answer_is_a_word(tier: JudgeName, window: int) -> None:
    build_judge(rubric(judge=STATING), tier, scripted, window_of=lambda _: window)


def test_calls_are_priced_by_the_table_given() -> None:
    def answers(_: object) -> Reply:
        usage = Usage(calls=1, prompt_tokens=1_000_000)
        token = Token(b"Yes", {b"Yes": 0.9, b"No": 0.1})
        return Reply(text="Yes", usage=usage, model_served="m", latency_s=0.0, tokens=(token,))

    table = PriceTable(checked="2026-11", models={"m": Price(input=7.0, cached_input=1.0, output=1.0)})
    judge = build_judge(rubric(judge=STATING), "llm", lambda _: ScriptedModel(answers, model="m"), prices=table)
    sample = Sample(id="s", contexts=("It opened in 1932.",), response="It opened in 1932.")
    assert asyncio.run(judge.assess(sample, rubric(judge=STATING))).cost_usd == 7.0


def test_a_judge_that_asks_no_model_opens_none() -> None:
    assert build_judge(rubric(judge=CASCADE), "local", no_model).name == "local"


@pytest.mark.parametrize("tier", ["llm", "panel"])
def test_a_judge_the_rubric_says_nothing_of_is_a_configuration_error(tier: JudgeName) -> None:
    with pytest.raises(ConfigurationError, match=rf"rubric r: judge\.{tier}: missing; add"):
        build_judge(rubric(), tier, no_model)


def test_one_line_adds_a_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(making: Making) -> Judge:
        return LlmJudge(making.open_model(ModelAt(model=f"strict-{making.rubric.name}")), PRICES)

    judges: dict[str, Build] = {str(name): build for name, build in JUDGES.items()}
    monkeypatch.setattr(registry, "JUDGES", judges | {"strict": strict})
    judge = build_judge(rubric(), "strict", scripted)  # type: ignore[arg-type]  # no name of the shipped rubrics
    assert isinstance(judge, LlmJudge)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("assay.judges", ("pydantic", "numpy", "yaml", "openai", "assay.judges.schema")),
        ("assay.judges.registry", ("numpy", "openai", "jsonschema")),
    ],
)
def test_importing_brings_in_next_to_nothing(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import {module}, sys; print([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_comes_from_its_module() -> None:
    for name in assay.judges.__all__:
        assert getattr(assay.judges, name) is not None
    assert set(assay.judges.__all__) <= set(dir(assay.judges))
    with pytest.raises(AttributeError, match="no attribute 'Judges'"):
        _ = assay.judges.Judges
