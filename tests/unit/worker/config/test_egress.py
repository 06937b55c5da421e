"""Which judges a use case allows: the usual endpoint goes by its tier's name and by its own."""

from __future__ import annotations

import pytest

from assay.judges.rubric import Rubric
from assay.worker.config.egress import forbidden
from assay.worker.config.use_cases import UseCase

LLM = {"tiers": ["llm"], "llm": {"model": "m"}}
DEFAULT = {"tiers": ["llm"], "llm": {"model": "m", "endpoint": "default"}}
NAMED = {"tiers": ["llm"], "llm": {"model": "m", "endpoint": "eu"}}
PANEL = {"tiers": ["panel"], "panel": {"models": ["a", {"model": "b", "endpoint": "default"}]}}
CASCADE = {"tiers": ["local", "llm"], "llm": {"model": "m"}}


@pytest.mark.parametrize(
    ("judge", "allowed", "outside"),
    [
        (LLM, ["llm"], []),
        (LLM, ["default"], []),
        (DEFAULT, ["llm"], []),
        (DEFAULT, ["default"], []),
        (PANEL, ["panel"], []),
        (PANEL, ["default"], []),
        (CASCADE, ["local", "default"], []),
        (LLM, [], ["llm"]),
        (LLM, ["local", "panel", "eu"], ["llm"]),
        (DEFAULT, ["panel", "eu"], ["default"]),
        (PANEL, ["llm"], ["default", "panel"]),
        (NAMED, ["llm", "default"], ["eu"]),
        (CASCADE, ["default"], ["local"]),
        ({"tiers": ["local"]}, ["default"], ["local"]),
    ],
)
def test_usual_endpoint_goes_by_two_names_and_no_other_by_either(
    judge: dict[str, object], allowed: list[str], outside: list[str]
) -> None:
    rubric = Rubric.model_validate({"name": "r", "judge": judge})
    assert forbidden(UseCase.model_validate({"name": "a", "judges_allowed": allowed}), rubric) == outside
