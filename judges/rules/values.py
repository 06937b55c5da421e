"""Values in a claim: carried by the evidence, in conflict with it, or unexplained.

*Carried*: evidence, question or history has the value in some spelling, or it follows from what they have.
*Conflicting*: the lines the claim rests on have another value in its place. That is proven, so the claim is
contradicted.
*Unexplained*: neither. Code cannot tell where the value comes from, so the claim does not count as supported, with the
probability measured for such sentences. It is doubt and is named so.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Literal, NamedTuple

from assay.judges.rubric import Rules, ValueKind
from assay.judges.rules.exempt import claim_exempt
from assay.judges.rules.step import Progress, Step
from assay.judges.rules.value_conflicts import Conflict, Line, Place, amount, in_its_place, places
from assay.judges.schema import Claim, ClaimVerdict, Evidence, RuleHit, Sample, Span, Tier, Verdict
from assay.judges.text.form import without_form
from assay.judges.text.passages import PassageIndex, passage_index
from assay.judges.text.restatements import content_stems
from assay.judges.values import Value, extract_values, is_derived, list_length, meant_by, trace_date, value_index
from assay.judges.values.index import ValueIndex

SOURCE = "rule:values"

UNEXPLAINED_SUPPORT = 0.6
"""Probability that a sentence is right though it has an unexplained value. People left 132 of 218 such sentences of
RAGTruth and MTRAG unmarked (`python -m benchmarks.unexplained_values`, 2026-11-28)."""

ALIGNED = 0.5
"""Share of a claim's content words that a line must carry before its values are compared with the claim's."""

CLOSELY_ALIGNED = 0.75
"""The same where the claim's value stands elsewhere in the evidence."""

MOST_LINES = 8
"""Cited lines that are read as they are. A claim that cites more is held against the passage that carries most."""

VERBATIM = 0.9
"""The same for a claim and a line that are the same but for the values, both ways: then one word less must agree."""

PLACED = 3
"""Likeness of places from which a value that nobody gave the response is in conflict with another one."""

SURELY_PLACED = 4
"""The same for a value that the evidence states elsewhere: both nearest words, or one and all of the other side."""

CERTAINLY_PLACED = 5
"""The same where the line itself states the claim's value, too: both nearest words and a further one."""

