"""All rules of a rubric, compiled once and applied to one verdict after the other."""

from __future__ import annotations

from collections.abc import Mapping

from assay.judges.rubric import Rules
from assay.judges.rules.citations import compile_citations
from assay.judges.rules.disclaimers import compile_disclaimers
from assay.judges.rules.evidence import compile_evidence
from assay.judges.rules.exempt import compile_exempt
from assay.judges.rules.patterns import compile_patterns
from assay.judges.rules.polarity import compile_polarity
from assay.judges.rules.records import compile_records
from assay.judges.rules.roles import compile_roles
from assay.judges.rules.step import Compile, Progress
from assay.judges.rules.subjects import compile_subjects
from assay.judges.rules.values import compile_values
from assay.judges.schema import ClaimVerdict, Sample, Tier, Verdict
from assay.judges.text.composed import composed_record

RULES: Mapping[str, Compile] = {
    "exempt": compile_exempt,
    "evidence": compile_evidence,
    "polarity": compile_polarity,
    "records": compile_records,
    "roles": compile_roles,
    "subjects": compile_subjects,
    "values": compile_values,
    "patterns": compile_patterns,
    "disclaimers": compile_disclaimers,
    "citations": compile_citations,
}
"""Every rule by its name, in the order in which they are applied.

What was said to be no statement becomes a claim first. Then evidence that does not exist goes. Records and
tables come before values: what they vouch for is not asked of the evidence again. Records come before roles, which
would leave in doubt what records prove. Values come before disclaimers: a stated value can make an answer of what was
called a refusal.
"""


PROVING = frozenset({"rule:values", "rule:polarity", "rule:roles", "rule:records"})
"""Rules that call a claim contradicted only where they can prove it."""

PROVEN_RISK = 0.8
"""Least risk of the screen where a claim is proven wrong. Of the rows of RAGTruth, MTRAG, BEGIN and every fourth of
SummEdits with such a claim, people marked 39 of 41 (`python -m benchmarks.proven_claims`, 2026-11-28)."""


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
        rules = composed_record(rules)
        self._steps = [step for build in RULES.values() if (step := build(rules, source)) is not None]

    def apply(self, sample: Sample, verdict: Verdict) -> Verdict:
        """The verdict after all rules. Of a refusal or small talk only values and patterns are looked at.

        Raises:
            PatternTimeout: a pattern took too long on this sample.
        """
        progress = Progress(verdict)
        for step in self._steps:
            progress = step(sample, progress)
        return _with_proven_risk(progress.verdict)


def _with_proven_risk(verdict: Verdict) -> Verdict:
    """The verdict with at least `PROVEN_RISK` where a rule proved a claim wrong that the screen had let pass.

    A model's verdict states no risk of its own: there the contradicted claim tells.
    """
    proven = any(claim.verdict is ClaimVerdict.CONTRADICTED and claim.source in PROVING for claim in verdict.claims)
    if verdict.tier is not Tier.SCREEN or verdict.risk is None or not proven:
        return verdict
    return verdict.model_copy(update={"risk": max(verdict.risk, PROVEN_RISK)})
