"""Rubrics that code answers: JSON schemas, patterns, the kind of a response."""

from assay.judges.checks.judge import ChecksJudge, check_checks

__all__ = ["ChecksJudge", "check_checks"]
