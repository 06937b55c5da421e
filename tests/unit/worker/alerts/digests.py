"""Digests of two weeks in which one use case got worse and another has nobody who answers for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from assay.worker.alerts.book_keeping import Episode
from assay.worker.alerts.digest.building import Gathered, build_digests
from assay.worker.alerts.digest.names_in_traffic import read_weeks
from assay.worker.alerts.digest.records import OwnerDigest
from assay.worker.alerts.rule import Severity
from assay.worker.alerts.series import Series
from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotRecord, SlotState
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.records.metrics import drift, fleet, quality, slo
from assay.worker.records.metrics.metric import Metric, Sample
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import PeriodReport
from assay.worker.state.memory.history import memory_history
from tests.unit.worker.reporting.period.history_rows import START, a_row, a_week

WEEK = timedelta(days=7)
UNTIL = START + WEEK
OWNERS: dict[str, str | None] = {
    "bot": "team-support",
    "contracts": "team-legal",
    "search": None,
    "idle": "team-support",
}
URL = "https://traces.example.org/project/p1/traces/8f0c&x=1"


def two_weeks() -> Iterator[HistoryRow]:
    """The bot doubled its flags with a new prompt and a new model; the others are as they were."""
    yield from a_week(300, start=START - WEEK, first=100_000)
    yield from a_week(200)
    bad: dict[str, Any] = {
        "risk": 0.95,
        "prompt_version": "13",
        "model_served": "gpt-4o-2026-11",
        "judge_cost_usd": 0.01,
    }
    yield from (a_row(50_000 + n, flagged_kind="contradicted", **bad) for n in range(80))
    yield from a_week(120, first=9_000, use_case="contracts", calibrated=False)
    yield from a_week(40, first=20_000, use_case="search")


def episode(
    rule: str, severity: Severity = "ticket", *, use_case: str | None = "bot", at_h: float = 10, for_h: float | None = 2
) -> Episode:
    """An alert that fired within the week."""
    fired = START.timestamp() + 3600 * at_h
    labels = {} if use_case is None else {"use_case": use_case}
    return Episode(
        key=f"{rule}/{use_case}",
        rule=rule,
        severity=severity,
        labels=labels,
        summary=f"{use_case}: it happened" if use_case else "the fleet stood still",
        fired_at=fired,
        ended_at=None if for_h is None else fired + 3600 * for_h,
    )


EPISODES = (
    episode("AssayHallucinationSpike", "page"),
    episode("AssayFlaggedCreep", at_h=20),
    episode("AssayFlaggedCreep", at_h=160, for_h=None),
    episode("AssayBeatDead", "page", use_case=None),
    episode("AssayCentroidDrift", "info", use_case="contracts"),
)


def bounded(metric: Metric, value: float, spread: float, **labels: str) -> list[Sample]:
    """A metric with its bounds."""
    ends = (metric.name, value), (metric.lower, value - spread), (metric.upper, value + spread)
    return [Sample(name=name, labels=labels, value=at) for name, at in ends]


def samples() -> list[Sample]:
    """What ticks computed of the bot."""
    objective = {"use_case": "bot", "objective": "quality"}
    return [
        Sample(name=quality.COMPUTED.name, labels={"window": "7d"}, value=UNTIL.timestamp()),
        Sample(name=slo.TARGET.name, labels=objective, value=0.95),
        *bounded(slo.GOOD, 0.7, 0.04, **objective, window="7d"),
        Sample(name=slo.TRACES.name, labels={**objective, "window": "7d"}, value=280),
        *bounded(slo.BUDGET_LEFT, -0.4, 0.2, **objective),
        *bounded(slo.GOODPUT, 0.66, 0.05, use_case="bot", window="7d"),
        Sample(
            name=drift.DRIFTED.name, labels={"use_case": "bot", "side": "input", "feature": "question_topics"}, value=1
        ),
        Sample(name=drift.DRIFTED.name, labels={"use_case": "bot", "side": "output", "feature": "length"}, value=0),
        Sample(
            name=drift.PSI.name, labels={"use_case": "bot", "side": "input", "feature": "question_topics"}, value=0.31
        ),
        *bounded(fleet.GOLDEN_PASS, 0.8, 0.1, golden_set="support-v1"),
        *bounded(quality.COST, 12.5, 1.5, use_case="bot", window="7d"),
        *bounded(quality.COST_MONTH, 80.0, 6, use_case="bot"),
        Sample(name=quality.COST_BUDGET.name, labels={"use_case": "bot"}, value=60),
        Sample(name=fleet.BUDGET_LIMIT.name, labels={"use_case": "bot", "period": "day"}, value=20),
        Sample(name=fleet.BUDGET_SPENT.name, labels={"use_case": "bot", "period": "day"}, value=5),
    ]


def golden() -> list[ScheduleStatus]:
    """One golden set that regressed, and one that never ran."""
    last = SlotRecord(
        golden_set="support-v1",
        slot=START,
        run_id="r1",
        state=SlotState.DONE,
        changed_at=START,
        verdict="regressed",
        detail="ALARM: the pass rate fell, the series says so since run r1",
    )
    return [
        ScheduleStatus(golden_set="support-v1", last_slot=START, next_slot=UNTIL, record=last, last_run=last),
        ScheduleStatus(golden_set="legal-v1", next_slot=UNTIL),
    ]


def with_urls(report: PeriodReport, url: str = URL) -> PeriodReport:
    """The report with a link beside each answer."""
    cases = [
        case.model_copy(
            update={
                "revisions": tuple(
                    row.model_copy(update={"worst": tuple(w.model_copy(update={"url": url}) for w in row.worst)})
                    for row in case.revisions
                )
            }
        )
        for case in report.use_cases
    ]
    return report.model_copy(update={"use_cases": tuple(cases)})


async def _gathered(rows: Iterable[HistoryRow], **more: Any) -> Gathered:
    history = memory_history()
    await history.writer.write(list(rows))
    query = HistoryQuery(since=START, until=UNTIL)
    report = await PeriodReader(history.reader, cuts={"grounding": 0.5}).read(query)
    usual: dict[str, Any] = {
        "report": with_urls(report),
        "weeks": await read_weeks(history.reader, query),
        "owners": OWNERS,
        "episodes": EPISODES,
        "series": Series(samples()),
        "golden": golden(),
        "now": UNTIL.timestamp() + 3600,
    }
    return Gathered(**{**usual, **more})


def digests(*rows: HistoryRow, owner: str | None = None, **more: Any) -> Sequence[OwnerDigest]:
    """Digests of some rows; without any, of `two_weeks`."""
    return build_digests(asyncio.run(_gathered(rows or two_weeks(), **more)), owner)
