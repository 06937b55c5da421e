"""A digest as one message of Slack, within its limits; what does not fit is named."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from assay.worker.alerts.digest.records import DigestUseCase, OwnerDigest
from assay.worker.alerts.digest.words import (
    SIGNS,
    alert_words,
    case_lines,
    headline_of,
    judged_words,
    rate_words,
    worst_words,
)
from assay.worker.alerts.slack import LONGEST_TEXT, bold, context, escaped, header, link, section
from assay.worker.alerts.wording import cut

MOST_USE_CASES = 12
"""Use cases with a section of their own. With two blocks each a message stays below 50."""

_MOST_LINES = 14
_LINE = 400
_TONES = {"bad": "🔴 ", "open": "🟠 ", "good": "✅ ", "": "• "}


def digest_message(digest: OwnerDigest) -> dict[str, JsonValue]:
    """The message as it is posted."""
    told = f"{digest.title}: {headline_of(digest)}"
    blocks: list[JsonValue] = [
        header(digest.title),
        section(escaped(cut(f"{digest.period}. {headline_of(digest)}", 1_000))),
    ]
    for case in digest.use_cases[:MOST_USE_CASES]:
        blocks += [{"type": "divider"}, section(cut("\n".join(_case(case)), LONGEST_TEXT)), context(_basis(case))]
    more = len(digest.use_cases) - MOST_USE_CASES
    if more > 0:
        blocks.append(context(f"{more:,} more use cases: `assay digest` shows all"))
    for title, lines in (("Golden sets", _golden(digest)), ("Alerts of the fleet", _fleet(digest))):
        if lines:
            blocks += [{"type": "divider"}, section(cut("\n".join([f"*{title}*", *lines]), LONGEST_TEXT))]
    blocks += [context(escaped(cut(note, 500))) for note in digest.notes[:3]]
    return {"text": escaped(cut(told, 2_000)), "blocks": blocks}


def _case(case: DigestUseCase) -> Iterator[str]:
    yield f"*{bold(case.name)}*"
    if not case.rates:
        yield "Nothing came to its end this week."
    for rate in case.rates[:3]:
        yield f"{SIGNS[rate.change]} {escaped(cut(rate_words(rate), _LINE))}"
        if rate.change_words:
            yield f"   {escaped(cut(rate.change_words, _LINE))}"
    lines = [f"{_TONES[tone]}{escaped(cut(f'{label}: {text}', _LINE))}" for label, text, tone in case_lines(case)]
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"• {len(lines) - _MOST_LINES} more facts"
    answers = [
        link(answer.url, worst_words(answer)) if answer.url else escaped(worst_words(answer)) for answer in case.worst
    ]
    if answers:
        yield f"Worst answers: {' · '.join(answers)}"


def _basis(case: DigestUseCase) -> str:
    return escaped(cut("; ".join(judged_words(rate) for rate in case.rates) or "no trace", 1_000))


def _golden(digest: OwnerDigest) -> list[str]:
    return [f"{_TONES[line.tone]}{escaped(cut(f'{line.label}: {line.text}', _LINE))}" for line in digest.golden[:20]]


def _fleet(digest: OwnerDigest) -> list[str]:
    return [f"• {escaped(cut(alert_words(alert), _LINE))}" for alert in digest.fleet[:20]]
