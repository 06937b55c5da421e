"""The report of a period in a terminal: a block for each use case, rubric and revision, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from assay.worker.records.ledger import UnscoredSpend
from assay.worker.reporting.period.records import DayRate, PeriodReport, RevisionReport, Split, UseCaseReport
from assay.worker.reporting.period.scale import scale_top
from assay.worker.reporting.period.words import (
    Line,
    application_lines,
    before_words,
    count_lines,
    coverage_words,
    headline,
    interval_words,
    rate_lines,
    reasons,
)
from assay.worker.reporting.terminal.fleet_health import unknown_words
from assay.worker.reporting.terminal.text import one_line, shown
from assay.worker.statistics.intervals import Estimate

MOST_DAYS = 14
"""Days that the trend shows. The page and the JSON have all."""

_LABEL = 19
_PLOT = 30
_TONES = {"worse": "red", "better": "green", "no change shown": "dim", "not compared": "dim"}


def report_parts(report: PeriodReport) -> Iterator[RenderableType]:
    """The whole report, part by part. Addresses are texts that are not to be wrapped."""
    yield f"traces started {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    for note in report.notes:
        yield f"[yellow]{shown(note)}[/]"
    for case in report.use_cases:
        yield from _use_case_parts(case)
    lost, ends = report.spent_without_score, report.unknown_ends
    if (lost and lost.calls) or (ends and ends.calls):
        yield ""
    if lost and lost.calls:
        yield spend_words(lost)
    if ends and ends.calls:
        yield unknown_words(ends)


def spend_words(spent: UnscoredSpend) -> str:
    """What was paid for no score."""
    unpriced = f", and {spent.unpriced_calls:,} calls of unknown price" if spent.unpriced_calls else ""
    return f"spent without a score: {spent.calls:,} model calls, {spent.cost_usd:.4f} USD{unpriced}"


def _use_case_parts(case: UseCaseReport) -> Iterator[RenderableType]:
    yield ""
    yield Rule(f"[bold]{shown(case.use_case)}[/] · rubric {shown(case.rubric)}", align="left", style="dim")
    yield Padding(Text(coverage_words(case.coverage)), (0, 0, 0, 2))
    for name in ("skipped", "dead"):
        part = getattr(case.coverage, name)
        if part:
            yield Padding(Text.from_markup(f"[dim]{name}: {shown(reasons(part))}[/]"), (0, 0, 0, 4))
    if not case.revisions:
        yield Padding("no rate: nothing of this use case has a verdict in the record", (0, 0, 0, 2))
    for row in case.revisions:
        yield from _revision_parts(row)


def _revision_parts(row: RevisionReport) -> Iterator[RenderableType]:
    yield ""
    name, rate = headline(row.rates)
    number = "no rate" if rate is None else f"{rate.value:.1%}"
    yield Padding(Text.assemble((number, "bold"), f"  {name}"), (0, 0, 0, 2))
    yield _lines(
        [
            Line("", interval_words(rate)),
            *_before_lines(row),
            *(Line("warning", f"[yellow]{shown(warning)}[/]") for warning in row.warnings),
            *_safe(rate_lines(row)),
            *_safe(count_lines(row)),
            *_safe(application_lines(row)),
            *(Line("a jump", f"[yellow]{shown(jump)}[/]") for jump in row.application.jumps),
        ]
    )
    if len(row.days) > 1:
        yield Padding(_trend(row.days), (1, 0, 0, 2))
    if row.split is not None:
        yield Padding(_split(row.split), (1, 0, 0, 2))
    if row.worst:
        yield ""
        yield from _worst_parts(row)


def _before_lines(row: RevisionReport) -> Iterator[Line]:
    if row.before is not None:
        yield Line("period before", f"[{_TONES[row.before.word]}]{shown(before_words(row.before))}[/]")


def _safe(lines: Iterator[Line] | Sequence[Line]) -> Iterator[Line]:
    """Lines with foreign words in them, made harmless."""
    return (Line(shown(label), shown(text)) for label, text in lines)


def _lines(lines: Sequence[Line]) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=_LABEL, style="dim")
    grid.add_column(overflow="fold")
    for label, text in lines:
        grid.add_row(label, text)
    return Padding(grid, (0, 0, 0, 2))


def _trend(days: Sequence[DayRate]) -> RenderableType:
    """Days as intervals on one scale."""
    shown_days = days[-MOST_DAYS:]
    scale = Scale.of([day.rate for day in shown_days])
    table = Table.grid(padding=(0, 1, 0, 0))
    for _ in range(4):
        table.add_column(no_wrap=True)
    left_out = len(days) - len(shown_days)
    older = f"; {left_out} days before are in --html and --json" if left_out else ""
    for day in shown_days:
        table.add_row(
            f"{day.day}", scale.drawn(day.rate), _value(day.rate), f"[dim]{_ends(day.rate)} n={day.with_risk:,}[/]"
        )
    return Group(f"[dim]by day, {scale.words}{older}[/]", table)


def _split(split: Split) -> RenderableType:
    rates = [headline(value.rates)[1] for value in split.values]
    scale = Scale.of(rates)
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(max_width=20, overflow="ellipsis", no_wrap=True)
    for _ in range(3):
        table.add_column(no_wrap=True)
    for value, rate in zip(split.values, rates, strict=True):
        name = "[dim]unknown[/]" if value.value is None else escape(one_line(value.value))
        table.add_row(name, scale.drawn(rate), _value(rate), f"[dim]{_ends(rate)} n={value.rates.with_risk:,}[/]")
    title = f"[dim]by {split.by.replace('_', ' ')}, {scale.words}[/]"
    if not split.other_values:
        return Group(title, table)
    return Group(title, table, f"[dim]others: {split.other_values:,} values, n={split.others:,}[/]")


def _worst_parts(row: RevisionReport) -> Iterator[RenderableType]:
    for number, answer in enumerate(row.worst):
        label = "worst" if number == 0 else "     "
        # An address is copied whole, so it stands on its line as it is.
        yield Text.from_markup(
            f"  [dim]{label}[/] {answer.risk:.2f} {escape(one_line(answer.url or answer.trace_id))}", overflow="ignore"
        )


class Scale:
    """A scale from 0 to a round share, on which intervals are drawn in one line of characters."""

    def __init__(self, top: float) -> None:
        self.top = top

    @classmethod
    def of(cls, rates: Sequence[Estimate | None]) -> Scale:
        """The shortest scale of round shares that holds all intervals."""
        return cls(scale_top(rates))

    @property
    def words(self) -> str:
        """What the ends of the scale mean."""
        return f"drawn from 0 to {self.top:.0%}"

    def drawn(self, rate: Estimate | None) -> str:
        """An interval with its value: `   |--•----|   `. Characters that every terminal has, but for the dot."""
        if rate is None:
            return " " * _PLOT
        low, at, high = (min(_PLOT - 1, int(_PLOT * share / self.top)) for share in (rate.low, rate.value, rate.high))
        line = [" "] * low + ["-"] * (high - low + 1) + [" "] * (_PLOT - high - 1)
        line[low], line[high] = "|", "|"
        line[at] = "•"
        return "".join(line)


def _value(rate: Estimate | None) -> str:
    return "[dim]no rate[/]" if rate is None else f"[bold]{rate.value:>6.1%}[/]"


def _ends(rate: Estimate | None) -> str:
    return "" if rate is None else f"({rate.low:.1%}–{rate.high:.1%})"
