"""Values in a claim: carried by the evidence, in conflict with it, or unexplained.

*Carried*: evidence, question or history has the value in some spelling, or it follows from what they have.
*Conflicting*: the lines the claim rests on have another value in its place. Where that is proven, the claim is
contradicted. Where it is only likely, the claim is in doubt.
*Unexplained*: neither. Code cannot tell where the value comes from, so the claim does not count as supported, with the
probability measured for such sentences. It is doubt and is named so.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Literal

from assay.judges.rubric import Rules, ValueKind
from assay.judges.rules.exempt import claim_exempt
from assay.judges.rules.findings import Finding, after_finding
from assay.judges.rules.step import Progress, Step
from assay.judges.rules.value_alignment import Alignment
from assay.judges.rules.value_conflicts import Conflict
from assay.judges.schema import Claim, ClaimVerdict, RuleHit, Sample, Span, Tier, Verdict
from assay.judges.text.form import without_form
from assay.judges.values import (
    Value,
    extract_amounts,
    extract_values,
    is_derived,
    list_length,
    meant_by,
    trace_date,
    value_index,
)
from assay.judges.values.index import ValueIndex

SOURCE = "rule:values"

UNEXPLAINED_SUPPORT = 0.6
"""Probability that a sentence is right though it has an unexplained value. People left 132 of 218 such sentences of
RAGTruth and MTRAG unmarked (`python -m benchmarks.unexplained_values`, 2026-11-28)."""

SENTENCE = 120
"""Characters on either side of a value in which the arithmetic it comes from must be named."""

BEFORE = 40
"""Characters before a value that tell how it is meant: `about `, `passages `."""

_PASSAGE = re.compile(
    r"\b(?:passage|source|document|doc|context|excerpt|paragraph|snippet|chunk)s?\s(?:\#?\d{1,2}(?:,\s?(?:and\s)?|\s(?:and|&|or|to)\s|-))*$",
    re.IGNORECASE,
)
"""What stands before the number of a passage, e.g. `Passages 1 and `: it names a place in the evidence."""

_ALWAYS = re.compile(r"\b24\s?[/x-]\s?(?:7\s?/\s?)?$", re.IGNORECASE)
"""What stands before the days of a week, e.g. `24/`: the hours must be in the evidence, the days say no more."""

_PLACEHOLDER = re.compile(r"(?:EMAIL|PHONE|IBAN|CREDIT_CARD|IP)_\d{1,10}")
"""What stands for a private value, without its brackets, e.g. `EMAIL_2`."""

_SMALL_WORDS = frozenset(str(number) for number in range(13))

Unexplained = Literal["doubt", "keep"]


def compile_values(rules: Rules, source: str) -> Step | None:
    """The step that compares the values a response states with what it was given."""
    del source
    kinds = rules.values

    def step(sample: Sample, progress: Progress) -> Progress:
        after = check_values(sample, progress.verdict, kinds, vouched=progress.vouched, unexplained=rules.unexplained)
        return progress._replace(verdict=after)

    return step if kinds else None


def check_values(
    sample: Sample,
    verdict: Verdict,
    kinds: Collection[ValueKind],
    *,
    vouched: Collection[Span] = (),
    unexplained: Unexplained = "doubt",
) -> Verdict:
    """Hold each claim's values of these kinds against what evidence, question and history carry.

    A claim with a conflicting value becomes `contradicted`. A supported claim with an unexplained one becomes
    `not_found` with `UNEXPLAINED_SUPPORT`, unless `unexplained` says to keep it. Each such value is a hit. Values at
    `vouched` places are known to be right and are not asked for. A sentence that the judge exempted becomes a claim by
    an unexplained value.
    """
    if not kinds or (not verdict.claims and verdict.tier is Tier.SCREEN):
        return verdict
    if not _may_state(sample, kinds):
        return verdict
    check = _Check(sample, kinds, vouched)
    if not check.values:
        return verdict
    verdict = claim_exempt(sample, verdict, check.values, check.is_foreign)
    claims: list[Claim] = []
    hits: list[RuleHit] = []
    for claim in verdict.claims:
        changed, told = check.apply(claim, unexplained)
        claims.append(changed)
        hits += told
    if not hits:
        return verdict
    return verdict.model_copy(update={"claims": tuple(claims), "rule_hits": (*verdict.rule_hits, *hits)})


def _may_state(sample: Sample, kinds: Collection[ValueKind]) -> bool:
    """Whether the response may have a value of these kinds. Names are costly to find, and mostly not asked for."""
    if ValueKind.NAME in kinds:
        return True
    return any(value.kind in kinds for value in extract_amounts(without_form(sample.response)))


class _Check:
    """The values of one response beside its evidence; what is costly is read when first asked for."""

    def __init__(self, sample: Sample, kinds: Collection[ValueKind], vouched: Collection[Span]) -> None:
        self._sample = sample
        self._read = without_form(sample.response)
        self._asks_names = ValueKind.NAME in kinds
        stated = self._all if self._asks_names else self._amounts
        self.values = [value for value in stated if value.kind in kinds and value.span not in vouched]
        self._starts = [value.start for value in self.values]
        self._foreign: dict[Value, bool] = {}
        self._alignment = Alignment(sample, self._read, self.is_foreign)

    @cached_property
    def _all(self) -> list[Value]:
        return extract_values(self._read)

    @cached_property
    def _amounts(self) -> list[Value]:
        """All values but names, which are costly to find."""
        return extract_amounts(self._read)

    def is_foreign(self, value: Value) -> bool:
        """Whether nobody gave the response this value, and nothing it was given lets it be worked out."""
        known = self._foreign.get(value)
        if known is None:
            known = self._foreign[value] = not _counting(value) and not self._is_carried(value)
        return known

    def _is_carried(self, value: Value) -> bool:
        before = self._read[max(0, value.start - BEFORE) : value.start]
        if any(texts.carries(value, before) for texts in self._known):
            return True
        if _ALWAYS.search(before) and value.normal in ("7", "365"):
            return True
        if _PASSAGE.search(before) and value.normal.isdigit() and 1 <= int(value.normal) <= len(self._sample.contexts):
            return True
        if meant_by(value, (*self._sample.contexts, *self._talk), trace_date(self._sample.metadata)):
            return True
        around = self._read[max(0, value.start - SENTENCE) : value.end + SENTENCE]
        lists = self._known[0].list_lengths | {list_length(self._sample.response)}
        return is_derived(value, around, self._known[0].operands, lists)

    @cached_property
    def _talk(self) -> tuple[str, ...]:
        return self._sample.question, *(turn.content for turn in self._sample.history)

    @cached_property
    def _known(self) -> tuple[ValueIndex, ValueIndex]:
        return value_index(self._sample.contexts), value_index(self._talk)

    def apply(self, claim: Claim, unexplained: Unexplained) -> tuple[Claim, list[RuleHit]]:
        """The claim after the rule, and a hit for each value that is not carried."""
        first, last = bisect_left(self._starts, claim.span.start), bisect_left(self._starts, claim.span.end)
        own = self.values[first:last]
        if not own or claim.verdict is ClaimVerdict.CONTRADICTED:
            return claim, []
        stated = _within(claim, self._all if self._asks_names else self._amounts)
        conflict = self._alignment.conflict(claim, own, stated, lambda: _within(claim, self._all))
        foreign = [value for value in own if self.is_foreign(value) and (conflict is None or value != conflict.value)]
        hits = [_hit(value) for value in foreign]
        if conflict is not None:
            return _after_conflict(claim, conflict), [_conflict_hit(conflict), *hits]
        if not foreign or claim.verdict is not ClaimVerdict.SUPPORTED:
            return claim, hits
        return (claim if unexplained == "keep" else _doubted(claim, foreign[0])), hits


def _within(claim: Claim, values: Sequence[Value]) -> list[Value]:
    """The values a claim states."""
    return [value for value in values if claim.span.start <= value.start < claim.span.end]


def _counting(value: Value) -> bool:
    """A small number in words mostly counts what is listed (`three ways`): a derivation, not a fact read somewhere."""
    is_word = value.kind is ValueKind.NUMBER and not value.text[0].isdigit()
    return is_word and value.normal in _SMALL_WORDS and not value.unit


def _after_conflict(claim: Claim, conflict: Conflict) -> Claim:
    reason = f"{_named(conflict.value)} where the evidence says {_named(conflict.other)}"
    return after_finding(claim, Finding(reason, conflict.evidence, conflict.is_proven), SOURCE)


def _doubted(claim: Claim, value: Value) -> Claim:
    stated = UNEXPLAINED_SUPPORT if claim.p_supported is None else min(claim.p_supported, UNEXPLAINED_SUPPORT)
    return claim.model_copy(
        update={
            "verdict": ClaimVerdict.NOT_FOUND,
            "source": SOURCE,
            "p_supported": stated,
            "p_source": None,
            "reason": f"{_named(value)} is not in the evidence, and could not be worked out from it",
        }
    )


def _hit(value: Value) -> RuleHit:
    return RuleHit(rule=f"values:{value.kind.value}", span=value.span, detail=f"{_named(value)} is not in the evidence")


def _conflict_hit(conflict: Conflict) -> RuleHit:
    value = conflict.value
    detail = f"{_named(value)} the evidence says {_named(conflict.other)}"
    return RuleHit(rule=f"values:{value.kind.value}", span=value.span, detail=detail)


def _named(value: Value) -> str:
    """The value as people read it: a placeholder in its brackets, anything else in quotes."""
    return f"[{value.text}]" if _PLACEHOLDER.fullmatch(value.text) else f"'{value.text[:80]}'"
