"""From the record to traces with a verdict on each objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.judges.cpu_executor import in_thread
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import objectives_of, profile_of
from assay.worker.ports.history import HistoryReader
from assay.worker.records.history import HistoryQuery, microseconds
from assay.worker.signals.slos.aims import Aims
from assay.worker.signals.slos.goodput import parts_of_goodput
from assay.worker.signals.slos.records import SloReport
from assay.worker.signals.slos.reporting import (
    SPANS,
    Objectives,
    figures_of,
    period_name,
    use_case_report,
    windows_of,
)
from assay.worker.signals.slos.rows import COLUMNS, NEVER, Judge, SloRows, latest_judges
from assay.worker.signals.slos.traces import SloTraces, traces_by_use_case

AHEAD = timedelta(hours=1)
"""So far an application's clock may run ahead of ours before its traces are left out."""


_MOST_NAMED = 1
"""Of more use cases everything is read, and what is asked of none of them is left out. A database that looks up several
by their index has them in no order of time: it would sort all rows, on its disk."""


class Read(NamedTuple):
    """What one reading came to.

    Attributes:
        traces: by use case; those without any are not there.
        revisions: the latest revision by use case and rubric.
        ran_since: when the fleet first selected any of them, in microseconds.
    """

    traces: dict[str, SloTraces]
    revisions: dict[str, dict[str, str]]
    ran_since: int = NEVER


def aims_of(deployment: Deployment, use_cases: Sequence[str]) -> dict[str, Objectives]:
    """The objectives in force of each of these use cases."""
    return {name: objectives_of(deployment, name) for name in use_cases}


async def read_slo_traces(
    reader: HistoryReader, aims: Aims, since: datetime, until: datetime, *, now: datetime, ran_since: int = NEVER
) -> Read:
    """The traces that started in a period, of the use cases that `aims` knows.

    Args:
        reader: the record.
        aims: what is asked.
        since: where the period begins.
        until: where it ends.
        now: the current moment.
        ran_since: when the fleet first selected anything, as an earlier and longer reading saw it.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    if not aims.use_cases:  # a query without use cases is one for all
        return Read({}, {})
    rows = SloRows(aims, microseconds(now), ran_since=ran_since)
    names = (*COLUMNS, "opinion") if aims.has("feedback") else COLUMNS
    named = tuple(aims.use_cases) if len(aims.use_cases) <= _MOST_NAMED else ()
    query = HistoryQuery(since=since, until=until, use_cases=named)
    async for block in reader.blocks(query, names):
        await in_thread(rows.add, block)
    traces = await in_thread(traces_by_use_case, rows)
    judges = [Judge(*judge) for judge in rows.judges]
    revisions: dict[str, dict[str, str]] = {}
    for (use_case, rubric), number in latest_judges(rows).items():
        revisions.setdefault(use_case, {})[rubric] = judges[number].revision or ""
    return Read(traces, revisions, rows.ran_since)


async def read_slo_report(
    reader: HistoryReader, deployment: Deployment, use_cases: Sequence[str], now: datetime, period: timedelta
) -> SloReport:
    """What was attained up to now, in the order of assay.yaml. A use case without a trace has objectives, and no share.

    Args:
        reader: the record.
        deployment: what is aimed at.
        use_cases: of which use cases.
        now: the end of every window.
        period: over which budgets are told.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    by_use_case = aims_of(deployment, use_cases)
    aims = Aims(by_use_case, deployment)
    # The longest window has to be read as well, where the period is shorter.
    since = now - max(period, *SPANS.values())
    read = await read_slo_traces(reader, aims, since, now + AHEAD, now=now)
    name = period_name(period)
    return await in_thread(_report, deployment, by_use_case, read, now, {**SPANS, name: period}, name)


def _report(
    deployment: Deployment,
    by_use_case: Mapping[str, Objectives],
    read: Read,
    now: datetime,
    spans: Mapping[str, timedelta],
    period: str,
) -> SloReport:
    reports = []
    for use_case, objectives in by_use_case.items():
        everything = read.traces.get(use_case, SloTraces.none())
        whole = everything.since(now - spans[period])
        parts = parts_of_goodput(whole, objectives)
        windows = {
            name: figures_of(traces, objectives, parts) for name, traces in windows_of(everything, now, spans).items()
        }
        profile, revisions = profile_of(deployment, use_case), read.revisions.get(use_case, {})
        reports.append(use_case_report(use_case, profile, objectives, whole, windows, period, revisions))
    return SloReport(since=now - spans[period], until=now, period=period, use_cases=reports)
