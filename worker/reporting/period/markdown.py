"""The report of a period in Markdown, for a pull request or a wiki. Foreign words become no markup, link or mention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.worker.reporting.drift.lines import lines_to_show
from assay.worker.reporting.flagged.markdown import code
from assay.worker.reporting.period.application_words import application_lines
from assay.worker.reporting.period.records import DayRate, PeriodReport, RevisionReport, Split, UseCaseReport
from assay.worker.reporting.period.words import (
    Line,
    before_words,
    behind,
    case_notes,
    count_lines,
    coverage_words,
    headline,
    interval_words,
    no_rate_words,
    percent,
    rate_lines,
)

_NAME, _TEXT = 200, 600
MOST_DAYS = 31


def report_markdown(report: PeriodReport) -> str:
    """The whole report. A name or text out of traces stands in a code span, the one place without markup."""
    blocks = [[f"## Answers from {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"]]
    blocks += [[f"> {note}"] for note in map(_plain, report.notes)]
    for case in report.use_cases:
        blocks += _use_case_blocks(case)
    drift = [f"- {line.at:%Y-%m-%d}: {_plain(line.text)}" for line in lines_to_show(report.drift)]
    blocks += [["### Drift, by the last daily check"], drift] if drift else []
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _use_case_blocks(case: UseCaseReport) -> list[list[str]]:
    blocks = [[f"### {code(case.use_case, _NAME)}, rubric {code(case.rubric, _NAME)}"], [coverage_words(case.coverage)]]
    blocks += [[f"> {_plain(note)}"] for note in case_notes(case)]
    if not case.revisions:
        blocks.append(["No rate: nothing of this use case has a verdict in the record."])
    for row in case.revisions:
        blocks += _revision_blocks(row)
    return blocks


def _revision_blocks(row: RevisionReport) -> list[list[str]]:
    name, rate = headline(row.rates)
    told = percent(rate) if row.rates.with_risk else f"no rate: {interval_words(row.rates)}"
    blocks = [
        [f"**{told}** {name}" if row.rates.with_risk else f"**{told}**"],
        [f"⚠️ {code(warning, _TEXT)}" for warning in row.warnings],
    ]
    blocks.append(["| | |", "| --- | --- |", *(_table_row(line) for line in _lines(row))])
    if row.split is not None and row.rates.with_risk:
        blocks.append(_split_table(row.split))
    if len(row.days) > 1 and row.rates.with_risk:
        days = [f"| {day.day} | {_day_words(row, day)} |" for day in row.days[-MOST_DAYS:]]
        blocks.append(["| day with traces | rate behind its traffic |", "| --- | --- |", *days])
    if row.worst:
        blocks.append(["Worst answers:", "", *_worst_lines(row)])
    return blocks


def _day_words(row: RevisionReport, day: DayRate) -> str:
    why = no_rate_words(day.n, day.with_risk, is_cascade=row.cascade is not None)
    return f"no rate: {why}, n={day.n:,}" if day.rate is None else percent(day.rate)


def _lines(row: RevisionReport) -> Iterator[Line]:
    yield from rate_lines(row)
    if row.before is not None:
        yield Line("period before", before_words(row.before))
    yield from count_lines(row)
    yield from application_lines(row)
    for jump in row.application.jumps:
        yield Line("a jump", jump)


def _table_row(line: Line) -> str:
    return f"| {line.label} | {_cell(line.text)} |"


def _split_table(split: Split) -> list[str]:
    lines = [f"| {split.by.replace('_', ' ')} | rate behind the traffic | refusals behind it |", "| --- | --- | --- |"]
    for value in split.values:
        name = "unknown" if value.value is None else _cell(value.value)
        lines.append(f"| {name} | {percent(behind(value.rates))} | {percent(value.rates.refusals_behind)} |")
    if split.other_values:
        lines.append(f"| others: {split.other_values:,} values | n={split.others:,} | |")
    return lines


def _worst_lines(row: RevisionReport) -> Sequence[str]:
    return [
        f"- risk {answer.risk:.2f}, trace {code(answer.trace_id, _NAME)}{_link(answer.url)}" for answer in row.worst
    ]


def _link(url: str | None) -> str:
    return f", [open](<{url}>)" if url else ""


def _cell(text: str) -> str:
    """Text in a table. Words of ours stay words; whatever holds a character that Markdown reads goes into code."""
    # A bar ends a cell even in code.
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    is_harmless = set(text) <= _HARMLESS and "www." not in text.lower()
    return text if is_harmless else code(text, _TEXT)


_HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;=()%+-–≥'")
"""Characters that mean nothing in Markdown where they stand inside a line. A slash may end an address."""
