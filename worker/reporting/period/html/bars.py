"""Intervals as bars on one scale: the overview of a page, and the values of a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.reporting.period.records import PeriodReport, RevisionReport
from assay.worker.reporting.period.scale import scale_top
from assay.worker.reporting.period.words import behind, no_rate_words, percent, urgency
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


def overview(report: PeriodReport) -> tuple[Bar, ...]:
    """All rates on one scale, each with a link to its section: what got worse first, then by the rate."""
    rows = [
        (f"r{number}-{at}", case.use_case, row)
        for number, case in enumerate(report.use_cases)
        for at, row in enumerate(case.revisions)
    ]
    top = scale_top([behind(row.rates) for *_, row in rows])
    rows.sort(key=lambda named: urgency(named[2]))
    return tuple(
        bar_of(
            name,
            behind(row.rates),
            top,
            anchor=anchor,
            tone=tone_of(row),
            note=row.before.word if row.before else "",
            why=why_none(row.rates),
        )
        for anchor, name, row in rows
    )


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
