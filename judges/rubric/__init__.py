"""Rubrics: versioned YAML files that say what is judged, how, and which scores come out."""

from assay.judges.rubric.criteria import REFUSAL, Check, Criterion, Direction, Level, ScoreName
from assay.judges.rubric.files import first_problem, load_yaml
from assay.judges.rubric.plan import EscalateWhen, JudgeName, JudgePlan, LlmOptions, ModelAt, PanelOptions
from assay.judges.rubric.rules import Attribute, Disclaimer, Pattern, Range, Rules, Table, TableRow, ValueKind
from assay.judges.rubric.schema import DIRECTIONS, RiskLabels, Rubric, SamplePaths, load_rubric, parse_rubric

__all__ = [
    "DIRECTIONS",
    "REFUSAL",
    "Attribute",
    "Check",
    "Criterion",
    "Direction",
    "Disclaimer",
    "EscalateWhen",
    "JudgeName",
    "JudgePlan",
    "Level",
    "LlmOptions",
    "ModelAt",
    "PanelOptions",
    "Pattern",
    "Range",
    "RiskLabels",
    "Rubric",
    "Rules",
    "SamplePaths",
    "ScoreName",
    "Table",
    "TableRow",
    "ValueKind",
    "first_problem",
    "load_rubric",
    "load_yaml",
    "parse_rubric",
]
