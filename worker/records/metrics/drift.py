"""Metrics of drift against a baseline, of the last daily check.

`feature` is e.g. `question_topics`, `answer_length`, `answer_language`, `passages`, `model_served`. `side` is
`input`, `output`, `retrieval` or `model`.
"""

from __future__ import annotations

from assay.worker.records.metrics.metric import Metric

_FEATURE = ("use_case", "side", "feature")

PSI = Metric("assay_drift_psi", "gauge", "Population stability index against the baseline.", _FEATURE)
PSI_NULL = Metric(
    "assay_drift_psi_null_bound",
    "gauge",
    "99 % point of the PSI of two samples of these sizes without drift.",
    _FEATURE,
)
P_VALUE = Metric(
    "assay_drift_pvalue", "gauge", "p-value of the test, held against all of one check.", (*_FEATURE, "test")
)
CENTROID = Metric("assay_drift_centroid_distance", "gauge", "1 - cosine of the two centroids.", _FEATURE)
CENTROID_NULL = Metric(
    "assay_drift_centroid_null_bound", "gauge", "99 % point of it by permutation, without drift.", _FEATURE
)
DRIFTED = Metric(
    "assay_drift_detected",
    "gauge",
    "1 where the test says so and the change is large enough to matter, else 0.",
    _FEATURE,
)
SIZE = Metric("assay_drift_size", "gauge", "Share of the traffic that changed: how large the change is.", _FEATURE)
TRACES = Metric("assay_drift_traces", "gauge", "The n of the present side of the check.", ("use_case",))
CHECKED = Metric("assay_drift_checked_timestamp_seconds", "gauge", "When drift was last checked.", ("use_case",))
BASELINE = Metric(
    "assay_drift_baseline_timestamp_seconds", "gauge", "When the baseline in force was captured.", ("use_case",)
)

METRICS = tuple(value for value in globals().values() if isinstance(value, Metric))
