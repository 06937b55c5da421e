"""The order in which use cases are told of, and what sets a line or a block apart from its neighbours."""

from __future__ import annotations

from assay.worker.reporting.period.records import PeriodReport, RevisionReport, UseCaseReport
from assay.worker.reporting.period.words import behind

MOST_USE_CASES = 25
"""Use cases up to which each has a block of its own. Of more there is one line each, the worst first."""

OVERVIEW_FROM = 4
"""Use cases from which on an overview of a line each stands first."""


def urgency(row: RevisionReport) -> tuple[bool, bool, float]:
    """The order of an overview: what got worse first, then the highest rate, then what has none."""
    rate = behind(row.rates)
    return row.before is None or row.before.word != "worse", rate is None, -(rate.value if rate else 0.0)


def by_urgency(report: PeriodReport) -> list[tuple[int, UseCaseReport]]:
    """Use cases with their place in the report: what got worse first, then by the rate, then what has no verdict."""
    cases = enumerate(report.use_cases)
    return sorted(cases, key=lambda case: min(map(urgency, case[1].revisions), default=(True, True, 1.0)))


def revision_words(row: RevisionReport) -> str:
    """An evaluator revision by the beginning of its digest, e.g. `revision 904b364ef0f5`. Empty where none judged."""
    return f"revision {row.revision[:12]}" if row.revision else ""


def revision_span_words(case: UseCaseReport, row: RevisionReport) -> str:
    """Which of several revisions a block tells of: `revision 904b364ef0f5, of traces from 2026-11-23 to 2026-11-26`.

    Empty where the use case has but one.
    """
    days = [day.day for day in row.days if day.n]
    if len(case.revisions) < 2 or not row.revision or not days:
        return ""
    return f"{revision_words(row)}, of traces from {days[0]} to {days[-1]}"


def about_words(report: PeriodReport, case: UseCaseReport, row: RevisionReport) -> str:
    """What sets a line of the overview apart: rubric and revision where there are several, and what its rate is."""
    rubrics = {other.rubric for other in report.use_cases}
    parts = (
        case.rubric if len(rubrics) > 1 else "",
        revision_words(row) if len(case.revisions) > 1 else "",
        "flagged share" if row.rates.problem_share is None and row.rates.flagged is not None else "",
    )
    return ", ".join(part for part in parts if part)