_APPROXIMATE = re.compile(
    r"(?:about|around|approx\w*|roughly|nearly|almost|over|more than|less than|under|at least|at most|up to|some|circa"
    r"|~|≈)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that is no exact one, e.g. `over `: another value beside it may still be right."""

SENTENCE = 120
"""Characters on either side of a value in which the arithmetic it comes from must be named."""

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
    check = _Check(sample, kinds, vouched)
    if not check.values:
        return verdict
    verdict = claim_exempt(sample, verdict, [value for value in check.values if check.is_foreign(value)])
    claims: list[Claim] = []
    hits: list[RuleHit] = []
    for claim in verdict.claims:
        changed, told = check.apply(claim, unexplained)
        claims.append(changed)
        hits += told
    if not hits:
        return verdict
    return verdict.model_copy(update={"claims": tuple(claims), "rule_hits": (*verdict.rule_hits, *hits)})


class Aligned(NamedTuple):
    """A line a claim rests on: the share of the claim's content words it carries, and of its own that the claim has."""

    line: Line
    coverage: float
    mutual: float

    @property
    def is_verbatim(self) -> bool:
        """Whether the two say nearly the same in the same words."""
        return self.coverage >= VERBATIM and self.mutual >= VERBATIM


class _Check:
    """The values of one response beside its evidence; what is costly is read when first asked for."""

    def __init__(self, sample: Sample, kinds: Collection[ValueKind], vouched: Collection[Span]) -> None:
        self._sample = sample
        self._read = without_form(sample.response)
        self._all = extract_values(self._read)
        self.values = [value for value in self._all if value.kind in kinds and value.span not in vouched]
        self._starts = [value.start for value in self.values]
        self._foreign: dict[Value, bool] = {}
        self._lines: dict[Evidence, Line] = {}

    def is_foreign(self, value: Value) -> bool:
        """Whether nobody gave the response this value, and nothing it was given lets it be worked out."""
        known = self._foreign.get(value)
        if known is None:
            known = self._foreign[value] = not _counting(value) and not self._is_carried(value)
        return known

    def _is_carried(self, value: Value) -> bool:
        before = self._read[max(0, value.start - 20) : value.start]
        if any(texts.carries(value, before) for texts in self._known):
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
        conflict = self._conflict(claim, own)
        foreign = [value for value in own if self.is_foreign(value) and (conflict is None or value != conflict.value)]
        hits = [_hit(value) for value in foreign]
        if conflict is not None:
            return _contradicted(claim, conflict), [_conflict_hit(conflict), *hits]
        if not foreign or claim.verdict is not ClaimVerdict.SUPPORTED:
            return claim, hits
        return (claim if unexplained == "keep" else _doubted(claim, foreign[0])), hits

    def _conflict(self, claim: Claim, own: Sequence[Value]) -> Conflict | None:
        """The first value of the claim in whose place the lines it rests on have another one."""
        text = self._read[claim.span.start : claim.span.end]
        wanted = content_stems(text) - {term for value in own for term in content_stems(value.text)}
        lines = self._aligned(claim, wanted)
        if not lines:
            return None
        shifted = [value._replace(start=value.start - claim.span.start) for value in own]
        stated = [value for value in self._all if claim.span.start <= value.start < claim.span.end]
        all_places = places(text, [value._replace(start=value.start - claim.span.start) for value in stated])
        normals = frozenset(value.normal for value in stated)
        for value, moved in zip(own, shifted, strict=True):
            claimed = next(place for place in all_places if place.value == moved)
            conflict = self._conflict_of(value, claimed, lines, normals)
            if conflict is not None:
                return conflict
        return None

    def _conflict_of(
        self, value: Value, claimed: Place, lines: Sequence[Aligned], normals: frozenset[str]
    ) -> Conflict | None:
        """Another value in the place of this one, where nothing speaks for the claim's own."""
        foreign = self.is_foreign(value)
        near = [line for line in lines if foreign or line.coverage >= CLOSELY_ALIGNED]
        own_score, other_score, line, other = in_its_place(claimed, [aligned.line for aligned in near], normals)
        if line is None or other is None or own_score + 1 >= other_score:
            return None
        is_verbatim = next(aligned.is_verbatim for aligned in near if aligned.line is line)
        least = PLACED if foreign else SURELY_PLACED if own_score < 0 else CERTAINLY_PLACED
        if other_score < least - is_verbatim or (own_score > 1 and not is_verbatim):
            return None
        if _APPROXIMATE.search(self._text(line.where)[: other.start][-20:]):
            return None
        literal = foreign or self._known[0].states(value) or amount(value) == amount(other)
        return Conflict(value, other, line.where) if literal else None

    def _aligned(self, claim: Claim, wanted: frozenset[str]) -> list[Aligned]:
        """The lines a claim rests on that say nearly the same, with the share of its words they carry."""
        if not wanted:
            return []
        cited = claim.evidence if len(claim.evidence) <= MOST_LINES else ()
        aligned = [self._line(where, wanted) for where in cited]
        if not any(line.coverage >= ALIGNED for line in aligned):
            match = self._passages.best(wanted)
            aligned = [] if match is None else [self._line(self._passages.passages[match.passage].where, wanted)]
        return [line for line in aligned if line.coverage >= ALIGNED]

    @cached_property
    def _passages(self) -> PassageIndex:
        return passage_index(self._sample.contexts)

    def _line(self, where: Evidence, wanted: frozenset[str]) -> Aligned:
        text = self._text(where)
        if where not in self._lines:
            self._lines[where] = Line.of(where, text)
        line = self._lines[where]
        values = frozenset(term for place in line.places for term in content_stems(place.value.text))
        stems = content_stems(text) - values
        shared = len(wanted & stems)
        return Aligned(line, shared / len(wanted), shared / max(1, len(stems)))

    def _text(self, where: Evidence) -> str:
        return self._sample.contexts[where.context][where.start : where.end]


def _counting(value: Value) -> bool:
    """A small number in words mostly counts what is listed (`three ways`): a derivation, not a fact read somewhere."""
    return value.kind is ValueKind.NUMBER and value.normal in _SMALL_WORDS and not value.text[0].isdigit()


def _contradicted(claim: Claim, conflict: Conflict) -> Claim:
    reason = f"{_named(conflict.value)} where the evidence says {_named(conflict.other)}"
    return claim.model_copy(
        update={
            "verdict": ClaimVerdict.CONTRADICTED,
            "evidence": (conflict.evidence,),
            "source": SOURCE,
            "p_supported": None,
            "p_source": None,
            "reason": reason,
        }
    )


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
    return f"'{value.text[:80]}'"
