"""Judges are found by their names: every name a rubric may say has a builder, and one line adds another."""

from __future__ import annotations

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
from assay.judges.local import LocalJudge
from assay.judges.models.base import ChatModel
from assay.judges.models.scripted import ScriptedModel
from assay.judges.panel import PanelJudge
from assay.judges.prices import PriceTable
from assay.judges.registry import JUDGES, Build, OpenModel, build_judge
from assay.judges.rubric import JudgeName, ModelAt, Rubric
from assay.judges.rubric.plan import TIER_ORDER
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


def test_a_judge_that_asks_no_model_opens_none() -> None:
    assert build_judge(rubric(judge=CASCADE), "local", no_model).name == "local"


@pytest.mark.parametrize("tier", ["llm", "panel"])
def test_a_judge_the_rubric_says_nothing_of_is_a_configuration_error(tier: JudgeName) -> None:
    with pytest.raises(ConfigurationError, match=rf"rubric r: judge\.{tier}: missing; add"):
        build_judge(rubric(), tier, no_model)


def test_one_line_adds_a_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(rubric: Rubric, open_model: OpenModel) -> Judge:
        return LlmJudge(open_model(ModelAt(model=f"strict-{rubric.name}")), PRICES)

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
