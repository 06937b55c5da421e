"""Checks by code that act on the claim table, whoever judged.

Order matters: first evidence that does not exist or does not bear on its claim is taken away, then the team's tables
and ranges are held against what is said, then values are compared with the evidence, then patterns and disclaimers are
searched. A rule makes a claim's verdict only worse, never better; it may make a claim of a sentence that the judge said
to need no check.
"""

from __future__ import annotations

from assay.judges.rubric import Rubric
from assay.judges.rules.exempt import statement_in
from assay.judges.rules.expressions import PatternTimeout
from assay.judges.rules.patterns import compile_patterns
from assay.judges.rules.ruleset import RuleSet, compile_rules
from assay.judges.schema import Sample, Verdict

RULES_VERSION = "4"
"""Part of the evaluator revision: changed whenever a rule could decide a sample differently."""

__all__ = [
    "RULES_VERSION",
    "PatternTimeout",
    "RuleSet",
    "apply_rules",
    "compile_patterns",
    "compile_rules",
    "statement_in",
]


def apply_rules(sample: Sample, verdict: Verdict, rubric: Rubric) -> Verdict:
    """The verdict after all rules of the rubric; see `RuleSet.apply`.

    Raises:
        PatternTimeout: a pattern took too long on this response.
        RubricError: a rule cannot work.
    """
    return compile_rules(rubric.rules, f"rubric {rubric.name}").apply(sample, verdict)
