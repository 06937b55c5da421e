"""Bins of a feature: fixed once by the baseline, and what falls into them now."""

from __future__ import annotations

import numpy as np

from assay.worker.signals.drift.features import Feature
from assay.worker.signals.drift.observations import Bools, Floats, Integers, Observations
from assay.worker.signals.drift.records import Histogram, Topics
from assay.worker.statistics.drift_psi import effective_size
from assay.worker.statistics.k_means import nearest_centre

MOST_BINS = 10
"""Deciles of numbers, and names of categories that have a bin of their own."""

LEAST_EXPECTED = 5.0
"""Traces that a bin holds at least on average; smaller ones are counted together."""

UNSEEN = "not seen in the baseline"
NEW_TOPIC = "unlike the baseline"
RARE = "rarer ones"


def number_edges(values: Floats, weights: Floats) -> tuple[float, ...]:
    """Upper ends of bins with about a tenth of the traffic each. Values that are common have a bin of their own."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    at = np.searchsorted(reached, np.arange(1, MOST_BINS) / MOST_BINS - 1e-12)
    edges = np.unique(values[order][np.minimum(at, values.size - 1)])
    return tuple(float(edge) for edge in edges if edge < values.max())


def edge_names(edges: tuple[float, ...]) -> tuple[str, ...]:
    """E.g. `up to 120`, `up to 300`, `more`."""
    return (*(f"up to {edge:g}" for edge in edges), "more" if edges else "all")


def topic_codes(vectors: Floats, topics: Topics) -> Integers:
    """The topic of each vector; one that lies far from all has the number after the last."""
    nearest, distances = nearest_centre(vectors, np.array(topics.centres))
    return np.where(distances > topics.radius, len(topics.centres), nearest)


def known_rows(feature: Feature, traces: Observations) -> Bools:
    """Traces that tell the feature."""
    if feature.kind in {"topics", "vectors"}:
        return traces.vectors[feature.column].known
    if feature.kind == "category":
        return traces.categories[feature.column].codes >= 0
    known: Bools = ~np.isnan(traces.numbers[feature.column])
    return known


def codes_of(
    feature: Feature, traces: Observations, rows: Bools, histogram: Histogram, topics: Topics | None
) -> Integers:
    """The bin of each of these rows."""
    if feature.kind == "topics" and topics is not None:
        return topic_codes(traces.vectors[feature.column].unit(rows), topics)
    if feature.kind == "category":
        codes, names = traces.categories[feature.column]
        last = len(histogram.names) - 1
        place = {name: at for at, name in enumerate(histogram.names[:-1])}
        return np.array([place.get(name, last) for name in names], dtype=np.int64)[codes[rows]]
    values = traces.numbers[feature.column][rows]
    if feature.kind == "share":
        return values.astype(np.int64)
    return np.searchsorted(np.array(histogram.edges), values, side="left")


def filled(names: tuple[str, ...], edges: tuple[float, ...], codes: Integers, traces: Observations) -> Histogram:
    """A histogram of these rows."""
    counts = np.bincount(codes, weights=traces.weights, minlength=len(names))
    total = counts.sum()
    return Histogram(
        names=names,
        edges=edges,
        shares=tuple((counts / total).tolist() if total else counts.tolist()),
        n=traces.n,
        n_effective=effective_size(traces.weights, traces.clusters),
    )


def merged(before: Histogram, now: Histogram) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Shares of both, with bins that would hold fewer than five traces on the smaller side counted as one."""
    p, q = np.array(before.shares), np.array(now.shares)
    small = p * min(before.n_effective, now.n_effective) < LEAST_EXPECTED
    if before.edges or small.sum() < 2 or before.names == ("no", "yes"):
        return p, q, before.names
    names = tuple(name for name, is_small in zip(before.names, small, strict=True) if not is_small)
    return np.append(p[~small], p[small].sum()), np.append(q[~small], q[small].sum()), (*names, RARE)
