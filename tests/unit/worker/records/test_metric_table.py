"""The table of metrics keeps to the conventions of Prometheus, and the reference names all of it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from assay.worker.records.metrics.metric import Metric
from assay.worker.records.metrics.table import METRICS
from docs import metrics_reference

UNBOUNDED = {"trace", "trace_id", "user", "user_id", "session", "question", "id"}


def test_names_are_unique_with_their_bounds() -> None:
    counts = Counter(name for metric in METRICS for name in metric.names)
    assert [name for name, n in counts.items() if n > 1] == []


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_and_labels_follow_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"assay_[a-z0-9]+(_[a-z0-9]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not UNBOUNDED & set(metric.labels)
    assert all(
        re.fullmatch(r"[a-z][a-z_]*", label) and label not in ("le", "quantile", "job") for label in metric.labels
    )
    assert len(set(metric.labels)) == len(metric.labels)
    assert metric.help[:1].isupper() or metric.help[:1].isdigit() or metric.help.startswith("p-value")
    assert metric.help.endswith(".")
    assert "|" not in metric.help
    assert not metric.bounds or metric.kind == "gauge"


def test_the_reference_is_what_the_table_says() -> None:
    page = metrics_reference.PAGE.read_text(encoding="utf-8")
    assert page == metrics_reference.written(page), "run `make docs`"
    assert [metric.name for metric in METRICS if f"| `{metric.name}`" not in page] == []
