"""Figures of a fleet for tests of its pages: a usual one, and one in which every foreign word is hostile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.worker.alerts.present import ChannelView, FiringAlert, PresentAlerts
from assay.worker.config.slos import ApplicationBudget
from assay.worker.records.history import HistoryRow
from assay.worker.reporting.cost.reading import CostReader
from assay.worker.reporting.drift.lines import DriftLine
from assay.worker.reporting.funnel import Funnel
from assay.worker.reporting.period.answers import MarkedAnswer, Passage
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import PeriodReport
from assay.worker.serving.figures import Figures, GoldenHistory
from assay.worker.serving.gathering import chart_of
from assay.worker.serving.reading import AskedAnswer, only_answer
from assay.worker.signals.cost.ticking import CostScope
from assay.worker.signals.slos.reading import read_slo_report
from tests.builders import make_deployment
from tests.unit.worker.golden.golden_pages import HOSTILE
from tests.unit.worker.golden.report.test_page import summary
from tests.unit.worker.reporting.period.history_rows import START, WEEK, a_row, a_week, record_of

SENTENCE = "The night ferry leaves at 9:40 every day of the week."
NAME = HOSTILE.replace("\x00", "")
"""A hostile name: of a use case, a trace, a model."""

END = START + timedelta(days=7)


def figures(*, hostile: bool = False) -> Figures:
    """Two use cases of a week, alerts, golden runs, spend, objectives and drift."""
    name = NAME if hostile else "support"
    foreign: dict[str, Any] = {"use_case": name, "prompt_version": name, "model_served": name} if hostile else {}
    rows = [*a_week(400, **({"use_case": name} | foreign)), *a_week(120, first=9_000, use_case="contracts")]
    if hostile:
        rows.append(a_row(90_000, started_at=START, trace_id=name, risk=0.99, **foreign))
    return asyncio.run(_figures(rows, name))


async def _figures(rows: list[HistoryRow], name: str) -> Figures:
    reader = await record_of(*rows)
    report = await PeriodReader(reader, cuts={}).read(WEEK)
    return Figures(
        since=WEEK.since,
        until=WEEK.until,
        read_at=datetime.now(UTC) - timedelta(seconds=42),
        took_s=1.4,
        report=report.model_copy(update={"drift": (_drift(name),)}),
        cost=await CostReader(reader, None, _scope(name)).read(WEEK, END),
        objectives=await read_slo_report(
            reader, make_deployment(**_deployment()), ["support", "contracts"], END, timedelta(days=7)
        ),
        funnel=Funnel(
            first=START.date(), last=END.date(), rows=(), windows=2_016, unmatched=12, excluded=3, unfinished=1
        ),
        alerts=_alerts(name),
        warnings=(f"{name}: the clock of its machine is 30.0 s ahead of Redis'; have NTP keep it",),
        golden=(_golden(name), GoldenHistory("new-set", "has not come due yet; next 2026-12-07 06:00 UTC", None, 1)),
        missing=(f"golden schedules could not be read: {name}",),
    )


def _deployment() -> dict[str, Any]:
    """assay.yaml takes no hostile name. Rows of the record may have any."""
    return {"use_cases": [{"name": "support"}, {"name": "contracts"}]}


def _scope(name: str) -> CostScope:
    return CostScope({name: ApplicationBudget(), "contracts": ApplicationBudget()}, ApplicationBudget())


def _drift(name: str) -> DriftLine:
    text = f"{name}: 2 of 7 features drifted (question length, topics), n=412, against baseline autumn"
    return DriftLine(
        use_case=name, at=END - timedelta(hours=9), n=412, baseline="autumn", compared=7, drifted=("x",), text=text
    )


def _alerts(name: str) -> PresentAlerts:
    now = END.timestamp()
    usual: dict[str, Any] = {"ended_at": None, "value": 0.312, "silent": "", "told": {"slack": "told 2026-11-29"}}
    firing = [
        ("AssayQuality", "page", f"{name}: 31.2% of answers have a problem", {"use_case": name, "rubric": "grounding"}),
        ("AssayBudget", "ticket", "the month's budget is likely to be overdrawn", {"use_case": "contracts"}),
    ]
    return PresentAlerts(
        looked_at=now - 20,
        firing=tuple(
            FiringAlert(
                rule=rule,
                severity=severity,
                summary=summary_,
                labels=labels,
                since=now - 5_400,
                details={"above": "20.0% for 30 min", "n": "412"},
                links={"runbook": "docs/runbook.md#quality"},
                **usual,
            )
            for rule, severity, summary_, labels in firing
        ),
        channels=(ChannelView(name="slack", is_open=True),),
    )


def _golden(name: str) -> GoldenHistory:
    passed = [80, 82, 79, 81, 80, 80, 83, 70, 81, 74, 66, 60]
    runs = [summary(7 * week, passed=n, failed=100 - n, target=name) for week, n in enumerate(passed)]
    return GoldenHistory(f"{name}-v1", "2026-11-23 06:00 UTC done, pass; next 2026-11-30", chart_of(runs), len(runs))


class KeptAnswers:
    """Texts of every answer that the report names."""

    def __init__(self, text: str = SENTENCE) -> None:
        self.text = text
        self.asked: list[AskedAnswer] = []
        self.failure: Exception | None = None

    def answer(self, report: PeriodReport, asked: AskedAnswer) -> MarkedAnswer | None:
        """One answer with a marked sentence."""
        self.asked.append(asked)
        if self.failure is not None:
            raise self.failure
        alone = only_answer(report, asked)
        if alone is None:
            return None
        (row,) = alone.use_cases[0].revisions
        before, text = "There are two. ", self.text
        return MarkedAnswer(
            use_case=asked.use_case,
            rubric=asked.rubric,
            revision=asked.revision,
            worst=row.worst[0].model_copy(update={"kind": "contradicted"}),
            question=f"When does the ferry leave? {text}",
            response=f"{before}{text} Tickets are sold on board.",
            span=(len(before), len(before) + len(text)),
            passages=(Passage(number=2, text=f"Departures: 21:40. {text}"),),
        )


def older(these: Figures, seconds: float) -> Figures:
    """The same figures, read so many seconds before now."""
    return replace(these, read_at=datetime.now(UTC) - timedelta(seconds=seconds))


def worst_of(these: Figures, use_case: str) -> Mapping[str, str]:
    """How the riskiest answer of a use case is asked for."""
    assert these.report is not None
    case = next(case for case in these.report.use_cases if case.use_case == use_case)
    row = case.revisions[0]
    asked = AskedAnswer(use_case, case.rubric, row.revision, row.worst[0].trace_id, row.worst[0].observation_id)
    return asked._asdict()
