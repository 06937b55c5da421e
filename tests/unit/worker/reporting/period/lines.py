"""The report of a line of the pipeline: what ended there goes into a record, and the record is read."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from assay.judges.rubric import Rubric
from assay.worker.flow.history_writing import HistoryKeeper
from assay.worker.ports.state import FleetState
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import RevisionReport
from assay.worker.state.memory.history import memory_history
from tests.builders import NOW
from tests.unit.worker.flow.pipeline import Line


def report_of(line: Line, rubric: Rubric) -> RevisionReport:
    """The one revision that judged a line."""
    return asyncio.run(read_state(line.state, line, rubric))


async def read_state(state: FleetState, line: Line, rubric: Rubric) -> RevisionReport:
    """The same from any state with a line's promises."""
    history = memory_history()
    keeper = HistoryKeeper(
        ended=state.ended,
        writer=history.writer,
        reader=history.reader,
        project=line.store,
        store="sqlite",
        locks=state.locks,
        key_values=state.key_values,
        clock=line.clock,
        keep_for=timedelta(days=400),
    )
    await state.ended.enqueue_all((NOW - timedelta(days=30)).date(), NOW.date())
    while (await state.ended.unrecorded()).entries:
        await keeper.tick()
    query = HistoryQuery(since=NOW - timedelta(days=2), until=NOW + timedelta(days=1))
    report = await PeriodReader(history.reader, cuts={rubric.name: rubric.risk_labels.high}).read(query)
    (case,) = report.use_cases
    (row,) = case.revisions
    return row
