"""What a rule is to the rule set: a step that takes a verdict and gives one that is the same or worse."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from assay.judges.rubric import Rules
from assay.judges.schema import Sample, Span, Verdict


class Progress(NamedTuple):
    """How far the rules have come with one sample.

    Attributes:
        verdict: after the steps so far.
        vouched: places of values that a step knows to be right. Later steps do not ask the evidence for them.
    """

    verdict: Verdict
    vouched: frozenset[Span] = frozenset()


Step = Callable[[Sample, Progress], Progress]
"""One compiled rule, applied to one verdict. It may raise `PatternTimeout`."""

Compile = Callable[[Rules, str], Step | None]
"""Compiles a rule from a rubric's rules. The text is what errors name.

It gives None where the rubric asks for nothing of this rule, and raises `RubricError` where the rule cannot work.
"""
