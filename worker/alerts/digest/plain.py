"""A digest for a terminal: lines, each with its style."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.digest.records import OwnerDigest
from assay.worker.alerts.digest.words import (
    SIGNS,
    alert_words,
    case_lines,
    headline_of,
    judged_words,
    rate_words,
    worst_words,
)

_TONES = {"bad": "red", "open": "yellow", "good": "green", "": ""}
_CHANGES = {"worse": "red", "better": "green"}


def digest_lines(digest: OwnerDigest) -> Iterator[tuple[str, str]]:
    """All lines of one team's digest."""
    yield f"{digest.title}, {digest.period}", "bold"
    yield headline_of(digest), ""
    for note in digest.notes:
        yield f"note: {note}", "yellow"
    for case in digest.use_cases:
        yield "", ""
        yield case.name, "bold"
        if not case.rates:
            yield "  nothing came to its end this week", "dim"
        for rate in case.rates:
            yield f"  {SIGNS[rate.change]} {rate_words(rate)}", _CHANGES.get(rate.change, "")
            if rate.change_words:
                yield f"    {rate.change_words}", ""
            yield f"    {judged_words(rate)}", "dim"
        for label, text, tone in case_lines(case):
            yield f"  {label}: {text}", _TONES[tone]
        for answer in case.worst:
            yield f"  worst: {worst_words(answer)}, trace {answer.trace_id} {answer.url or ''}".rstrip(), ""
    lines = [(line.label, line.text, line.tone) for line in digest.golden]
    lines += [("alert of the fleet", alert_words(alert), "") for alert in digest.fleet]
    if lines:
        yield "", ""
    for label, text, tone in lines:
        yield f"{label}: {text}", _TONES[tone]
    yield "", ""
