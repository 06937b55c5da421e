"""A digest in Markdown, for a wiki or an issue. Names from traces become no markup, link or mention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.worker.alerts.digest.records import DigestLine, DigestUseCase, OwnerDigest
from assay.worker.alerts.digest.words import (
    LONGEST_ID,
    SIGNS,
    alert_words,
    case_lines,
    headline_of,
    judged_words,
    rate_words,
    worst_words,
)
from assay.worker.reporting.flagged.markdown import code
from assay.worker.reporting.period.records import WorstAnswer

_TEXT = 600
_HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;=()%+-–≥→'/")
"""Characters that mean nothing in Markdown where they stand inside a line."""


def digest_markdown(digests: Sequence[OwnerDigest]) -> str:
    """All of them, one below the other."""
    return "\n".join(line for digest in digests for line in _digest(digest)) + "\n"


def _digest(digest: OwnerDigest) -> Iterator[str]:
    yield from (f"# {_plain(digest.title)}", "", f"{digest.period}. {_plain(headline_of(digest))}", "")
    yield from _list("Notes", [_plain(note) for note in digest.notes])
    for case in digest.use_cases:
        yield from _use_case(case)
    yield from _list("Golden sets", [_line(line) for line in digest.golden])
    yield from _list("Alerts of the fleet", [_plain(alert_words(alert)) for alert in digest.fleet])


def _use_case(case: DigestUseCase) -> Iterator[str]:
    yield from (f"## {_plain(case.name)}", "")
    if not case.rates:
        yield from ("Nothing came to its end this week.", "")
    for rate in case.rates:
        yield f"**{_plain(rate_words(rate))}**\\"
        if rate.change_words:
            yield f"{SIGNS[rate.change]} {_plain(rate.change_words)}\\"
        yield from (_plain(judged_words(rate)), "")
    lines = [f"{_plain(label)}: {_plain(text)}" for label, text, _ in case_lines(case)]
    yield from (f"- {line}" for line in lines)
    if lines:
        yield ""
    yield from _list("Worst answers", [_worst(answer) for answer in case.worst], level=3)


def _list(title: str, lines: Sequence[str], *, level: int = 2) -> Iterator[str]:
    if lines:
        yield from (f"{'#' * level} {title}", "", *(f"- {line}" for line in lines), "")


def _line(line: DigestLine) -> str:
    return f"{_plain(line.label)}: {_plain(line.text)}"


def _worst(answer: WorstAnswer) -> str:
    link = f", [open](<{answer.url}>)" if answer.url else ""
    return f"{_plain(worst_words(answer))}, trace {code(answer.trace_id, LONGEST_ID)}{link}"


def _plain(text: str) -> str:
    """Words of ours stay words; whatever holds a character that Markdown reads goes into code."""
    is_harmless = set(text) <= _HARMLESS and "www." not in text.lower() and "//" not in text
    return text if is_harmless else code(text, _TEXT)
