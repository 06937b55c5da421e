"""A period as `assay report` shows it: for each use case the counts of `assay status`, then the rates they carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field

from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.worker.ports.call_limits import UnknownEnds
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.outcomes import OutcomeReader
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.trace_links import trace_url
from assay.worker.records.ledger import UnscoredSpend
from assay.worker.reporting.comparison import Comparison, compare_rows
from assay.worker.reporting.funnel import Funnel, FunnelRow
from assay.worker.reporting.report import ReportRow, read_report


class ComparedRow(ReportRow):
    """The rates of one revision, beside those of the period before."""

    before: Comparison | None = None


class UseCaseReport(Record):
    """One use case under one rubric: what became of its traces, and the rates of each revision.

    scored = found in the store + judged + forgotten. `found_in_store` were judged under an earlier ledger, which was
    lost; of them `read_back` are in the rates, with the values that the store shows. `forgotten` were judged, and are
    no longer in the ledger, which keeps an end for two weeks.
    """

    counts: FunnelRow
    found_in_store: int
    read_back: int = 0
    judged: int
    forgotten: int
    rows: tuple[ComparedRow, ...]

    @property
    def without_values(self) -> int:
        """Traces that were scored before the ledger was lost, and are in no rate here."""
        return self.found_in_store - self.read_back


class PeriodReport(Record):
    """Traces that started on these UTC days, both included. `problem` says why there are no links.

    `unknown_ends` counts calls of these days of which nobody knows how they ended, and that may have been paid for.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_version: Literal[2] = Field(default=2, alias="schema")
    first: date
    last: date
    use_cases: tuple[UseCaseReport, ...]
    spent_without_score: UnscoredSpend = UnscoredSpend()
    unknown_ends: UnknownEnds = UnknownEnds()
    problem: str = ""


_NO_ENDS = UnknownEnds()


async def read_period(
    ledger: LedgerReader,
    outcomes: OutcomeReader,
    rubrics: Iterable[Rubric],
    funnel: Funnel,
    spent: UnscoredSpend,
    *,
    ends: UnknownEnds = _NO_ENDS,
    compare: bool,
) -> PeriodReport:
    """The report of a funnel's days, without links.

    Raises:
        StateUnavailable
    """
    rubrics = list(rubrics)
    first, last = funnel.first, funnel.last
    rows = await read_report(outcomes, rubrics, first, last)
    before: Sequence[Comparison | None] = [None] * len(rows)
    if compare:
        before = await compare_rows(rows, ledger, outcomes, rubrics, first, last)
    compared = [
        ComparedRow(**{name: getattr(row, name) for name in ReportRow.model_fields}, before=earlier)
        for row, earlier in zip(rows, before, strict=True)
    ]
    use_cases = tuple(_use_case(counts, compared) for counts in funnel.rows)
    return PeriodReport(first=first, last=last, use_cases=use_cases, spent_without_score=spent, unknown_ends=ends)


def _use_case(counts: FunnelRow, rows: Iterable[ComparedRow]) -> UseCaseReport:
    own = tuple(row for row in rows if (row.use_case, row.rubric) == (counts.use_case, counts.rubric))
    in_store, read_back = counts.found_in_store, sum(row.from_store for row in own)
    judged = sum(row.scored for row in own) - read_back
    return UseCaseReport(
        counts=counts,
        found_in_store=in_store,
        read_back=read_back,
        judged=judged,
        forgotten=max(0, counts.total_scored - in_store - judged),
        rows=own,
    )


async def with_links(report: PeriodReport, store: object) -> PeriodReport:
    """The report with the pages of its worst answers, where the store has pages and answers."""
    try:
        use_cases = [
            case.model_copy(update={"rows": tuple([await _linked(row, store) for row in case.rows])})
            for case in report.use_cases
        ]
    except StoreError as exc:
        return report.model_copy(update={"problem": str(exc)})
    return report.model_copy(update={"use_cases": tuple(use_cases)})


async def _linked(row: ComparedRow, store: object) -> ComparedRow:
    worst = [
        answer.model_copy(update={"url": await trace_url(store, answer.trace_id, answer.observation_id)})
        for answer in row.worst
    ]
    return row.model_copy(update={"worst": tuple(worst)})
