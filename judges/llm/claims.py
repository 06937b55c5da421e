"""Turns a parsed reply into claims: numbers become offsets, and a verdict that rests on no line of evidence falls."""

from __future__ import annotations

import re
import unicodedata

from judges.llm.fence import one_line
from judges.llm.numbering import Part
from judges.llm.reply import Entry, ParsedReply
from judges.schema import Claim, ClaimVerdict, Evidence, Record, Sample, Severity, Span

_MAX_REASON_CHARS = 300
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "`": "'"})
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class Judged(Record):
    """What one reply says of the sample, resolved to offsets.

    `rejected_evidence` counts pointers at lines that were not shown, and verdicts that needed a line and named none;
    `rejected_fragments` counts quoted fragments that do not occur in their sentence.
    """

    claims: tuple[Claim, ...] = ()
    not_checkworthy: tuple[Span, ...] = ()
    rejected_evidence: int = 0
    rejected_fragments: int = 0


def resolve(reply: ParsedReply, sample: Sample, part: Part) -> Judged:
    """Resolve every entry of a reply; `part` is what the model was shown."""
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
        claims.append(_claim(entry, sample.response, span, cited, fragment))
    return Judged(
        claims=tuple(claims),
        not_checkworthy=tuple(rest),
        rejected_evidence=rejected_evidence,
        rejected_fragments=rejected_fragments,
    )


def _cited(entry: Entry, part: Part) -> tuple[tuple[Evidence, ...], int]:
    """The shown lines an entry points at, and how much of its evidence was rejected."""
    numbers = dict.fromkeys(entry.evidence)
    cited = tuple(part.evidence[n] for n in numbers if n in part.evidence)
    if entry.verdict != "not_found" and not numbers:
        return (), 1
    return cited, len(numbers) - len(cited)


def _claim(entry: Entry, response: str, span: Span, cited: tuple[Evidence, ...], fragment: str | None) -> Claim:
    verdict = ClaimVerdict(entry.verdict)
    reason = _reason(entry.reason, fragment)
    p_supported = _p_supported(verdict, entry.p)
    if verdict is not ClaimVerdict.NOT_FOUND and not cited:
        reason = f"said to be {verdict.value}, but by no line of the evidence"
        # The model's probability was for a support that turned out to have no ground.
        p_supported = None if verdict is ClaimVerdict.SUPPORTED else p_supported
        verdict = ClaimVerdict.NOT_FOUND
    return Claim(
        text=response[span.start : span.end],
        span=span,
        verdict=verdict,
        p_supported=p_supported,
        severity=entry.severity or Severity.MATERIAL,
        evidence=() if verdict is ClaimVerdict.NOT_FOUND else cited,
        source="llm",
        reason=reason,
    )


def _p_supported(verdict: ClaimVerdict, p: float | None) -> float | None:
    """Probability of support from the probability that the verdict is right.

    With three verdicts, 1 - p bounds support from above where the verdict is another; support never becomes the
    likelier side.
    """
    if p is None or verdict is ClaimVerdict.SUPPORTED:
        return p
    return min(1.0 - p, 0.5)


def _reason(reason: str | None, fragment: str | None) -> str:
    """The model's reason on one line, led by the words that fail."""
    text = _UNPRINTABLE.sub(" ", reason or "").strip()
    quoted = _UNPRINTABLE.sub(" ", fragment or "").strip()
    if quoted:
        text = f"“{quoted}”: {text}" if text else f"“{quoted}”"
    return text if len(text) <= _MAX_REASON_CHARS else text[: _MAX_REASON_CHARS - 1] + "…"


def occurs(fragment: str, sentence: str) -> bool:
    """Whether a quoted fragment occurs in a sentence, white space, case, quotation marks and Unicode forms aside."""
    wanted = _normal(fragment)
    return bool(wanted) and wanted in _normal(sentence)


def _normal(text: str) -> str:
    # The model saw the sentence as `one_line` left it, so both sides go through it.
    folded = unicodedata.normalize("NFKC", one_line(text).translate(_QUOTES)).casefold()
    return " ".join(folded.split()).strip("\"' .…")
