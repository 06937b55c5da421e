"""Turns a parsed reply into claims: numbers become offsets.

A verdict that needs evidence and rests on no line that was shown becomes `not_found`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from assay.judges.llm.fence import one_line
from assay.judges.llm.grounding.numbering import ResponsePart
from assay.judges.llm.grounding.reply import Entry, ParsedReply
from assay.judges.llm.reply_object import printable
from assay.judges.schema import Claim, ClaimVerdict, Evidence, Record, Sample, Severity, Span
from assay.judges.text.quotes import find_quote

UNGROUNDED = "llm:ungrounded"
"""Source of a claim whose verdict rests on no line that was shown."""

_MAX_REASON_CHARS = 300
_NONE: Mapping[int, float] = MappingProxyType({})


class ResolvedReply(Record):
    """What one reply says of the sample, resolved to offsets.

    `rejected_evidence` counts pointers at lines that were not shown, and verdicts that needed a line and named none.
    `rejected_fragments` counts quoted fragments that do not occur in their sentence.
    """

    claims: tuple[Claim, ...] = ()
    not_checkworthy: tuple[Span, ...] = ()
    rejected_evidence: int = 0
    rejected_fragments: int = 0


def resolve(
    reply: ParsedReply, sample: Sample, part: ResponsePart, *, support: Mapping[int, float] = _NONE
) -> ResolvedReply:
    """Resolve every entry of a reply.

    Args:
        reply: what the model answered.
        sample: what it was asked about.
        part: what it was shown.
        support: probability of support by sentence where the model's tokens tell it. It goes before what is stated.
    """
    claims: list[Claim] = []
    rest: list[Span] = []
    rejected_evidence = rejected_fragments = 0
    for entry in reply.entries:
        span = part.sentences[entry.n]
        if entry.verdict == "not_checkworthy":
            rest.append(span)
            continue
        cited, rejected = _cited(entry, part)
        rejected_evidence += rejected
        fragment = entry.fragment if entry.fragment and entry.fragment.strip() else None
        if fragment is not None and not occurs(fragment, sample.response[span.start : span.end]):
            rejected_fragments += 1
            fragment = None
        text = sample.response[span.start : span.end]
        claims.append(_claim(entry, text, span, cited, fragment, support.get(entry.n)))
    return ResolvedReply(
        claims=tuple(claims),
        not_checkworthy=tuple(rest),
        rejected_evidence=rejected_evidence,
        rejected_fragments=rejected_fragments,
    )


def _cited(entry: Entry, part: ResponsePart) -> tuple[tuple[Evidence, ...], int]:
    """The shown lines an entry points at, and how much of its evidence was rejected."""
    numbers = dict.fromkeys(entry.evidence)
    cited = tuple(part.evidence[n] for n in numbers if n in part.evidence)
    if entry.verdict != "not_found" and not numbers:
        return (), 1
    return cited, len(numbers) - len(cited)


def _claim(
    entry: Entry, text: str, span: Span, cited: tuple[Evidence, ...], fragment: str | None, by_tokens: float | None
) -> Claim:
    verdict = ClaimVerdict(entry.verdict)
    reason, source = _reason(entry.reason, fragment), "llm"
    if verdict is not ClaimVerdict.NOT_FOUND and not cited:
        reason, source = f"said to be {verdict.value}, but by no line of the evidence", UNGROUNDED
        verdict = ClaimVerdict.NOT_FOUND
    p, p_source = _support(entry, by_tokens, verdict, source)
    return Claim(
        text=text,
        span=span,
        verdict=verdict,
        p_supported=p,
        p_source=p_source,
        severity=entry.severity or Severity.MATERIAL,
        evidence=() if verdict is ClaimVerdict.NOT_FOUND else cited,
        source=source,
        reason=reason,
    )


def _support(
    entry: Entry, by_tokens: float | None, verdict: ClaimVerdict, source: str
) -> tuple[float | None, Literal["tokens", "stated"] | None]:
    """The claim's probability of support, and where it is from.

    With several verdicts, 1 - p bounds support from above where the verdict is another, and support never becomes the
    likelier side. A support that turned out to have no ground keeps no probability: it was for something else.
    """
    p = entry.p if by_tokens is None else by_tokens
    if p is None or (source == UNGROUNDED and entry.verdict == "supported"):
        return None, None
    if verdict is not ClaimVerdict.SUPPORTED:
        p = min(1.0 - p if by_tokens is None else p, 0.5)
    return p, "stated" if by_tokens is None else "tokens"


def _reason(reason: str | None, fragment: str | None) -> str:
    """The model's reason on one line, led by the words that fail."""
    text, quoted = printable(reason), printable(fragment)
    if quoted:
        text = f"“{quoted}”: {text}" if text else f"“{quoted}”"
    return text if len(text) <= _MAX_REASON_CHARS else text[: _MAX_REASON_CHARS - 1] + "…"


def occurs(fragment: str, sentence: str) -> bool:
    """Whether a quoted fragment occurs in a sentence, as it is or as the model was shown it. See `find_quote`."""
    return find_quote(fragment, sentence) is not None or find_quote(one_line(fragment), one_line(sentence)) is not None
