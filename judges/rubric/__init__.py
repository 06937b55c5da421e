"""Rubrics: versioned YAML files that say what is judged, how, and which scores come out."""

from judges.rubric.files import first_problem, load_yaml
from judges.rubric.plan import EscalateWhen, JudgeName, JudgePlan, LlmOptions, ModelAt, PanelOptions
from judges.rubric.rules import Pattern, Rules, ValueKind
from judges.rubric.schema import (
    DIRECTIONS,
    Direction,
    RiskLabels,
    Rubric,
    SamplePaths,
    ScoreName,
    load_rubric,
    parse_rubric,
)

__all__ = [
    "DIRECTIONS",
    "Direction",
    "EscalateWhen",
    "JudgeName",
    "JudgePlan",
    "LlmOptions",
    "ModelAt",
    "PanelOptions",
    "Pattern",
    "RiskLabels",
    "Rubric",
    "Rules",
    "SamplePaths",
    "ScoreName",
    "ValueKind",
    "first_problem",
    "load_rubric",
    "load_yaml",
    "parse_rubric",
]
