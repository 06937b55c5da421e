"""Links of a report's worst answers into the trace store."""

from __future__ import annotations

from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.trace_links import trace_url
from assay.worker.reporting.flagged.answers import LONGEST_URL
from assay.worker.reporting.period.records import PeriodReport, RevisionReport, UseCaseReport, WorstAnswer


async def with_links(report: PeriodReport, store: object) -> PeriodReport:
    """The report with the pages of its worst answers, where the store has pages and answers."""
    try:
        use_cases = [await _of_use_case(case, store) for case in report.use_cases]
    except StoreError as exc:
        return report.model_copy(update={"notes": (*report.notes, f"no links: the trace store failed: {exc}")})
    return report.model_copy(update={"use_cases": tuple(use_cases)})


async def _of_use_case(case: UseCaseReport, store: object) -> UseCaseReport:
    return case.model_copy(update={"revisions": tuple([await _of_revision(row, store) for row in case.revisions])})


async def _of_revision(row: RevisionReport, store: object) -> RevisionReport:
    return row.model_copy(update={"worst": tuple([await _linked(answer, store) for answer in row.worst])})


async def _linked(answer: WorstAnswer, store: object) -> WorstAnswer:
    url = await trace_url(store, answer.trace_id, answer.observation_id or None)
    return answer.model_copy(update={"url": url if url is None or len(url) <= LONGEST_URL else None})
