"""Single checks of the lists."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from assay.worker.config.deployment import Deployment
from assay.worker.config.settings import Settings
from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotRecord, SlotState
from assay.worker.ports.health import Check
from assay.worker.ports.history import RecordDocument
from assay.worker.setup.launch.after import calibration_check, drift_check, weekly_check
from assay.worker.setup.launch.before import budget_check, golden_check, pipeline_check, told_check
from assay.worker.setup.launch.told_facts import FACTS, Told, fact_checks

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
TWO = Deployment.model_validate({"use_cases": [{"name": "bot", "match": {"environment": ["x"]}}, {"name": "search"}]})


def golden(name: str, count: int, *tags: str) -> Any:
    return SimpleNamespace(name=name, items=[SimpleNamespace(tags=tags)] * count)


@pytest.mark.parametrize(
    ("sets", "status", "message"),
    [
        ([], "warn", "none of your own with 50 items or more: none"),
        ([golden("a", 49)], "warn", "none of your own with 50 items or more: a 49"),
        ([golden("a", 50)], "warn", "no item is tagged for bot, search"),
        ([golden("a", 50, "use_case:bot")], "warn", "no item is tagged for search"),
        ([golden("a", 50, "use_case:bot", "search")], "ok", "a: 50 items"),
        ([golden("bot-v1", 60), golden("search-v2", 12)], "ok", "bot-v1: 60 items"),
    ],
)
def test_golden_sets_are_large_and_cover_all_use_cases(sets: list[Any], status: str, message: str) -> None:
    check = golden_check(sets, TWO)
    assert (check.status, check.message) == (status, message)
    assert bool(check.remedy) == (status == "warn")


def test_a_single_use_case_needs_no_tags() -> None:
    single = Deployment.model_validate({"use_cases": [{"name": "bot"}]})
    assert golden_check([golden("a", 50)], single).status == "ok"


def status_of(days: float | None) -> ScheduleStatus:
    at = NOW - timedelta(days=days or 0)
    run = SlotRecord(golden_set="a", slot=at, run_id="r", state=SlotState.DONE, changed_at=at, verdict="pass")
    return ScheduleStatus(golden_set="a", next_slot=NOW + timedelta(days=1), last_run=run if days else None)


@pytest.mark.parametrize(
    ("statuses", "status", "message"),
    [
        ([], "warn", "no golden set has a schedule"),
        ([status_of(6)], "ok", "a 6 days ago: pass"),
        ([status_of(9)], "warn", "last run: a 9 days ago"),
        ([status_of(None)], "warn", "last run: a never"),
        ([ScheduleStatus(golden_set="b")], "warn", "no golden set has a schedule"),
    ],
)
def test_the_weekly_run_is_in_place_and_ran(statuses: list[ScheduleStatus], status: str, message: str) -> None:
    check = weekly_check(statuses, NOW)
    assert (check.status, check.message) == (status, message)


def test_calibrations_grow_old_within_a_quarter() -> None:
    def fitted(days: int) -> Any:
        return SimpleNamespace(rubric="grounding", fitted_on=NOW.date() - timedelta(days=days), n=240)

    today: date = NOW.date()
    assert calibration_check([fitted(92)], ["grounding"], today).status == "ok"
    old = calibration_check([fitted(10), fitted(93)], ["grounding"], today)
    assert (old.status, old.message) == ("warn", "grounding: 93 days old, of 240 labels")
    assert calibration_check([], ["grounding"], today).status == "warn"
    assert calibration_check([], [], today).status == "ok", "a rubric without a risk has nothing to calibrate"


def test_drift_is_checked_every_day() -> None:
    def kept(hours: float) -> RecordDocument:
        return RecordDocument(kind="drift_check", key="bot", at=NOW - timedelta(hours=hours), content={})

    assert drift_check({"bot": kept(30)}, NOW).status == "ok"
    assert drift_check({"bot": kept(50)}, NOW).message == "the oldest 2 days ago"
    assert drift_check({"bot": kept(50)}, NOW).status == "warn"
    assert drift_check({"bot": None}, NOW).message == "never of bot"


def test_budgets_are_of_what_costs() -> None:
    paid = Deployment.model_validate(
        {
            "use_cases": [{"name": "bot", "budget_usd_per_day": 2}],
            "slos": {"use_cases": {"bot": {"budget_usd_per_day": 5}}},
        }
    )
    assert budget_check(paid, asks_models=True).status == "ok"
    assert budget_check(TWO, asks_models=True).message.startswith("none for judging (limits.usd_per_month) and the")
    assert budget_check(TWO, asks_models=False).message == "none for the application (slos.budget_usd_per_month)"


def test_somebody_is_told() -> None:
    assert told_check(Settings(metrics_port=None)).status == "warn"
    assert told_check(Settings(metrics_port=9464)).message == "Prometheus, by its own rules"
    slack = Settings.model_validate({"slack_webhook_url": "https://hooks.example.org/x"})
    told = told_check(slack)
    assert (told.status, told.message) == ("ok", "slack")


def test_a_test_score_is_a_beginning() -> None:
    written = Check(name="test score", status="ok", message="readable")
    assert pipeline_check([written], judged=False).status == "ok"
    assert pipeline_check([written.model_copy(update={"status": "fail"})], judged=False).status == "warn"
    assert pipeline_check([], judged=True).status == "ok"


def test_shares_are_held_to_the_worst_use_case() -> None:
    every = frozenset(fact.name for fact in FACTS)
    told = [Told("bot", every)] * 99 + [Told("search", every - {"cost"})]
    checks = {check.name: check for check in fact_checks(told, "the record, 7 days")}
    assert checks["fact: cost"].status == "warn", "1 % in all, and all of search"
    assert checks["fact: cost"].details["use_cases"] == {
        "bot": {"lacking": 0.0, "traces": 99},
        "search": {"lacking": 1.0, "traces": 1},
    }
    assert {check.status for name, check in checks.items() if name != "fact: cost"} == {"ok"}
