"""Checks by code that act on the claim table, whoever judged.

Order matters: first evidence that does not exist is taken away, then values are compared, then the rubric's patterns
are searched. A rule makes a claim's verdict only worse, never better.
"""

from __future__ import annotations

from judges.rubric import Rubric
from judges.rules.evidence import check_evidence
from judges.rules.patterns import PatternTimeout, check_patterns, compile_patterns
from judges.rules.values import check_values
from judges.schema import ResponseKind, Sample, Verdict

RULES_VERSION = "3"
"""Part of the evaluator revision: changed whenever a rule could decide a sample differently."""

__all__ = ["RULES_VERSION", "PatternTimeout", "apply_rules", "compile_patterns"]


def apply_rules(sample: Sample, verdict: Verdict, rubric: Rubric) -> Verdict:
    """The verdict after all rules of the rubric. A refusal has no claims to check; its patterns are searched.

    Raises:
        PatternTimeout: a pattern took too long on this response.
        RubricError: a pattern is no regular expression.
    """
    if verdict.kind is ResponseKind.ANSWER:
        verdict = check_evidence(sample, verdict)
        verdict = check_values(sample, verdict, rubric.rules.values)
    return check_patterns(sample, verdict, rubric.rules.patterns)
