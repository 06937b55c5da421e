"""What the pages are filled with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from assay.worker.alerts.present import FiringAlert, alert_words
from assay.worker.alerts.wording import duration_words
from assay.worker.reporting.drift.lines import DriftLine, lines_to_show
from assay.worker.reporting.funnel import Funnel
from assay.worker.reporting.period.answers import MarkedAnswer
from assay.worker.reporting.period.html.bars import Bar, overview, overview_scale
from assay.worker.reporting.period.html.template_records import AnswerView, RevisionView, UseCaseView
from assay.worker.reporting.period.html.views import use_case_views
from assay.worker.reporting.period.records import PeriodReport, RevisionReport, UseCaseReport
from assay.worker.reporting.period.words import headline
from assay.worker.reporting.terminal.funnel import rootless_words
from assay.worker.serving.figures import Figures
from assay.worker.serving.html.tables import address_of, page_of

WORST_OF_FLEET = 8
"""Answers on the first page, the riskiest of all use cases."""

USUALLY_S, WHILE_READING_S = 20, 3
"""How often a page asks whether there are newer figures, and while the first ones are read."""

_TONES = {"page": "regressed", "ticket": "inconclusive"}


@dataclass(frozen=True)
class RateRow:
    """The rate of one revision, with where its page is. `about` says which rate it is, and who judged."""

    bar: Bar
    href: str
    about: str


@dataclass(frozen=True)
class AlertView:
    """One alert that fires."""

    tone: str
    severity: str
    headline: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Age:
    """When the figures were read, how old they are, how long reading took, and how often to ask for newer ones."""

    read_at: str
    words: str
    stamp: str
    took: str
    every_s: int


def age_of(figures: Figures, now: datetime) -> Age:
    """How old figures are."""
    seconds = max(0.0, (now - figures.read_at).total_seconds())
    return Age(
        read_at=f"{figures.read_at:%Y-%m-%d %H:%M:%S} UTC",
        words=duration_words(seconds),
        stamp=figures.read_at.isoformat(),
        took=f"{figures.took_s:.1f} s" + (" so far" if figures.awaited else ""),
        every_s=WHILE_READING_S if figures.awaited else USUALLY_S,
    )


def rate_rows(report: PeriodReport) -> tuple[RateRow, ...]:
    """All rates on one scale: what got worse first."""
    places = dict(_places(report))
    return tuple(
        RateRow(
            bar,
            href=f"{page_of(case.use_case)}#{anchor}",
            about=f"{headline(row.rates)[0]} · {case.rubric} · evaluator {row.revision[:12]}",
        )
        for bar in overview(report)
        for case, row, anchor in [places[bar.anchor]]
    )


def rate_scale(report: PeriodReport) -> str:
    """What the ends of the scale mean."""
    return overview_scale(report)


def _places(report: PeriodReport) -> Iterator[tuple[str, tuple[UseCaseReport, RevisionReport, str]]]:
    """By the anchor of a whole report, the use case, the revision, and the anchor on the use case's own page."""
    seen: dict[str, int] = {}
    for number, case in enumerate(report.use_cases):
        own = seen.setdefault(case.use_case, -1) + 1
        seen[case.use_case] = own
        for at, row in enumerate(case.revisions):
            yield f"r{number}-{at}", (case, row, f"r{own}-{at}")


def use_cases_of(figures: Figures) -> list[str]:
    """Every use case that is configured, or that there is anything of, by name."""
    names = set(figures.use_cases)
    if figures.report is not None:
        names |= {case.use_case for case in figures.report.use_cases}
    if figures.objectives is not None:
        names |= {case.use_case for case in figures.objectives.use_cases}
    if figures.cost is not None:
        names |= {case.use_case for case in figures.cost.use_cases}
    return sorted(names)


def own_report(figures: Figures, name: str) -> PeriodReport | None:
    """The report with one use case alone."""
    if figures.report is None:
        return None
    own = tuple(case for case in figures.report.use_cases if case.use_case == name)
    return figures.report.model_copy(update={"use_cases": own})


def sections_of(report: PeriodReport) -> tuple[UseCaseView, ...]:
    """The sections of a report, its worst answers listed without their texts."""
    answers = [answer for case in report.use_cases for row in case.revisions for answer in _listed(case, row)]
    views = zip(use_case_views(report, answers), report.use_cases, strict=True)
    return tuple(replace(view, revisions=tuple(_with_addresses(view, case))) for view, case in views)


def _with_addresses(view: UseCaseView, case: UseCaseReport) -> Iterator[RevisionView]:
    for shown, row in zip(view.revisions, case.revisions, strict=True):
        listed = zip(shown.answers, _listed(case, row), strict=True)
        yield replace(shown, answers=tuple(replace(card, opens=address_of(answer)) for card, answer in listed))


def worst_of_fleet(report: PeriodReport) -> list[MarkedAnswer]:
    """The riskiest answers of all use cases, without their texts."""
    answers = [answer for case in report.use_cases for row in case.revisions for answer in _listed(case, row)]
    return sorted(answers, key=lambda answer: (-answer.worst.risk, answer.worst.trace_id))[:WORST_OF_FLEET]


def answer_view(answer: MarkedAnswer, report: PeriodReport) -> AnswerView:
    """One answer as the page of a report shows it."""
    case = next(case for case in report.use_cases if (case.use_case, case.rubric) == (answer.use_case, answer.rubric))
    row = next(row for row in case.revisions if row.revision == answer.revision)
    alone = report.model_copy(update={"use_cases": (case.model_copy(update={"revisions": (row,)}),)})
    return use_case_views(alone, [answer])[0].revisions[0].answers[0]


def _listed(case: UseCaseReport, row: RevisionReport) -> Iterator[MarkedAnswer]:
    for worst in row.worst:
        yield MarkedAnswer(use_case=case.use_case, rubric=case.rubric, revision=row.revision, worst=worst)


def alert_views(firing: Sequence[FiringAlert], use_case: str | None = None) -> tuple[AlertView, ...]:
    """Alerts that fire, pages first; of one use case alone, if it is named."""
    order = {"page": 0, "ticket": 1}
    own = [alert for alert in firing if use_case is None or alert.labels.get("use_case") == use_case]
    return tuple(_alert(alert) for alert in sorted(own, key=lambda alert: order.get(alert.severity, 2)))


def _alert(alert: FiringAlert) -> AlertView:
    first, *lines = alert_words(alert)
    headline = first.removeprefix(f"{alert.severity}: ")
    return AlertView(_TONES.get(alert.severity, ""), alert.severity, headline, tuple(lines))


def funnel_words(funnel: Funnel) -> str:
    """What sweeps saw that no use case took."""
    return (
        f"{funnel.windows:,} windows looked through; {funnel.unmatched:,} traces matched no use case, "
        f"{funnel.excluded:,} were excluded, {funnel.unfinished:,} not finished yet, {funnel.late:,} seen only after "
        f"late_seconds; {rootless_words(funnel)}"
    )


def drift_lines(report: PeriodReport, use_case: str | None = None) -> Sequence[DriftLine]:
    """What the last daily checks said."""
    return lines_to_show([line for line in report.drift if use_case is None or line.use_case == use_case])
