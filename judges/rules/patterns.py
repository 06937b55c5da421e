"""Patterns a team writes: what a response must say, and what it must not."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import regex

from judges.errors import EvaluationError, RubricError
from judges.rubric import Pattern
from judges.schema import RuleHit, Sample, Span, Verdict

SEARCH_TIMEOUT_S = 0.25
"""Longest search of one pattern over one response; a pattern that backtracks for longer is a mistake in the rubric."""

SOURCE = "pattern"


class PatternTimeout(EvaluationError):
    """A pattern took too long on this response: neither a hit nor a pass can be said, so the sample is parked."""


def check_patterns(sample: Sample, verdict: Verdict, patterns: Iterable[Pattern]) -> Verdict:
    """Add a hit for each pattern that fired. Claims keep their verdicts: a hit raises the risk and is told.

    Raises:
        PatternTimeout: one search took longer than `SEARCH_TIMEOUT_S`.
        RubricError: a pattern is no regular expression.
    """
    hits = tuple(hit for pattern in patterns if (hit := _hit(sample.response, pattern)))
    return verdict.model_copy(update={"rule_hits": (*verdict.rule_hits, *hits)}) if hits else verdict


def compile_patterns(patterns: Iterable[Pattern], source: str) -> None:
    """Check that every pattern compiles.

    Raises:
        RubricError: one does not; names `source`, the pattern and what is wrong with it.
    """
    for pattern in patterns:
        key = "must_match" if pattern.must_match is not None else "must_not_match"
        try:
            _compiled(_expression(pattern))
        except regex.error as exc:
            where = f"rules.patterns.{pattern.id}.{key}"
            raise RubricError(source, where, f"not a regular expression ({exc}); mend it or escape it") from exc


def _hit(response: str, pattern: Pattern) -> RuleHit | None:
    """The hit of one pattern, if it fired."""
    compile_patterns((pattern,), "rubric")
    try:
        match = _compiled(_expression(pattern)).search(response, timeout=SEARCH_TIMEOUT_S)
    except TimeoutError as exc:
        raise PatternTimeout(
            f"pattern {pattern.id!r} took over {SEARCH_TIMEOUT_S} s on a response of {len(response):,} characters; "
            "make it less ambiguous"
        ) from exc
    if (match is None) == (pattern.must_match is None):
        return None
    span = Span(start=match.start(), end=match.end()) if match else Span(start=0, end=len(response))
    said = f"says “{_excerpt(match.group())}”" if match else "does not say what it must"
    return RuleHit(rule=f"{SOURCE}:{pattern.id}", span=span, detail=pattern.message or said, severity=pattern.severity)


def _expression(pattern: Pattern) -> str:
    """The regular expression of the pattern, whichever key holds it."""
    return pattern.must_match if pattern.must_match is not None else (pattern.must_not_match or "")


@lru_cache(maxsize=512)
def _compiled(expression: str) -> regex.Pattern[str]:
    return regex.compile(expression)


def _excerpt(text: str) -> str:
    """At most 60 characters on one line."""
    line = " ".join(text[:240].split())
    return line if len(line) <= 60 else line[:59] + "…"
