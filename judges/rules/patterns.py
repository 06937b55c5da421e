"""Patterns a team writes: what a response must say, and what it must not."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.rubric import Pattern, Rules
from assay.judges.rules.expressions import check_telling, search
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import RuleHit, Sample, Span, Verdict

SOURCE = "pattern"


def compile_patterns(rules: Rules, source: str) -> Step | None:
    """The step that searches a response for the team's patterns.

    Raises:
        RubricError: one does not compile, or every text matches it.
    """
    validate_patterns(rules.patterns, source)
    patterns = rules.patterns

    def step(sample: Sample, progress: Progress) -> Progress:
        return progress._replace(verdict=check_patterns(sample, progress.verdict, patterns))

    return step if patterns else None


def check_patterns(sample: Sample, verdict: Verdict, patterns: Iterable[Pattern]) -> Verdict:
    """Add a hit for each pattern that fired. Claims keep their verdicts: a hit raises the risk and is told.

    Raises:
        PatternTimeout: one search took longer than `SEARCH_TIMEOUT_S`.
        RubricError: a pattern is no regular expression.
    """
    hits = tuple(hit for pattern in patterns if (hit := pattern_hit(sample.response, pattern)))
    return verdict.model_copy(update={"rule_hits": (*verdict.rule_hits, *hits)}) if hits else verdict


def validate_patterns(patterns: Iterable[Pattern], source: str) -> None:
    """Check that every pattern compiles, and that not every text matches it.

    Raises:
        RubricError: one does not. The error names `source`, the pattern and what is wrong with it.
    """
    for pattern in patterns:
        key = "must_match" if pattern.must_match is not None else "must_not_match"
        check_telling(_expression(pattern), source, f"rules.patterns.{pattern.id}.{key}")


def pattern_hit(text: str, pattern: Pattern) -> RuleHit | None:
    """The hit of one pattern on one text, if it fired.

    Raises:
        PatternTimeout, RubricError: as `check_patterns`.
    """
    validate_patterns((pattern,), "rubric")
    match = next(iter(search(_expression(pattern), text, rule=f"pattern {pattern.id!r}")), None)
    if (match is None) == (pattern.must_match is None):
        return None
    span = Span(start=match.start(), end=match.end()) if match else Span(start=0, end=len(text))
    detail = f"says “{excerpt(match.group())}”" if match else "does not say what it must"
    return RuleHit(
        rule=f"{SOURCE}:{pattern.id}", span=span, detail=pattern.message or detail, severity=pattern.severity
    )


def _expression(pattern: Pattern) -> str:
    """The regular expression of the pattern, whichever key holds it."""
    return pattern.must_match if pattern.must_match is not None else (pattern.must_not_match or "")


def excerpt(text: str) -> str:
    """At most 60 characters on one line."""
    line = " ".join(text[:240].split())
    return line if len(line) <= 60 else line[:59] + "…"
