"""Metrics of the traffic's quality and cost, computed from the record by one leader and kept for every scrape.

`window` is `15m`, `24h`, `7d` or `30d`. `15m` holds what was judged within the last 15 minutes, or the last 30 judged
traces, whichever is longer. The other windows hold traces that started within them. Rates are weighted by 1/pi and
never pooled over revisions: `revision` is that of the latest rows, shortened to 12 digits.
"""

from __future__ import annotations

from assay.worker.records.metrics.metric import Metric

_RATE = ("use_case", "rubric", "window", "revision")
_FACT = ("use_case", "window")

JUDGED = Metric("assay_judged_traces", "gauge", "Scored traces in the window: the n of its rates.", _RATE)
WITH_RISK = Metric("assay_risk_traces", "gauge", "Traces in the window that have a risk: the n of flagged.", _RATE)
EFFECTIVE = Metric("assay_effective_traces", "gauge", "How many equally weighted traces the window is worth.", _RATE)
FLAGGED = Metric(
    "assay_flagged_ratio", "gauge", "Share of traces with a risk whose risk is at least the cut.", _RATE, bounds=True
)
FLAGGED_ALARM = Metric(
    "assay_flagged_ratio_alarm_bound",
    "gauge",
    "One-sided exact lower bound of the flagged share at alpha 0.0005, for pages.",
    _RATE,
)
ALARM_ARMED = Metric(
    "assay_flagged_alarm_armed",
    "gauge",
    "1 where flags of the window may page: calibrated, by a tier above the screen, or allowed. Else 0, and no bound.",
    _RATE,
)
PROBLEM = Metric(
    "assay_problem_ratio", "gauge", "Expected share of answers with a problem (calibrated risk).", _RATE, bounds=True
)
FAITHFULNESS = Metric("assay_faithfulness_median", "gauge", "Weighted median of faithfulness.", _RATE, bounds=True)
FAITHFUL = Metric(
    "assay_faithful_ratio", "gauge", "Share of traces with a faithfulness of at least 0.80.", _RATE, bounds=True
)
DECLINE_P = Metric(
    "assay_faithfulness_decline_pvalue",
    "gauge",
    "One-sided p-value that faithfulness of the last 24 h is not below that of the 7 days before.",
    ("use_case", "rubric"),
)
DECLINE = Metric(
    "assay_faithfulness_change_ratio",
    "gauge",
    "Change of the faithful share of the last 24 h against the 7 days before; negative is worse.",
    ("use_case", "rubric"),
    bounds=True,
)
CUSUM = Metric(
    "assay_flagged_cusum",
    "gauge",
    "Bernoulli CUSUM of flags against the objective; an alarm is due from assay_flagged_cusum_limit on.",
    ("use_case", "rubric"),
)
CUSUM_LIMIT = Metric(
    "assay_flagged_cusum_limit", "gauge", "From this CUSUM on a slow rise is told.", ("use_case", "rubric")
)
REFUSALS = Metric("assay_refusal_ratio", "gauge", "Share of scored traces that refused.", _RATE, bounds=True)
REFUSAL_TREND = Metric(
    "assay_refusal_change_ratio",
    "gauge",
    "Change of the refusal share of the last 7 days against the 7 days before.",
    ("use_case", "rubric"),
    bounds=True,
)
ANSWERED = Metric("assay_answered_ratio", "gauge", "Weighted share of selected traces that got a verdict.", _RATE)
IN_TIME = Metric(
    "assay_in_time_ratio",
    "gauge",
    "Share of selected traces that came to their end within 15 minutes after the trace's end.",
    _FACT,
    bounds=True,
)
IN_TIME_TRACES = Metric("assay_in_time_traces", "gauge", "The n of it.", _FACT)
REQUEST_COST = Metric(
    "assay_request_cost_usd", "gauge", "Mean cost of a request of the application.", _FACT, bounds=True
)
REQUEST_TOKENS = Metric(
    "assay_request_tokens",
    "gauge",
    "Mean tokens of a request by prompt version (the 12 with most traffic).",
    (*_FACT, "prompt_name", "prompt_version"),
    bounds=True,
)
TOKEN_JUMP = Metric(
    "assay_prompt_tokens_jump_ratio",
    "gauge",
    "Mean tokens of a prompt version over those of the version before it, and bounds.",
    ("use_case", "prompt_name", "prompt_version"),
    bounds=True,
)
DURATION_P95 = Metric(
    "assay_request_duration_p95_seconds", "gauge", "95th percentile of a trace's duration.", _FACT, bounds=True
)
FIRST_TOKEN_P95 = Metric(
    "assay_first_token_p95_seconds", "gauge", "95th percentile of the time to the first token.", _FACT, bounds=True
)
THUMBS = Metric(
    "assay_positive_feedback_ratio", "gauge", "Share of users' opinions that are no complaint.", _FACT, bounds=True
)
OPINIONS = Metric("assay_feedback_opinions", "gauge", "The n of it.", _FACT)
MODEL_SERVED = Metric(
    "assay_model_served_traces",
    "gauge",
    "Traces of the window by the model that answered (the 10 with most traffic).",
    (*_FACT, "model"),
)
COST = Metric("assay_traffic_cost_usd", "gauge", "Estimated cost of all traffic in the window.", _FACT, bounds=True)
COST_BY = Metric(
    "assay_traffic_cost_by_usd",
    "gauge",
    "The same by what is named (feature, user_tier, model, provider, prompt_version; the 10 most costly).",
    (*_FACT, "by", "value"),
)
COST_MONTH = Metric(
    "assay_traffic_cost_month_usd", "gauge", "Projected cost of this calendar month (UTC).", ("use_case",), bounds=True
)
COST_BUDGET = Metric(
    "assay_traffic_cost_budget_usd", "gauge", "The application's budget a month, as slos: says.", ("use_case",)
)
COST_TODAY = Metric("assay_traffic_cost_today_usd", "gauge", "Estimated cost of this UTC day so far.", ("use_case",))
LAST_SCORED = Metric(
    "assay_last_scored_timestamp_seconds",
    "gauge",
    "When a trace that started within the last 24 h was last scored (Unix time); 0 where none was.",
    ("use_case",),
)
COMPUTED = Metric(
    "assay_signals_computed_timestamp_seconds", "gauge", "When the window was last computed (Unix time).", ("window",)
)

METRICS = tuple(value for value in globals().values() if isinstance(value, Metric))
