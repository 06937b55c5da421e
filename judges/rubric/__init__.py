"""Rubrics: versioned YAML files that say what is judged, how, and which scores come out."""

from assay.judges.rubric.criteria import REFUSAL, Check, Criterion, Direction, Level, ScoreName
from assay.judges.rubric.files import load_yaml
from assay.judges.rubric.plan import (
    DecisionOptions,
    EscalateWhen,
    JudgeName,
    JudgePlan,
    LlmOptions,
    MemberOptions,
    ModelAt,
    PanelOptions,
    SpendOptions,
)
from assay.judges.rubric.rules import Attribute, Disclaimer, Pattern, Range, Rules, Table, TableRow, ValueKind
from assay.judges.rubric.schema import RiskLabels, Rubric, SamplePaths, load_rubric, parse_rubric
from assay.judges.rubric.score_checks import DIRECTIONS
from assay.judges.rubric.writing import ANSWER_CHECK, RISK_LEVEL, Writing

__all__ = [
    "ANSWER_CHECK",
    "DIRECTIONS",
    "REFUSAL",
    "RISK_LEVEL",
    "Attribute",
    "Check",
    "Criterion",
    "DecisionOptions",
    "Direction",
    "Disclaimer",
    "EscalateWhen",
    "JudgeName",
    "JudgePlan",
    "Level",
    "LlmOptions",
    "MemberOptions",
    "ModelAt",
    "PanelOptions",
    "Pattern",
    "Range",
    "RiskLabels",
    "Rubric",
    "Rules",
    "SamplePaths",
    "ScoreName",
    "SpendOptions",
    "Table",
    "TableRow",
    "ValueKind",
    "Writing",
    "load_rubric",
    "load_yaml",
    "parse_rubric",
]
