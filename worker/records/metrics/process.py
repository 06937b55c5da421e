"""Metrics of one process: counted and measured where the work is done. Every process serves its own."""

from __future__ import annotations

from assay.worker.records.metrics.metric import Metric

BUILD = Metric("assay_build_info", "info", "1; the version that runs, and the process' role.", ("version", "role"))
TASKS = Metric("assay_tasks_total", "counter", "Messages and ticks worked off: done, failed.", ("task", "outcome"))
TASK_SECONDS = Metric("assay_task_duration_seconds", "histogram", "How long the work of a message took.", ("task",))
TASK_COUNTS = Metric(
    "assay_task_results_total",
    "counter",
    "What the work of messages came to, by the counts of their reports, e.g. result=judged of task=assess.",
    ("task", "result"),
)
SCORE_LAG = Metric(
    "assay_score_lag_seconds",
    "histogram",
    "From a trace's end to its scores being read back, of traces selected within a day after it.",
    ("use_case",),
)
JUDGE_REQUESTS = Metric(
    "assay_judge_requests_total",
    "counter",
    "Requests to judge models: answered, refused (429), rejected (4xx), denied (key or quota), failed, timed_out, "
    "cancelled.",
    ("endpoint", "model", "outcome"),
)
JUDGE_SECONDS = Metric(
    "assay_judge_request_duration_seconds", "histogram", "How long an answered call took.", ("endpoint", "model")
)
JUDGE_TOKENS = Metric(
    "assay_judge_tokens_total",
    "counter",
    "Tokens of judge calls: input, cached_input, output.",
    ("endpoint", "model", "type"),
)
JUDGE_USD = Metric("assay_judge_cost_usd_total", "counter", "Cost of judge calls.", ("endpoint", "model"))
JUDGE_UNPRICED = Metric(
    "assay_judge_unpriced_requests_total", "counter", "Answered calls whose cost is unknown.", ("endpoint", "model")
)
LOOP_LAG = Metric(
    "assay_loop_lag_seconds", "gauge", "How late the event loop ran what was due: the worst of the last minute."
)
BEAT_ROUND = Metric(
    "assay_beat_last_round_timestamp_seconds", "gauge", "When this beat last went through its schedule (Unix time)."
)

METRICS = tuple(value for value in globals().values() if isinstance(value, Metric))
