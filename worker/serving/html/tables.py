"""Tables of the page of the fleet: coverage, spend and objectives, in the words of the commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from assay.worker.reporting.cost.records import CostReport, Money, ProjectedMonth, UseCaseCost
from assay.worker.reporting.cost.terminal import dollars, money
from assay.worker.reporting.period.answers import MarkedAnswer
from assay.worker.reporting.period.records import Coverage, PeriodReport, UseCaseReport
from assay.worker.reporting.period.words import judging_words
from assay.worker.reporting.slo.words import (
    aim_words,
    attained_words,
    budget_words,
    burn_words,
    is_doubtful,
    is_missed,
    label,
    notes_of,
)
from assay.worker.serving.reading import AskedAnswer
from assay.worker.signals.slos.records import ObjectiveReport, SloReport
from assay.worker.signals.slos.records import UseCaseReport as UseCaseObjectives

UNKNOWN = "–"

BURN = "24h"
"""The window of burn rates that is shown."""

_TONES = {"over": "bad", "likely over": "open", "near": "open"}


@dataclass(frozen=True)
class Cell:
    """One cell. `tone` colours it: bad, open or good; `note` stands small below, e.g. the interval."""

    text: str
    tone: str = ""
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line: what it is about, where that leads, and its cells."""

    name: str
    href: str
    note: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table. `first` names what the rows are about, `columns` their cells.

    `is_counts` says that every cell is a whole number, so that they stand in line.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    first: str = "use case"
    is_counts: bool = False


def page_of(use_case: str) -> str:
    """The address of a use case's page, e.g. `use-case?name=support`."""
    return f"use-case?{urlencode({'name': use_case})}"


def coverage_table(cases: Sequence[UseCaseReport]) -> Table:
    """From seen to scored, a line for each use case and rubric."""
    columns = ("seen", "not taken", "selected", "scored", "skipped", "dead", "in flight")
    return Table("From seen to scored", columns, tuple(map(_coverage_row, cases)), is_counts=True)


def _coverage_row(case: UseCaseReport) -> Row:
    coverage = case.coverage
    numbers = (coverage.seen, coverage.not_selected, _selected(coverage), *_ends(coverage), coverage.in_flight)
    cells = [Cell(UNKNOWN if n is None else f"{n:,}") for n in numbers]
    if sum(coverage.dead.values()):
        cells[5] = Cell(cells[5].text, "bad")
    return Row(case.use_case, page_of(case.use_case), f"rubric {case.rubric}", tuple(cells))


def answers_table(answers: Sequence[MarkedAnswer]) -> Table:
    """Answers without their texts, each with where it is opened."""
    return Table(
        "Riskiest answers",
        ("risk", "what is wrong", "use case", "started"),
        tuple(map(_answer, answers)),
        first="answer",
    )


def _answer(answer: MarkedAnswer) -> Row:
    worst = answer.worst
    kind = (worst.kind or "").replace("_", " ")
    cells = (
        Cell(f"{worst.risk:.2f}"),
        Cell(kind or UNKNOWN, "bad" if worst.kind == "contradicted" else "open" if kind else ""),
        Cell(answer.use_case, note=f"{answer.rubric} · evaluator {answer.revision[:12]}"),
        Cell(f"{worst.started_at:%Y-%m-%d %H:%M} UTC"),
    )
    return Row(worst.trace_id, address_of(answer), "", cells)


def address_of(answer: MarkedAnswer) -> str:
    """Where the texts of an answer are shown."""
    worst = answer.worst
    asked = AskedAnswer(answer.use_case, answer.rubric, answer.revision, worst.trace_id, worst.observation_id)
    return f"answer?{urlencode(asked._asdict())}"


def _selected(coverage: Coverage) -> int | None:
    return None if coverage.in_flight is None else coverage.ended + coverage.in_flight


