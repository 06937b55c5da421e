"""Values in a claim that the evidence does not carry: nobody can have read them there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import NamedTuple

from assay.judges.rubric import Rules, ValueKind
from assay.judges.rules.exempt import claim_exempt
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import Claim, ClaimVerdict, Evidence, RuleHit, Sample, Span, Tier, Verdict
from assay.judges.text.passages import PassageIndex, cut_passages
from assay.judges.text.restatements import content_stems
from assay.judges.text.words import stem, word_after
from assay.judges.values import Value, extract_values, is_derived, list_length, meant_by, trace_date, value_index
from assay.judges.values.units import dimension_of

SOURCE = "rule:values"

ALIGNED = 0.8
"""Share of a claim's other words that one sentence of the evidence must carry before a differing value contradicts."""

LEAST_WORDS = 3
"""A claim with fewer other words than this aligns with anything."""

SENTENCE = 120
"""Characters on either side of a value in which the arithmetic it comes from must be named."""

_COMPARABLE = frozenset({ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT, ValueKind.DATE})
_SMALL_WORDS = frozenset(str(number) for number in range(13))


def compile_values(rules: Rules, source: str) -> Step | None:
    """The step that compares the values a response states with what it was given."""
    del source
    kinds = rules.values

    def step(sample: Sample, progress: Progress) -> Progress:
        return progress._replace(verdict=check_values(sample, progress.verdict, kinds, vouched=progress.vouched))

    return step if kinds else None


def check_values(
    sample: Sample, verdict: Verdict, kinds: Collection[ValueKind], *, vouched: Collection[Span] = ()
) -> Verdict:
    """Compare each claim's values of these kinds with what evidence, question and history carry.

    A supported claim with a value none of them states becomes `not_found`. Where one sentence of the evidence says
    nearly the same with another value of the same kind and unit, any claim but a contradicted one becomes
    `contradicted`. Each such value is a hit. Values at `vouched` places are known to be right and are not asked for. A
    sentence that the judge exempted becomes a claim by such a value.
    """
    if not kinds or (not verdict.claims and verdict.tier is Tier.SCREEN):
        return verdict
    foreign = _foreign(sample, kinds, vouched)
    return _with_foreign(sample, claim_exempt(sample, verdict, foreign), foreign) if foreign else verdict


def _foreign(sample: Sample, kinds: Collection[ValueKind], vouched: Collection[Span]) -> list[Value]:
    """Values of the response that nobody gave it."""
    stated = [
        value
        for value in extract_values(sample.response)
        if value.kind in kinds and not _counting(value) and value.span not in vouched
    ]
    if not stated:
        return []
    talk = (sample.question, *(turn.content for turn in sample.history))
    known = (value_index(sample.contexts), value_index(talk))
    lists = known[0].list_lengths | {list_length(sample.response)}
    return [
        value
        for value in stated
        if not any(texts.carries(value, _before(sample.response, value)) for texts in known)
        and not meant_by(value, (*sample.contexts, *talk), trace_date(sample.metadata))
        and not is_derived(value, _around(sample.response, value), known[0].operands, lists)
    ]


def _counting(value: Value) -> bool:
    """A small number in words mostly counts what is listed (`three ways`): a derivation, not a fact read somewhere."""
    return value.kind is ValueKind.NUMBER and value.normal in _SMALL_WORDS and not value.text[0].isdigit()


def _before(text: str, value: Value) -> str:
    return text[max(0, value.start - 20) : value.start]


def _around(text: str, value: Value) -> str:
    """The words about a value, among which its operation is named."""
    return text[max(0, value.start - SENTENCE) : value.end + SENTENCE]


def _with_foreign(sample: Sample, verdict: Verdict, foreign: list[Value]) -> Verdict:
    """Apply the foreign values to the claims they stand in."""
    aligner = _Aligner(sample.contexts)
    starts = [value.start for value in foreign]
    claims: list[Claim] = []
    hits: list[RuleHit] = []
    for claim in verdict.claims:
        first, last = bisect_left(starts, claim.span.start), bisect_left(starts, claim.span.end)
        own = foreign[first:last]
        if own and claim.verdict is not ClaimVerdict.CONTRADICTED:
            conflict = aligner.conflict(claim, own)
            claims.append(_judged(claim, own[0], conflict))
            hits.extend(_hit_of(value, conflict) for value in own)
        else:
            claims.append(claim)
    return verdict.model_copy(update={"claims": tuple(claims), "rule_hits": (*verdict.rule_hits, *hits)})


class _Conflict(NamedTuple):
    """A value of a claim, and the evidence's different one for the same attribute."""

    value: Value
    other: Value
    evidence: Evidence


def _judged(claim: Claim, value: Value, conflict: _Conflict | None) -> Claim:
    """The claim after the rule."""
    if conflict:
        reason = f"{_named(conflict.value)} where the evidence says {_named(conflict.other)}"
        update: dict[str, object] = {"verdict": ClaimVerdict.CONTRADICTED, "evidence": (conflict.evidence,)}
    elif claim.verdict is ClaimVerdict.SUPPORTED:
        reason = f"{_named(value)} is not in the evidence"
        update = {"verdict": ClaimVerdict.NOT_FOUND}
    else:
        return claim
    return claim.model_copy(
        update={**update, "source": SOURCE, "p_supported": None, "p_source": None, "reason": reason}
    )


def _hit_of(value: Value, conflict: _Conflict | None) -> RuleHit:
    conflicts = conflict is not None and conflict.value is value
    detail = f"the evidence says {_named(conflict.other)}" if conflict and conflicts else "is not in the evidence"
    return RuleHit(rule=f"values:{value.kind.value}", span=value.span, detail=f"{_named(value)} {detail}".strip())


def _named(value: Value) -> str:
    return f"'{value.text[:80]}'"


class _Aligner:
    """Finds the passage that says nearly the same as a claim, and the other value it states."""

    def __init__(self, contexts: Sequence[str]) -> None:
        self._contexts = contexts
        self._index: PassageIndex | None = None

    def conflict(self, claim: Claim, foreign: list[Value]) -> _Conflict | None:
        """The first value of the claim where the aligned passage states exactly one other value of its attribute."""
        measured = [value for value in foreign if value.kind in _COMPARABLE]
        wanted = content_stems(claim.text) if measured else frozenset()
        if len(wanted) < LEAST_WORDS:
            return None
        if self._index is None:
            self._index = PassageIndex(cut_passages(self._contexts))
        match = self._index.best(wanted)
        if match is None or match.coverage < ALIGNED:
            return None
        where = self._index.passages[match.passage].where
        text = self._contexts[where.context][where.start : where.end]
        stated = {value.normal for value in extract_values(claim.text)}
        others = [other for other in extract_values(text) if other.normal not in stated]
        for value in measured:
            attribute = _attribute(value, claim.text, value.start - claim.span.start)
            same = [other for other in others if _attribute(other, text, other.start) == attribute]
            if len(same) == 1 and not _counting(same[0]):
                return _Conflict(value, same[0], where)
        return None


def _attribute(value: Value, text: str, start: int) -> tuple[ValueKind, str]:
    """What the value measures, as far as its kind and the unit or noun after it tell."""
    if value.kind is ValueKind.DATE and value.normal[0] == "T":
        return value.kind, "time"
    if value.kind is ValueKind.DATE:
        return value.kind, "".join("-" if char == "-" else "0" for char in value.normal)
    if value.kind is not ValueKind.NUMBER:
        return value.kind, value.normal.partition(" ")[2]
    if value.unit:
        return value.kind, dimension_of(value.unit)
    return value.kind, stem(word_after(text, start + len(value.text)))
