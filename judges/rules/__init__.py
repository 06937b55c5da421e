"""Checks by code that act on the claim table, whoever judged.

`ruleset.RULES` names them in the order in which they are applied. A rule makes a claim's verdict only worse, never
better. It may make a claim of a sentence that the judge said to need no check.
"""

from __future__ import annotations

from assay.judges.rubric import Rubric
from assay.judges.rules.exempt import judged_statements, statement_in
from assay.judges.rules.expressions import PatternTimeout
from assay.judges.rules.ruleset import RULES, RuleSet
from assay.judges.schema import Sample, Verdict

RULES_VERSION = "6"
"""Part of the evaluator revision: changed whenever a rule could decide a sample differently."""

__all__ = [
    "RULES",
    "RULES_VERSION",
    "PatternTimeout",
    "RuleSet",
    "apply_rules",
    "judged_statements",
    "statement_in",
]


def apply_rules(sample: Sample, verdict: Verdict, rubric: Rubric) -> Verdict:
    """The verdict after all rules of the rubric. Who applies them often builds the `RuleSet` once.

    Raises:
        PatternTimeout: a pattern took too long on this response.
        RubricError: a rule cannot work.
    """
    return RuleSet(rubric.rules, f"rubric {rubric.name}").apply(sample, verdict)
