"""The list after launch: what is to be looked at every week, month and quarter, and whether it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta

from assay.judges.calibration import Calibration
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.golden.scheduling.slot_records import ScheduleStatus
from assay.worker.ports.health import Check
from assay.worker.ports.history import RecordDocument
from assay.worker.setup.launch.told_facts import FEATURE, Told
from assay.worker.signals.drift.records import CHECK_KIND
from assay.worker.signals.slos.reading import read_slo_report
from assay.worker.signals.slos.records import SloReport
from assay.worker.wiring.golden import read_schedule_statuses
from assay.worker.wiring.judges import load_calibrations
from assay.worker.wiring.runtime import Runtime

AFTER_LAUNCH = "After launch"
WEEKLY = timedelta(days=8)
"""A week, and a day's grace."""

DAILY = timedelta(days=2)
QUARTER = timedelta(days=92)
SLO_TIMEOUT_S = 30.0


async def after_launch(runtime: Runtime, told: Sequence[Told]) -> AsyncIterator[Check]:
    """Every check of the list.

    Args:
        runtime: the deployment.
        told: what traces of the record tell.

    Raises:
        StateUnavailable, HistoryUnavailable
    """
    now = runtime.clock.now()
    yield weekly_check(await read_schedule_statuses(runtime), now)
    names = [case.name for case in runtime.deployment.use_cases]
    checks = [await runtime.history.documents.latest(CHECK_KIND, name) for name in names]
    yield drift_check(dict(zip(names, checks, strict=True)), now)
    yield await _calibrations(runtime, now)
    yield await _slos(runtime, names, now)
    yield review_check(told)


def nothing_yet() -> Check:
    """In place of the list, where nothing was judged."""
    return Check(name="reviews", group=AFTER_LAUNCH, status="ok", message="due once traces have been judged")


def weekly_check(statuses: Sequence[ScheduleStatus], now: datetime) -> Check:
    """Whether a golden set runs every week, and did."""
    scheduled = [status for status in statuses if status.next_slot is not None]
    if not scheduled:
        return _told(
            "weekly golden run",
            "no golden set has a schedule",
            'write schedule: {weekly: "Mon 06:00"} into its manifest.yaml',
        )
    late = [status for status in scheduled if status.last_run is None or now - status.last_run.changed_at > WEEKLY]
    if not late:
        words = ", ".join(
            f"{status.golden_set} {_ago(now - status.last_run.changed_at)} ago: {status.last_run.verdict or 'ended'}"
            for status in scheduled[:4]
            if status.last_run is not None
        )
        return _told("weekly golden run", words)
    words = ", ".join(
        f"{status.golden_set} {'never' if status.last_run is None else _ago(now - status.last_run.changed_at) + ' ago'}"
        for status in late[:4]
    )
    return _told("weekly golden run", f"last run: {words}", "see `assay status`; is a beat running?")


def drift_check(checks: dict[str, RecordDocument | None], now: datetime) -> Check:
    """Whether traffic was held against its baseline lately."""
    never = [name for name, document in checks.items() if document is None]
    ages = [now - document.at for document in checks.values() if document is not None]
    if never:
        return _told("drift check", f"never of {', '.join(never[:6])}", "`assay drift check`; beat does it every day")
    oldest = max(ages, default=timedelta(0))
    remedy = "`assay drift check`; is a beat running?" if oldest > DAILY else ""
    return _told("drift check", f"the oldest {_ago(oldest)} ago", remedy)


def calibration_check(fitted: Sequence[Calibration], rubrics: Sequence[str], today: date) -> Check:
    """Whether judges were held against people's labels within a quarter.

    Args:
        fitted: the calibrations in force.
        rubrics: those that tell a risk.
        today: the day.
    """
    name, remedy = "calibration", "`assay labels pull`, then `assay calibrate`, which tells the agreement"
    without = [rubric for rubric in rubrics if not any(each.rubric == rubric for each in fitted)]
    if without:
        return _told(name, f"none for {', '.join(without[:4])}: its risk is told, and nothing pages", remedy)
    if not fitted:
        return _told(name, "no rubric tells a risk")
    oldest = min(fitted, key=lambda each: each.fitted_on)
    age = today - oldest.fitted_on
    words = f"{oldest.rubric}: {_ago(age)} old, of {oldest.n:,} labels"
    return _told(name, words, remedy if age > QUARTER else "")


def slo_check(report: SloReport) -> Check:
    """What the quarterly review of objectives begins with: what was attained, and whose budget is spent."""
    told = [
        (case.use_case, each) for case in report.use_cases for each in case.objectives if each.budget_left is not None
    ]
    spent = [f"{use_case} {each.name}" for use_case, each in told if each.budget_left and each.budget_left.value < 0]
    if not told:
        return _told("objectives", "nothing is known of any yet", "see `assay slo` for why")
    message = f"{len(told) - len(spent)} of {len(told)} are kept"
    if not spent:
        return _told("objectives", message)
    return _told("objectives", f"{message}; over budget: {', '.join(spent[:5])}", "`assay slo`: mend it, or move it")


def review_check(told: Sequence[Told]) -> Check:
    """Whether cost can be reviewed by what the application calls its features."""
    known = sum(FEATURE in each.facts for each in told)
    if known:
        return _told("cost review", f"`assay cost --by feature`: {known / len(told):.0%} of traces name one")
    return _told(
        "cost review", "no trace names its feature", "say where it stands: facts: {feature: [metadata.feature]}"
    )


async def _calibrations(runtime: Runtime, now: datetime) -> Check:
    deployment, rubrics = runtime.deployment, runtime.rubrics
    asked = [rubric.name for rubric in rubrics.values() if "hallucination_risk" in rubric.scores]
    names = [case.name for case in deployment.use_cases]
    try:
        sets = await in_thread(
            load_calibrations, runtime.root, rubrics.values(), runtime.settings, runtime.judge_files, names
        )
    except ConfigurationError as exc:
        return _told("calibration", f"not read: {exc}", "mend what the check of the judge names")
    fitted = [each for own in sets.values() for each in own.calibrations]
    return calibration_check(fitted, asked, now.date())


async def _slos(runtime: Runtime, names: Sequence[str], now: datetime) -> Check:
    period = timedelta(days=runtime.deployment.slos.period_days)
    try:
        async with asyncio.timeout(SLO_TIMEOUT_S):
            return slo_check(await read_slo_report(runtime.history.reader, runtime.deployment, names, now, period))
    except TimeoutError:
        return _told("objectives", f"not read within {SLO_TIMEOUT_S:.0f} s", "`assay slo` takes its time")
    except EvaluationError as exc:
        return _told("objectives", f"not read: {exc}", "see the check of the record")


def _told(name: str, message: str, remedy: str = "") -> Check:
    """A check of this list: what has a remedy is a warning."""
    status = "warn" if remedy else "ok"
    return Check(name=name, group=AFTER_LAUNCH, status=status, message=message, remedy=remedy)


def _ago(age: timedelta) -> str:
    return f"{age.days} days" if age.days > 1 else f"{age.total_seconds() / 3600:.0f} h"
