"""The report of a period in a terminal: a block for each use case, rubric and revision, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from assay.worker.reporting.drift.lines import lines_to_show
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
from assay.worker.reporting.period.records import PeriodReport, RevisionReport, Split, UseCaseReport
from assay.worker.reporting.period.scale import scale_top
from assay.worker.reporting.period.words import (
    Line,
    before_words,
    behind,
    case_notes,
    count_lines,
    coverage_words,
    gap_words,
    headline,
    interval_words,
    no_rate_words,
    rate_lines,
    reasons,
)
from assay.worker.reporting.terminal.text import clipped, one_line
from assay.worker.statistics.intervals import Estimate

MOST_DAYS = 14
"""Days that the trend shows. The page and the JSON have all."""

_LABEL = 19
_NAME = 20
_LONGEST_NAME = 60
_PLOT, _PLOT_OF_OVERVIEW = 30, 20
_TONES = {"worse": "red", "better": "green", "no change shown": "dim", "not compared": "dim"}


def shown(text: str) -> str:
    """Foreign words on a line of ours: harmless, no markup of Rich, and no line of their own."""
    return escape(one_line(text))


def report_parts(report: PeriodReport) -> Iterator[RenderableType]:
    """The whole report, part by part. Addresses are texts that are not to be wrapped."""
    yield f"traces started {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    for note in report.notes:
        yield f"[yellow]{shown(note)}[/]"
    if len(report.use_cases) >= OVERVIEW_FROM:
        yield ""
        yield _overview(report)
    if len(report.use_cases) <= MOST_USE_CASES:
        for _, case in by_urgency(report):
            yield from _use_case_parts(case)
    drift = lines_to_show(report.drift)
    if drift:
        yield ""
        yield "drift, by the last daily check:"
    for line in drift:
        yield Padding(Text(f"{line.at:%Y-%m-%d} {line.text}", "yellow" if line.drifted else ""), (0, 0, 0, 2))
    calls = list(call_lines(report))
    if calls:
        yield ""
    yield from calls


def _use_case_parts(case: UseCaseReport) -> Iterator[RenderableType]:
    yield ""
    yield Rule(f"[bold]{shown(case.use_case)}[/] · rubric {shown(case.rubric)}", align="left", style="dim")
    yield Padding(Text(coverage_words(case.coverage)), (0, 0, 0, 2))
    for name in ("skipped", "dead"):
        part = getattr(case.coverage, name)
        if part:
            yield Padding(Text.from_markup(f"[dim]{name}: {shown(reasons(part))}[/]"), (0, 0, 0, 4))
    for note in case_notes(case):
        yield Padding(Text.from_markup(f"[yellow]{shown(note)}[/]"), (0, 0, 0, 4))
    if not case.revisions:
        yield Padding("no rate: nothing of this use case has a verdict in the record", (0, 0, 0, 2))
    for row in case.revisions:
        yield from _revision_parts(row, revision_span_words(case, row))


def _revision_parts(row: RevisionReport, which: str) -> Iterator[RenderableType]:
    yield ""
    name, rate = headline(row.rates)
    number = "no rate" if rate is None else f"{rate.value:.1%}"
    yield Padding(Text.assemble((number, "bold"), f"  {name}"), (0, 0, 0, 2))
    yield _lines(
        [
            Line("", interval_words(row.rates)),
            *([Line("", which)] if which else []),
            *_before_lines(row),
            *(Line("warning", f"[yellow]{shown(warning)}[/]") for warning in row.warnings),
            *_safe(rate_lines(row)),
            *_safe(count_lines(row)),
            *_safe(application_lines(row)),
            *(Line("a jump", f"[yellow]{shown(jump)}[/]") for jump in row.application.jumps),
        ]
    )
    if len(row.days) > 1 and row.rates.with_risk:
        yield Padding(_trend(row), (1, 0, 0, 2))
    if row.split is not None and row.rates.with_risk:
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


def _trend(row: RevisionReport) -> RenderableType:
    """Days as intervals on one scale."""
    days = row.days[-MOST_DAYS:]
    scale = Scale.of([day.rate for day in days])
    left_out = len(row.days) - len(days)
    older = f"; {left_out} days before are in --html and --json" if left_out else ""
    table = _drawings()
    for at, day in enumerate(days):
        if gap := (day.day - days[at - 1].day).days - 1 if at else 0:
            table.add_row(f"[dim]… {gap} {'day' if gap == 1 else 'days'} none[/]")
        why = no_rate_words(day.n, day.with_risk, is_cascade=row.cascade is not None)
        table.add_row(f"{day.day}", scale.drawn(day.rate), _value(day.rate), _details(day.rate, day.with_risk, why))
    return Group(f"[dim]by day, {scale.words}{older}[/]", table)


def _split(split: Split) -> RenderableType:
    rates = [behind(value.rates) for value in split.values]
    scale = Scale.of(rates)
    table = _drawings()
    for value, rate in zip(split.values, rates, strict=True):
        name = "[dim]unknown[/]" if value.value is None else _name(value.value)
        why = no_rate_words(value.rates.n, value.rates.with_risk, is_cascade=value.rates.cascade)
        table.add_row(name, scale.drawn(rate), _value(rate), _details(rate, value.rates.with_risk, why))
    title = f"[dim]by {split.by.replace('_', ' ')}, {scale.words}[/]"
    if not split.other_values:
        return Group(title, table)
    return Group(title, table, f"[dim]others: {split.other_values:,} values, n={split.others:,}[/]")


def _overview(report: PeriodReport) -> RenderableType:
    """One line for each use case, rubric and revision: what got worse first, then the highest rate."""
    rows = [(case, row) for case in report.use_cases for row in case.revisions]
    rows.sort(key=lambda pair: urgency(pair[1]))
    scale = Scale.of([behind(row.rates) for _, row in rows])
    table = _drawings()
    table.add_column(no_wrap=True)
    for case, row in rows:
        rate = behind(row.rates)
        why = no_rate_words(row.rates.n, row.rates.with_risk, is_cascade=row.rates.cascade)
        word = row.before.word if row.before and row.before.word in {"worse", "better"} else ""
        about = about_words(report, case, row)
        table.add_row(
            _name(case.use_case) + (f" [dim]{shown(about)}[/]" if about else ""),
            scale.drawn(rate, _PLOT_OF_OVERVIEW),
            _value(rate),
            _details(rate, row.rates.with_risk, why),
            f"[{_TONES[word]}]{word}[/]" if word else "",
        )
    return Group(f"[dim]{len(report.use_cases):,} use cases, {scale.words}[/]", table, *_overview_hint(report))


def _overview_hint(report: PeriodReport) -> Iterator[str]:
    """What the lines of an overview leave out."""
    if len(report.use_cases) <= MOST_USE_CASES:
        return
    silent = sum(not case.revisions for case in report.use_cases)
    differ = sum(bool(gap_words(case.coverage)) for case in report.use_cases)
    jumped = sum(bool(row.application.jumps) for case in report.use_cases for row in case.revisions)
    more = f"{silent:,} more have no verdict; " if silent else ""
    more += f"of {differ:,} record and ledger count differently; " if differ else ""
    more += f"in {jumped:,} a prompt version takes many times another's tokens or cost; " if jumped else ""
    yield f"[dim]{more}all of one: assay report --use-case NAME; all of all: --html[/]"


def _name(name: str) -> str:
    """A foreign name in a column: on one line, and no longer than a few lines of it."""
    return escape(clipped(name, _LONGEST_NAME))


def _drawings() -> Table:
    """A table of a name, an interval as a drawing, a rate, and what else to know."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(max_width=_NAME, overflow="fold")
    for _ in range(3):
        table.add_column(no_wrap=True)
    return table


def _details(rate: Estimate | None, with_risk: int, why: str) -> str:
    told = f"({why})" if rate is None else f"({rate.low:.1%}–{rate.high:.1%})"
    return f"[dim]{told} n={with_risk:,}[/]"


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
        return f"rates behind the traffic, drawn from 0 to {self.top:.0%}"

    def drawn(self, rate: Estimate | None, width: int = _PLOT) -> str:
        """An interval with its value: `   |--•----|   `. Characters that every terminal has, but for the dot."""
        if rate is None:
            return " " * width
        low, at, high = (min(width - 1, int(width * share / self.top)) for share in (rate.low, rate.value, rate.high))
        line = [" "] * low + ["-"] * (high - low + 1) + [" "] * (width - high - 1)
        line[low], line[high] = "|", "|"
        line[at] = "•"
        return "".join(line)


def _value(rate: Estimate | None) -> str:
    return "[dim]no rate[/]" if rate is None else f"[bold]{rate.value:>6.1%}[/]"