def _ends(coverage: Coverage) -> Iterator[int]:
    for part in (coverage.scored, coverage.skipped, coverage.dead):
        yield sum(part.values())


def spend_table(cost: CostReport | None, report: PeriodReport | None, cases: Sequence[str]) -> Table | None:
    """What answers and their judging cost. None where neither is known."""
    known = {} if cost is None else {case.use_case: case for case in cost.use_cases}
    names = [name for name in cases if name in known or report is not None]
    if not names:
        return None
    columns = ("a request", "all traffic", "cost is known of", "this month", "at its end", "budget", "judging")
    rows = [Row(name, page_of(name), "", tuple(_spend(known.get(name), report, name))) for name in names]
    return Table("What answers cost", columns, tuple(rows), () if cost is None else cost.notes)


def _spend(case: UseCaseCost | None, report: PeriodReport | None, name: str) -> Iterator[Cell]:
    if case is None:
        yield from (Cell(UNKNOWN) for _ in range(6))
    else:
        mean, whole, month = case.whole.per_request, case.whole, case.month
        per = None if mean is None else Money(value=mean.value, low=mean.low, high=mean.high)
        yield _money(per, "" if mean is None else f"n={mean.n:,}")
        yield _money(whole.total, f"{whole.requests:,.0f} requests")
        yield Cell(f"{whole.known_share:.0%}", note=f"{whole.n_known:,} of {whole.n:,} traces")
        yield _money(month.so_far)
        yield _at_end(month)
        yield Cell(UNKNOWN if month.budget_usd is None else f"{dollars(month.budget_usd)} USD")
    yield Cell("; ".join(_judging(report, name)) or UNKNOWN)


def _money(ends: Money | None, *more: str, tone: str = "") -> Cell:
    """A sum, and below it its interval and more."""
    text, _, interval = money(ends).partition(" (")
    return Cell(text, tone, ", ".join(part for part in (interval.removesuffix(")"), *more) if part))


def _at_end(month: ProjectedMonth) -> Cell:
    tone, words = _TONES.get(month.state or "", ""), f"{month.state} budget" if month.state else ""
    if month.projected is None:
        return Cell("not known", tone, "; ".join(part for part in ("needs two complete days", words) if part))
    return _money(month.projected, words, tone=tone)


def _judging(report: PeriodReport | None, name: str) -> Iterator[str]:
    for case in () if report is None else report.use_cases:
        if case.use_case == name:
            yield from (judging_words(row.judging) for row in case.revisions if row.judging.judges)


def objectives_table(objectives: SloReport | None, cases: Sequence[str]) -> Table | None:
    """Objectives of these use cases. None where there are none."""
    told = [case for case in objectives.use_cases if case.use_case in cases] if objectives is not None else []
    if objectives is None or not any(case.objectives for case in told):
        return None
    period = objectives.period
    columns = ("aim", "attained", "n", "budget left", f"burn {BURN}")
    rows = tuple(_objective(case, each, period) for case in told for each in case.objectives if case.traces)
    notes = [f"{case.use_case}: {note}" for case in told for note in notes_of(case, period)]
    return Table(f"Objectives over {period}", columns, rows, tuple(notes), first="objective")


def _objective(case: UseCaseObjectives, objective: ObjectiveReport, period: str) -> Row:
    whole = objective.windows[period]
    tone = "bad" if is_missed(objective, period) else "open" if is_doubtful(objective, period) else "good"
    revisions = ", ".join(f"evaluator {revision[:12]}" for revision in sorted(set(case.revisions.values())))
    cells = (
        Cell(aim_words(objective)),
        Cell(attained_words(whole.good), tone if whole.good else ""),
        Cell(f"{whole.n:,}"),
        Cell(budget_words(objective) or UNKNOWN),
        Cell(burn_words(objective.windows.get(BURN)) or UNKNOWN),
    )
    return Row(f"{case.use_case}: {label(objective.name)}", page_of(case.use_case), revisions, cells)
