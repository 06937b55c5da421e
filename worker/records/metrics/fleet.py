"""Metrics of the fleet as a whole, read from its state. Control workers serve them, each the same values."""

from __future__ import annotations

from assay.worker.records.metrics.metric import Metric

STATE_READABLE = Metric("assay_state_readable", "gauge", "1 where Redis answered this scrape, else 0.")
SEEN_TRACES = Metric("assay_seen_traces", "gauge", "Traces that sweeps saw, of this UTC day's windows.", ("use_case",))
FUNNEL_TRACES = Metric(
    "assay_funnel_traces",
    "gauge",
    "Traces of this UTC day's windows by what became of them: selected, scored, skipped, dead, in_flight.",
    ("use_case", "rubric", "state"),
)
SKIPPED_TRACES = Metric(
    "assay_skipped_traces", "gauge", "Of the skipped and dead ones of this UTC day, by reason.", ("reason",)
)
QUEUE_WAITING = Metric("assay_queue_waiting_messages", "gauge", "Messages that wait in a queue.", ("queue",))
QUEUE_IN_HAND = Metric("assay_queue_in_hand_messages", "gauge", "Messages that workers hold and did not acknowledge.")
BACKLOG_TRACES = Metric(
    "assay_backlog_traces",
    "gauge",
    "Selected traces that wait for their release, per use case and of (backfill).",
    ("use_case",),
)
OLDEST_OPEN = Metric(
    "assay_oldest_open_seconds",
    "gauge",
    "How long ago the oldest trace that is still in flight was selected: the oldest of those that come next.",
)
DEAD_LETTERS = Metric("assay_dead_letters", "gauge", "Work that gave up and waits for a person.", ("rubric",))
TICK_SENT_AGE = Metric("assay_tick_sent_age_seconds", "gauge", "Seconds since beat last sent this tick.", ("tick",))
TICK_DONE_AGE = Metric(
    "assay_tick_done_age_seconds", "gauge", "Seconds since a run of this tick last came to its end.", ("tick",)
)
TICK_INTERVAL = Metric("assay_tick_interval_seconds", "gauge", "How often this tick is due.", ("tick",))
PROCESSES = Metric("assay_processes", "gauge", "Processes that are alive, by role: assess, control, beat.", ("role",))
CLOCK_OFFSET = Metric("assay_clock_offset_seconds", "gauge", "Largest distance of a process' clock from Redis'.")
SWEEP_HELD_BACK = Metric("assay_sweep_held_back", "gauge", "1 while no new windows are looked through, else 0.")
BREAKER = Metric(
    "assay_endpoint_breaker_state", "gauge", "Breaker of an endpoint: 0 closed, 1 half open, 2 open.", ("endpoint",)
)
ENDPOINT_DENIED = Metric(
    "assay_endpoint_access_denied",
    "gauge",
    "1 while work of a rubric that asks this endpoint waits for a key, an account or a model, which a person mends.",
    ("endpoint",),
)
LIMIT_USED = Metric("assay_limit_used_ratio", "gauge", "Used part of a limit.", ("endpoint", "model", "kind"))
BUDGET_LIMIT = Metric(
    "assay_judge_budget_limit_usd",
    "gauge",
    "Budget of judging, per use case and of (all); period: day, month.",
    ("use_case", "period"),
)
BUDGET_SPENT = Metric(
    "assay_judge_budget_spent_usd", "gauge", "Spent and reserved of it in this period.", ("use_case", "period")
)
RECORD_WAITING = Metric("assay_record_waiting_rows", "gauge", "Ended entries that wait for their row in the record.")
RECORD_TROUBLE = Metric("assay_record_trouble", "gauge", "1 while the record cannot be written, else 0.")
WRITE_REWRITES = Metric(
    "assay_unverified_traces", "gauge", "Posted traces whose scores are due to be read back, now or within 5 s."
)
COPIES_WAITING = Metric(
    "assay_copies_waiting_traces",
    "gauge",
    "Traces whose scores wait for a further place: to be written there, or written and to be shown.",
    ("place", "state"),
)
COPIES_OLDEST = Metric(
    "assay_copies_oldest_seconds", "gauge", "How long the oldest of them has waited; 0 where none does.", ("place",)
)
COPIES_ENDED = Metric(
    "assay_copies_ended_traces",
    "gauge",
    "Traces whose copies ended, ever: verified, unverified (the place shows none), given_up with a reason.",
    ("place", "outcome", "reason"),
)
GOLDEN_READABLE = Metric(
    "assay_golden_schedule_readable", "gauge", "1 where the schedules and the fleet's state could be read, else 0."
)
GOLDEN_OVERDUE = Metric(
    "assay_golden_overdue_seconds",
    "gauge",
    "How long the last slot has waited for a run that no worker has in hand; 0 where none does.",
    ("golden_set",),
)
GOLDEN_PROBLEM = Metric(
    "assay_golden_schedule_problem",
    "gauge",
    "1 where a manifest cannot be read or no beat has looked at it.",
    ("golden_set",),
)
GOLDEN_LAST_RUN = Metric(
    "assay_golden_last_run_timestamp_seconds",
    "gauge",
    "When the last scheduled run ended (Unix time).",
    ("golden_set",),
)
GOLDEN_VERDICT = Metric(
    "assay_golden_last_run_verdict", "gauge", "1 for how the last scheduled run ended.", ("golden_set", "verdict")
)
GOLDEN_PASS = Metric(
    "assay_golden_pass_ratio", "gauge", "Pass rate of the last scheduled run.", ("golden_set",), bounds=True
)
GOLDEN_ITEMS = Metric("assay_golden_items", "gauge", "Items of the last scheduled run.", ("golden_set",))
GOLDEN_JUDGE = Metric(
    "assay_golden_judge_youden",
    "gauge",
    "Sensitivity + specificity - 1 of the judge on the anchors of the last scheduled run.",
    ("golden_set",),
    bounds=True,
)

METRICS = tuple(value for value in globals().values() if isinstance(value, Metric))
