"""What the fleet's state becomes as samples of metrics."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from assay.worker.golden.scheduling.run_figures import RunFigures
from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotRecord, SlotState
from assay.worker.limits.status import CallStatus
from assay.worker.ports.backlog import BACKFILL, Lane
from assay.worker.ports.call_limits import BudgetUse, EndpointHealth, LimitUse
from assay.worker.ports.ledger import InFlight
from assay.worker.ports.pulse import ProcessSeen, TickTimes
from assay.worker.records.metrics.metric import Sample
from assay.worker.records.metrics.table import FROM_STATE
from assay.worker.reporting.fleet_samples import (
    call_samples,
    funnel_samples,
    golden_samples,
    pulse_samples,
    work_samples,
)
from assay.worker.reporting.funnel import Funnel, FunnelRow
from assay.worker.statistics.intervals import Estimate
from assay.worker.wiring.fleet_metrics import roles_of
from tests.builders import NOW

Values = dict[tuple[str, ...], float]


def values_of(samples: Iterable[Sample]) -> Values:
    """By name and label values, which the table must know."""
    labels = {name: set(metric.labels) for metric in FROM_STATE for name in metric.names}
    values: Values = {}
    for sample in samples:
        assert set(sample.labels) == labels[sample.name]
        key = (sample.name.removeprefix("assay_"), *sample.labels.values())
        assert key not in values, "a series stands twice"
        values[key] = sample.value
    return values


def row(rubric: str, not_selected: int, selected: int, **parts: dict[str, int]) -> FunnelRow:
    return FunnelRow(use_case="bot", rubric=rubric, not_selected=not_selected, selected=selected, **parts)


def test_funnel_counts_a_trace_of_two_rubrics_as_one_that_was_seen() -> None:
    skipped, in_flight = {"no_response": 1}, {"open": 1}
    rows = (
        row("grounding", 90, 10, scored={"judged": 6}, skipped=skipped, dead={"bug": 2}, in_flight=in_flight),
        row("tone", 95, 5, scored={"judged": 4}, skipped=skipped),
    )
    funnel = Funnel(first=NOW.date(), last=NOW.date(), rows=rows, windows=1, unmatched=0, excluded=0, unfinished=0)
    values = values_of(funnel_samples(funnel))
    assert values["seen_traces", "bot"] == 100
    states = ("selected", "scored", "skipped", "dead", "in_flight")
    assert [values["funnel_traces", "bot", "grounding", state] for state in states] == [10, 6, 1, 2, 1]
    assert {key[1]: n for key, n in values.items() if key[0] == "skipped_traces"} == {"no_response": 2, "bug": 2}


def test_work_that_waits_is_told_by_use_case_and_backfills_by_themselves() -> None:
    lanes = [
        Lane(turn="bot", use_case="bot", rubric="grounding", waiting=7),
        Lane(turn="bot", use_case="bot", rubric="tone", waiting=3),
        Lane(turn=BACKFILL, use_case="bot", rubric="tone", waiting=500),
    ]
    in_flight = InFlight(NOW - timedelta(seconds=90), 4, {"grounding": 2, "": 1})
    values = values_of(work_samples({"assess": 5, "control": 0}, 3, lanes, in_flight, NOW))
    assert values == {
        ("queue_waiting_messages", "assess"): 5,
        ("queue_waiting_messages", "control"): 0,
        ("queue_in_hand_messages",): 3,
        ("backlog_traces", "bot"): 10,
        ("backlog_traces", "(backfill)"): 500,
        ("oldest_open_seconds",): 90,
        ("dead_letters", "grounding"): 2,
        ("dead_letters", ""): 1,
        ("unverified_traces",): 4,
    }
    assert values_of(work_samples({}, 0, (), InFlight(), NOW))["oldest_open_seconds",] == 0


def test_tick_that_was_never_sent_has_an_interval_and_no_age() -> None:
    seen = [
        ProcessSeen(name="beat@h:1", queues=(), offset_s=-3.0, seen_ago_s=1),
        ProcessSeen(name="assess1@h", queues=("assess",), offset_s=1.0, seen_ago_s=1),
        ProcessSeen(name="assess2@h", queues=("assess",), offset_s=None, seen_ago_s=1),
    ]
    older = TickTimes(sent_ago_s=1, done_ago_s=1)
    ticks = {
        "sweep": TickTimes(sent_ago_s=2.0, done_ago_s=None),
        "of_an_older_assay": older,
    }
    values = values_of(pulse_samples(ticks, {"sweep": 60.0, "verify": 5.0}, roles_of(seen), seen))
    assert values == {
        ("tick_interval_seconds", "sweep"): 60,
        ("tick_sent_age_seconds", "sweep"): 2,
        ("tick_interval_seconds", "verify"): 5,
        ("processes", "assess"): 2,
        ("processes", "control"): 0,
        ("processes", "beat"): 1,
        ("clock_offset_seconds",): 3,
    }


def test_endpoints_limits_and_budgets_are_told() -> None:
    calls = CallStatus(
        limits=(LimitUse(endpoint="default", model="m", kind="requests", amount=500, used=125),),
        budgets=(
            BudgetUse(use_case="", period="month", label="2026-11", limit_usd=100, spent_usd=30, reserved_usd=1),
            BudgetUse(use_case="bot", period="day", label="2026-11-21", limit_usd=5, spent_usd=5, reserved_usd=0),
        ),
        endpoints=(
            EndpointHealth(endpoint="in-house", breaker="open"),
            EndpointHealth(endpoint="b", breaker="half_open"),
        ),
    )
    assert values_of(call_samples(calls, ["default", "in-house"], ["in-house"])) == {
        ("endpoint_breaker_state", "b"): 1,
        ("endpoint_access_denied", "b"): 0,
        ("endpoint_breaker_state", "default"): 0,
        ("endpoint_access_denied", "default"): 0,
        ("endpoint_breaker_state", "in-house"): 2,
        ("endpoint_access_denied", "in-house"): 1,
        ("limit_used_ratio", "default", "m", "requests"): 0.25,
        ("judge_budget_limit_usd", "(all)", "month"): 100,
        ("judge_budget_spent_usd", "(all)", "month"): 30,
        ("judge_budget_limit_usd", "bot", "day"): 5,
        ("judge_budget_spent_usd", "bot", "day"): 5,
    }


def test_golden_sets_are_told_with_what_their_last_run_came_to() -> None:
    run = SlotRecord(golden_set="bot", slot=NOW, run_id="r", state=SlotState.DONE, changed_at=NOW, verdict="regressed")
    rate = Estimate(value=0.9, low=0.8, high=0.95, n=60)
    statuses = [
        ScheduleStatus(golden_set="bot", last_run=run, figures=RunFigures(run_id="r", items=60, pass_rate=rate)),
        ScheduleStatus(golden_set="late", overdue_s=7200),
        ScheduleStatus(golden_set="broken", problem="no YAML"),
    ]
    assert values_of(golden_samples(statuses)) == {
        ("golden_schedule_problem", "bot"): 0,
        ("golden_overdue_seconds", "bot"): 0,
        ("golden_last_run_timestamp_seconds", "bot"): NOW.timestamp(),
        ("golden_last_run_verdict", "bot", "regressed"): 1,
        ("golden_items", "bot"): 60,
        ("golden_pass_ratio", "bot"): 0.9,
        ("golden_pass_ratio_lower_bound", "bot"): 0.8,
        ("golden_pass_ratio_upper_bound", "bot"): 0.95,
        ("golden_schedule_problem", "late"): 0,
        ("golden_overdue_seconds", "late"): 7200,
        ("golden_schedule_problem", "broken"): 1,
    }
