"""All rules of a rubric, compiled once and applied to one verdict after the other."""

from __future__ import annotations

from collections.abc import Mapping

from assay.judges.rubric import Rules
from assay.judges.rules.disclaimers import compile_disclaimers
from assay.judges.rules.evidence import compile_evidence
from assay.judges.rules.patterns import compile_patterns
from assay.judges.rules.step import Compile, Progress
from assay.judges.rules.subjects import compile_subjects
from assay.judges.rules.values import compile_values
from assay.judges.schema import Sample, Verdict

RULES: Mapping[str, Compile] = {
    "evidence": compile_evidence,
    "subjects": compile_subjects,
    "values": compile_values,
    "patterns": compile_patterns,
    "disclaimers": compile_disclaimers,
}
"""Every rule by its name, in the order in which they are applied.

Evidence that does not exist goes first. Tables come before values: what a table vouches for need not stand in the
evidence. Values come before disclaimers: a stated value can make an answer of what was called a refusal.
"""


class RuleSet:
    """The rules of one rubric. A rule set is stateless once it is built."""

    def __init__(self, rules: Rules, source: str) -> None:
        """Compile the rules.

        Args:
            rules: with the rows of their tables.
            source: what errors name.

        Raises:
            RubricError: a rule cannot work. The error names the rule, the key and the remedy.
        """
        self._steps = [step for build in RULES.values() if (step := build(rules, source)) is not None]

    def apply(self, sample: Sample, verdict: Verdict) -> Verdict:
        """The verdict after all rules. Of a refusal or small talk only values and patterns are looked at.

        Raises:
            PatternTimeout: a pattern took too long on this sample.
        """
        progress = Progress(verdict)
        for step in self._steps:
            progress = step(sample, progress)
        return progress.verdict
