"""What traces of a window say of themselves, as samples: waiting times, users' opinions, the models that answered.

A trace has a row for each rubric. Facts are taken from those of one rubric, the first of its use case that has any, and
of a trace that was judged again from the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Metric, Sample
from assay.worker.signals.once import best_of_each
from assay.worker.signals.samples import estimate, number
from assay.worker.signals.window_columns import Rows, WindowColumns
from assay.worker.statistics.bounded import behind_mean
from assay.worker.statistics.quantiles import weighted_quantile

MOST_MODELS = 10
FEWEST_WAITS = 20
"""Requests below which no 95th percentile is told: the largest of a few is no percentile."""

Rubrics = Mapping[str, Sequence[str]]
"""Names of the rubrics of each use case, in their order."""


def facts_of(use_case: str, rubrics: Rubrics, columns: WindowColumns, rows: Rows) -> Rows | None:
    """The rows that facts of a use case are taken from, each trace once. None: it has none in the window."""
    for rubric in rubrics[use_case]:
        series = columns.series.get((use_case, rubric))
        own = rows["series"] == series if series is not None and rows.size else None
        if own is not None and own.any():
            known = rows.only(np.asarray(own & rows["counts"], dtype=np.bool_))
            return known.only(best_of_each(known["trace"], known["scored"], known["changed_at"]))
    return None


def fact_samples(window: str, use_case: str, columns: WindowColumns, rows: Rows) -> Iterator[Sample]:
    """Facts of one use case.

    Args:
        window: its name.
        use_case: whose.
        columns: how rows are numbered.
        rows: as `facts_of` gives them.
    """
    yield from _p95(quality.DURATION_P95, rows, "duration_s", use_case, window)
    yield from _p95(quality.FIRST_TOKEN_P95, rows, "first_token_s", use_case, window)
    yield from _models(columns, rows, use_case, window)
    if "opinion" in rows:
        yield from _opinions(rows, use_case, window)


def _p95(metric: Metric, rows: Rows, name: str, *labels: str) -> Iterator[Sample]:
    values = rows.floats(name)
    known = np.isfinite(values)
    if int(known.sum()) >= FEWEST_WAITS:
        draws = np.arange(int(known.sum()))
        yield from estimate(metric, weighted_quantile(values[known], rows["pi"][known], 0.95, clusters=draws), *labels)


def _opinions(rows: Rows, *labels: str) -> Iterator[Sample]:
    opinions = rows.floats("opinion")
    known = ~np.isnan(opinions)
    yield from number(quality.OPINIONS, int(known.sum()), *labels)
    if known.any():
        share = behind_mean(opinions[known], rows["pi"][known], rows["cluster"][known])
        yield from estimate(quality.THUMBS, share.estimate() if share else None, *labels)


def _models(columns: WindowColumns, rows: Rows, *labels: str) -> Iterator[Sample]:
    names = list(columns.models)
    counts = np.bincount(rows["model"], minlength=len(names)).tolist()
    served = [(count, name) for count, (name,) in zip(counts, names, strict=True) if name and count]
    for count, name in sorted(served, key=lambda pair: (-pair[0], pair[1]))[:MOST_MODELS]:
        yield from number(quality.MODEL_SERVED, count, *labels, name)
