"""The report of a period in Markdown, for a pull request or a wiki. Foreign words become no markup, link or mention."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assay.worker.reporting.drift.lines import lines_to_show
from assay.worker.reporting.flagged.markdown import code
from assay.worker.reporting.period.application_words import application_lines
from assay.worker.reporting.period.calls import call_lines
from assay.worker.reporting.period.overview import (
    MOST_USE_CASES,
    OVERVIEW_FROM,
    about_words,
    by_urgency,
    revision_span_words,
    urgency,
)
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

MOST_ROWS = 300
"""Lines of an overview, so that it fits into one comment of a pull request (GitHub takes 65,536 characters)."""


def report_markdown(report: PeriodReport) -> str:
    """The whole report. A name or text out of traces stands in a code span, the one place without markup."""
    blocks = [[f"## Answers from {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"]]
    blocks += [[f"> {note}"] for note in map(_plain, report.notes)]
    if len(report.use_cases) >= OVERVIEW_FROM:
        blocks += _overview_blocks(report)
    if len(report.use_cases) <= MOST_USE_CASES:
        for _, case in by_urgency(report):
            blocks += _use_case_blocks(case)
    drift = [f"- {line.at:%Y-%m-%d}: {_plain(line.text)}" for line in lines_to_show(report.drift)]
    blocks += [["### Drift, by the last daily check"], drift] if drift else []
    blocks += [[line] for line in call_lines(report)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _overview_blocks(report: PeriodReport) -> list[list[str]]:
    """A line for each use case, rubric and revision. Of very many the ones that got worse, or have the highest rate."""
    rows = [(case, row) for case in report.use_cases for row in case.revisions]
    rows.sort(key=lambda pair: urgency(pair[1]))
    table = ["| use case | rate behind the traffic | since the period before |", "| --- | --- | --- |"]
    for case, row in rows[:MOST_ROWS]:
        about = about_words(report, case, row)
        name = code(case.use_case, _NAME).replace("|", "\\|") + (f" {_cell(about)}" if about else "")
        rate = behind(row.rates)
        why = no_rate_words(row.rates.n, row.rates.with_risk, is_cascade=row.rates.cascade)
        told = f"no rate: {why}, n={row.rates.n:,}" if rate is None else percent(rate)
        table.append(f"| {name} | {told} | {row.before.word if row.before else ''} |")
    left_out, silent = len(rows) - MOST_ROWS, sum(not case.revisions for case in report.use_cases)
    more = [f"{left_out:,} more lines are not shown"] if left_out > 0 else []
    more += [f"{silent:,} more use cases have no verdict"] if silent else []
    if len(report.use_cases) > MOST_USE_CASES:
        more.append("all of one: assay report --use-case NAME")
    title = f"### {len(report.use_cases):,} use cases, what got worse first"
    return [[title], table, ["; ".join(more)] if more else []]


def _use_case_blocks(case: UseCaseReport) -> list[list[str]]:
    blocks = [[f"### {code(case.use_case, _NAME)}, rubric {code(case.rubric, _NAME)}"], [coverage_words(case.coverage)]]
    blocks += [[f"> {_plain(note)}"] for note in case_notes(case)]
    if not case.revisions:
        blocks.append(["No rate: nothing of this use case has a verdict in the record."])
    for row in case.revisions:
        blocks += _revision_blocks(row, revision_span_words(case, row))
    return blocks


def _revision_blocks(row: RevisionReport, which: str) -> list[list[str]]:
    name, rate = headline(row.rates)
    told = percent(rate) if row.rates.with_risk else f"no rate: {interval_words(row.rates)}"
    blocks = [
        [f"**{told}** {name}" if row.rates.with_risk else f"**{told}**", *([f"({which})"] if which else [])],
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
    return f"| {_cell(line.label)} | {_cell(line.text)} |"


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
