"""All rules of a rubric, compiled once and applied to one verdict after the other."""

from __future__ import annotations

from assay.judges.rubric import Rules
from assay.judges.rules.disclaimers import DisclaimerCheck, missing_disclaimers
from assay.judges.rules.evidence import check_evidence
from assay.judges.rules.findings import contradict
from assay.judges.rules.patterns import check_patterns, compile_patterns
from assay.judges.rules.ranges import RangeCheck, check_ranges
from assay.judges.rules.reading import Reading
from assay.judges.rules.tables import TableCheck, check_tables
from assay.judges.rules.values import check_values
from assay.judges.schema import ResponseKind, Sample, Span, Verdict


class RuleSet:
    """The rules of one rubric; stateless once built."""

    def __init__(self, rules: Rules, source: str) -> None:
        """Compile the rules.

        Args:
            rules: with the rows of their tables.
            source: what errors name.

        Raises:
            RubricError: a rule that cannot work; names the rule, the key and the remedy.
        """
        compile_patterns(rules.patterns, source)
        self._rules = rules
        self._ranges = [RangeCheck(rule, source) for rule in rules.ranges]
        self._tables = [TableCheck(rule, source) for rule in rules.tables]
        self._disclaimers = [DisclaimerCheck(rule, source) for rule in rules.disclaimers]

    def apply(self, sample: Sample, verdict: Verdict) -> Verdict:
        """The verdict after all rules. Of a refusal or small talk only values and patterns are looked at.

        Evidence that does not exist goes first; tables and ranges come before values, as what a table vouches for
        need not stand in the evidence.

        Raises:
            PatternTimeout: a pattern took too long on this sample.
        """
        vouched: frozenset[Span] = frozenset()
        if verdict.kind is ResponseKind.ANSWER:
            verdict = check_evidence(sample, verdict)
            verdict, vouched = self._check_subjects(sample, verdict)
        verdict = check_values(sample, verdict, self._rules.values, vouched=vouched)
        verdict = check_patterns(sample, verdict, self._rules.patterns)
        missing = missing_disclaimers(sample, self._disclaimers) if verdict.kind is ResponseKind.ANSWER else ()
        return verdict.model_copy(update={"rule_hits": (*verdict.rule_hits, *missing)}) if missing else verdict

    def _check_subjects(self, sample: Sample, verdict: Verdict) -> tuple[Verdict, frozenset[Span]]:
        """Ranges and tables: the verdict after them, and the values that tables vouch for."""
        if not self._ranges and not self._tables:
            return verdict, frozenset()
        reading = Reading(sample)
        told, keys = check_tables(reading, self._tables)
        wrong = [*told.wrong, *check_ranges(reading, self._ranges, keys)]
        return contradict(verdict, wrong), told.vouched


_KEPT = 32
_compiled: dict[int, tuple[Rules, RuleSet]] = {}


def compile_rules(rules: Rules, source: str) -> RuleSet:
    """The compiled rules; the last few are kept, as a table of thousands of rows is not indexed for each sample.

    Raises:
        RubricError: a rule cannot work.
    """
    known = _compiled.get(id(rules))
    if known is not None and known[0] is rules:
        return known[1]
    compiled = RuleSet(rules, source)
    while len(_compiled) >= _KEPT:
        _compiled.pop(next(iter(_compiled)), None)
    _compiled[id(rules)] = (rules, compiled)
    return compiled
