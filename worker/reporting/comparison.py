"""Rates beside those of the period before, as long as the ledger still has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.outcomes import OutcomeReader
from assay.worker.records.ledger import LedgerState
from assay.worker.reporting.report import ReportRow, read_report
from assay.worker.statistics.difference import Difference, difference
from assay.worker.statistics.intervals import Estimate


class Comparison(Record):
    """One row beside the same use case, rubric and revision in the period before.

    Attributes:
        first: the first UTC day of the period before.
        last: its last day.
        flagged: the rate then. None where there is none to compare with.
        change: how far the rate behind the traffic has moved since.
        sessions: sessions on both sides that the change rests on. None where each answer stands for itself.
        note: why there is nothing to compare with, or what the comparison rests on.
    """

    first: date
    last: date
    flagged: Estimate | None = None
    change: Difference | None = None
    sessions: int | None = None
    note: str = ""


_Pair = tuple[str, str]
"""Use case and rubric."""


async def compare_rows(
    rows: Sequence[ReportRow],
    ledger: LedgerReader,
    outcomes: OutcomeReader,
    rubrics: Iterable[Rubric],
    first: date,
    last: date,
) -> list[Comparison | None]:
    """For each row what the period before says. None where nothing was scored then.

    The period before has the same length. Rates of two evaluator revisions are never compared.

    Raises:
        StateUnavailable
    """
    days = (last - first).days + 1
    earlier, end = first - timedelta(days=days), first - timedelta(days=1)
    scored = await _ever_scored(ledger, earlier, end)
    before = await read_report(outcomes, rubrics, earlier, end) if scored else []
    return [_compared(row, before, scored, earlier, end) for row in rows]


async def _ever_scored(ledger: LedgerReader, first: date, last: date) -> Mapping[_Pair, int]:
    """How many were scored, by the counts, which live longer than the entries."""
    scored: dict[_Pair, int] = {}
    for (use_case, rubric, state, _), n in (await ledger.counts(first, last)).items():
        if state is LedgerState.SCORED:
            scored[use_case, rubric] = scored.get((use_case, rubric), 0) + n
    return scored


def _compared(
    row: ReportRow, before: Sequence[ReportRow], scored: Mapping[_Pair, int], first: date, last: date
) -> Comparison | None:
    alike = [r for r in before if (r.use_case, r.rubric) == (row.use_case, row.rubric)]
    then = scored.get((row.use_case, row.rubric), 0)
    if not then:
        return None
    kept = sum(r.scored for r in alike)
    same = next((r for r in alike if r.revision == row.revision), None)
    if not alike:
        return Comparison(first=first, last=last, note=f"{then:,} scored then, and no values of them in the ledger")
    if same is None:
        others = ", ".join(r.revision[:12] for r in alike)
        return Comparison(first=first, last=last, note=f"judged by revision {others} then: not to be compared")
    then_rate, now_rate = _rate(same), _rate(row)
    if then_rate is None or now_rate is None:
        return Comparison(first=first, last=last, note="no rate on both sides that could be compared")
    return Comparison(
        first=first,
        last=last,
        flagged=same.flagged,
        change=difference(then_rate, now_rate),
        sessions=_sessions(then_rate, now_rate),
        note=f"of {then:,} scored then, {kept:,} have values in the ledger" if kept < then else "",
    )


def _rate(row: ReportRow) -> Estimate | None:
    """What is compared: the rate behind the traffic. Of a cascade only its two-phase estimate is known."""
    return row.flagged if row.cascade else row.behind


def _sessions(before: Estimate, after: Estimate) -> int | None:
    if before.n_clusters is None or after.n_clusters is None:
        return None
    together = before.n_clusters + after.n_clusters
    return together if together < before.n + after.n else None
