"""Intervals as bars on one scale: the overview of a page, and the values of a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.worker.reporting.period.overview import about_words, urgency
from assay.worker.reporting.period.records import PeriodReport, RevisionReport, UseCaseReport
from assay.worker.reporting.period.scale import scale_top
from assay.worker.reporting.period.words import behind, no_rate_words, percent
from assay.worker.signals.rates import Rates
from assay.worker.statistics.intervals import Estimate

_TONES = {"worse": "regressed", "better": "pass"}


@dataclass(frozen=True)
class Bar:
    """An interval on a scale of 0 to 100, with its words."""

    name: str
    low: float
    at: float
    high: float
    words: str
    is_known: bool = True
    anchor: str = ""
    tone: str = ""
    note: str = ""
    about: str = ""


def overview(report: PeriodReport) -> tuple[Bar, ...]:
    """All rates on one scale, each with a link to its section: what got worse first, then by the rate."""
    rows = [
        (f"r{number}-{at}", case, row)
        for number, case in enumerate(report.use_cases)
        for at, row in enumerate(case.revisions)
    ]
    top = overview_top(report)
    rows.sort(key=lambda named: urgency(named[2]))
    return tuple(_bar(report, case, row, top, anchor) for anchor, case, row in rows)


def lead_bar(report: PeriodReport, case: UseCaseReport, top: float) -> Bar:
    """The one line of a use case: of its most urgent revision, with how many more there are."""
    if not case.revisions:
        return bar_of(case.use_case, None, top, why="no rate: nothing has a verdict")
    more = len(case.revisions) - 1
    bar = _bar(report, case, min(case.revisions, key=urgency), top)
    return replace(bar, about=f"{bar.about}, and {more} more" if more else bar.about)


def overview_top(report: PeriodReport) -> float:
    """Where the scale of the overview ends."""
    return scale_top([behind(row.rates) for case in report.use_cases for row in case.revisions])


def _bar(report: PeriodReport, case: UseCaseReport, row: RevisionReport, top: float, anchor: str = "") -> Bar:
    note, why = row.before.word if row.before else "", why_none(row.rates)
    bar = bar_of(case.use_case, behind(row.rates), top, anchor=anchor, tone=tone_of(row), note=note, why=why)
    return replace(bar, about=about_words(report, case, row))


def tone_of(row: RevisionReport) -> str:
    """The colour of a change: of the word that the test says."""
    return _TONES.get(row.before.word, "") if row.before else ""


def overview_scale(report: PeriodReport) -> str:
    """What the ends of the overview's scale mean."""
    return scale_words([behind(row.rates) for case in report.use_cases for row in case.revisions])


def scale_words(rates: Sequence[Estimate | None]) -> str:
    """What the ends of a scale and the bars on it mean."""
    return f"rates behind the traffic, drawn from 0 to {scale_top(rates):.0%}, bars are 95 % intervals"


def bar_of(  # one for each thing that a bar may show
    name: str,
    rate: Estimate | None,
    top: float,
    *,
    anchor: str = "",
    tone: str = "",
    note: str = "",
    why: str = "not estimable",
) -> Bar:
    """An interval on a scale from 0 to `top`, or why there is none."""
    if rate is None:
        return Bar(name, 0, 0, 0, why, is_known=False, anchor=anchor, tone=tone, note=note)
    low, at, high = (round(100 * min(1.0, share / top), 1) for share in (rate.low, rate.value, rate.high))
    return Bar(name, low, at, high, percent(rate), anchor=anchor, tone=tone, note=note)


def why_none(rates: Rates) -> str:
    """Why there is no bar."""
    return f"no rate: {no_rate_words(rates.n, rates.with_risk, is_cascade=rates.cascade)}"
