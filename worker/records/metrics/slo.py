"""Metrics of service level objectives, computed from the record by one leader.

`objective` is e.g. `quality`, `latency` or `coverage`. `window` holds the traces that started within it: `1h`, `24h`
and the period, e.g. `30d`, of shares and goodput; `1h`, `6h`, `24h` and `3d` of burn rates. What is not known is
absent.
"""

from __future__ import annotations

from assay.worker.records.metrics.metric import Metric

_SLO = ("use_case", "objective")

TARGET = Metric("assay_slo_target_ratio", "gauge", "The share of good traces that is aimed at.", _SLO)
GOOD = Metric("assay_slo_good_ratio", "gauge", "Share of good traces.", (*_SLO, "window"), bounds=True)
TRACES = Metric("assay_slo_traces", "gauge", "The n of it.", (*_SLO, "window"))
BURN = Metric(
    "assay_slo_burn_rate",
    "gauge",
    "Bad share over the allowed bad share; its bounds are exact and one-sided at 0.001 each, for alarms.",
    (*_SLO, "window"),
    bounds=True,
)
BUDGET_LEFT = Metric(
    "assay_slo_budget_remaining_ratio",
    "gauge",
    "Part of the period's error budget that is left; negative where it is overdrawn.",
    _SLO,
    bounds=True,
)
GOODPUT = Metric(
    "assay_goodput_ratio",
    "gauge",
    "Share of traces that meet all objectives of their use case at once.",
    ("use_case", "window"),
    bounds=True,
)
GOODPUT_TRACES = Metric("assay_goodput_traces", "gauge", "The n of it.", ("use_case", "window"))

METRICS = tuple(value for value in globals().values() if isinstance(value, Metric))
