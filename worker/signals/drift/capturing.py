"""From observations to a baseline: bins, topics and a sample, as numbers that can be kept."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import NamedTuple

import numpy as np

from assay.judges.errors import ConfigurationError
from assay.worker.signals.drift.bins import (
    MOST_BINS,
    NEW_TOPIC,
    UNSEEN,
    codes_of,
    edge_names,
    filled,
    known_rows,
    number_edges,
    topic_codes,
)
from assay.worker.signals.drift.features import CATEGORIES, FEATURES, NUMBERS, VECTORS, Feature
from assay.worker.signals.drift.observations import Bools, Floats, Observations
from assay.worker.signals.drift.records import DriftBaseline, Histogram, Sample, Source, Topics
from assay.worker.statistics.drift_psi import effective_size
from assay.worker.statistics.drift_vectors import median_gamma, squared_distances, topic_contrast
from assay.worker.statistics.k_means import k_means, nearest_centre

SAMPLE_ROWS = 2_000
"""Traces of a side that tests of numbers and categories take."""

VECTOR_ROWS = 1_000
"""Traces of a side that tests of vectors take: one kernel matrix over both sides."""

FIT_ROWS = 2_000
"""Vectors that topics are found from, at most."""

MOST_TOPICS = 8
PER_TOPIC = 25
"""Vectors that a topic needs; with fewer there are fewer topics."""

LEAST_KNOWN = 20
"""Traces that tell a feature, at least. With fewer it has no bins."""

FARTHEST = 0.99
"""Share of the baseline that lies within the radius; what lies beyond counts as unlike it."""


class TooFewTraces(ConfigurationError):
    """There is too little to take a baseline from. Other use cases may have enough."""


class Origin(NamedTuple):
    """What a baseline is captured from."""

    use_case: str
    name: str
    source: Source
    of: str
    since: datetime | None = None
    until: datetime | None = None


def captured(traces: Observations, origin: Origin, at: datetime, *, least: int) -> DriftBaseline:
    """A baseline of these traces.

    Args:
        traces: in the order of their sessions' hashes.
        origin: what they are.
        at: the moment.
        least: traces that it takes.

    Raises:
        TooFewTraces
    """
    if traces.n < least:
        count = "1 trace" if traces.n == 1 else f"{traces.n} traces"
        raise TooFewTraces(
            f"drift baseline of {origin.use_case}: {origin.of} has {count}, and {least} are needed; "
            "take a longer period, or lower drift.min_traces in assay.yaml"
        )
    sample = traces.first(SAMPLE_ROWS)
    vector_rows = sample.first(VECTOR_ROWS).n
    topics, held_out = {}, {}
    for name in VECTORS:
        fit = _fit_rows(traces, name, vector_rows)
        if fit.sum() >= LEAST_KNOWN:
            topics[name] = _topics(traces, name, fit)
            held_out[name] = ~fit
    histograms = {}
    for feature in FEATURES:
        histogram = _histogram(feature, traces, topics.get(feature.column), held_out.get(feature.column))
        if histogram is not None:
            histograms[feature.name] = histogram
    return DriftBaseline(
        **origin._asdict(),
        captured_at=at,
        n=traces.n,
        n_effective=effective_size(traces.weights, traces.clusters),
        vectors_from=traces.vectors_from if topics else None,
        histograms=histograms,
        topics=topics,
        sample=_sample(sample, vector_rows, {name: rows[:vector_rows] for name, rows in held_out.items()}),
    )


def _fit_rows(traces: Observations, name: str, vector_rows: int) -> Bools:
    """Rows that topics are found from. Shares are counted over the others: a centre lies nearer to what made it."""
    known = traces.vectors[name].known
    later = known & (np.arange(traces.n) >= vector_rows)
    if later.sum() >= FIT_ROWS // 2:
        rows: Bools = later & (np.cumsum(later) <= FIT_ROWS)
        return rows
    # Every other session: a session's turns resemble each other.
    _, session = np.unique(traces.clusters, return_inverse=True)
    every_other: Bools = known & (session % 2 == 0)
    return every_other


def _topics(traces: Observations, name: str, fit: Bools) -> Topics:
    column = traces.vectors[name]
    vectors = column.unit(fit)
    centres = k_means(vectors, int(np.clip(len(vectors) // PER_TOPIC, 2, MOST_TOPICS)))
    rest = column.known & ~fit
    measured = column.unit(rest if rest.sum() >= LEAST_KNOWN else fit)[:FIT_ROWS]
    _, distances = nearest_centre(measured, centres)
    first = vectors[:VECTOR_ROWS]
    squares = squared_distances(first)
    gamma = median_gamma(squares)
    return Topics(
        centres=tuple(tuple(centre.round(6).tolist()) for centre in centres),
        radius=float(np.quantile(distances, FARTHEST)),
        contrast=topic_contrast(squares, nearest_centre(first, centres)[0], gamma=gamma),
        gamma=gamma,
    )


def _histogram(
    feature: Feature, traces: Observations, topics: Topics | None, held_out: Bools | None
) -> Histogram | None:
    """The bins of a feature and what lies in them. None: too few traces tell it, or it has no bins."""
    rows = known_rows(feature, traces)
    if feature.kind == "vectors" or rows.sum() < LEAST_KNOWN:
        return None
    if feature.kind == "topics":
        return None if topics is None or held_out is None else _topic_histogram(feature, traces, topics, held_out)
    own = traces.only(rows)
    edges: tuple[float, ...] = ()
    if feature.kind == "number":
        edges = number_edges(own.numbers[feature.column], own.weights)
        names = edge_names(edges)
    else:
        names = ("no", "yes") if feature.kind == "share" else _names(feature, own)
    empty = Histogram(names=names, edges=edges, shares=(0.0,) * len(names), n=0, n_effective=0)
    return filled(names, edges, codes_of(feature, traces, rows, empty, None), own)


def _topic_histogram(feature: Feature, traces: Observations, topics: Topics, held_out: Bools) -> Histogram:
    rows = known_rows(feature, traces) & held_out
    names = (*(f"topic {number + 1}" for number in range(len(topics.centres))), NEW_TOPIC)
    codes = topic_codes(traces.vectors[feature.column].unit(rows), topics)
    return filled(names, (), codes, traces.only(rows))


def _names(feature: Feature, own: Observations) -> tuple[str, ...]:
    """The commonest names, and one bin for what was not among them."""
    codes, names = own.categories[feature.column]
    weights = np.bincount(codes, weights=own.weights, minlength=len(names))
    order = np.argsort(-weights, kind="stable")[:MOST_BINS]
    return (*(names[at] for at in order.tolist() if weights[at] > 0), UNSEEN)


def _sample(sample: Observations, vector_rows: int, held_out: dict[str, Bools]) -> Sample:
    _, sessions = np.unique(sample.clusters, return_inverse=True)
    return Sample(
        weights=tuple(np.round(sample.weights, 6).tolist()),
        sessions=tuple(sessions.tolist()),
        numbers={name: _plain(sample.numbers[name]) for name in NUMBERS},
        categories={name: tuple(sample.categories[name].codes.tolist()) for name in CATEGORIES},
        names={name: sample.categories[name].names for name in CATEGORIES},
        vectors={
            name: base64.b64encode(
                np.where(
                    sample.vectors[name].known[:vector_rows, None], sample.vectors[name].values[:vector_rows], 0
                ).tobytes()
            ).decode()
            for name in VECTORS
        },
        vector_rows=vector_rows,
        held_out={name: tuple(rows.tolist()) for name, rows in held_out.items()},
    )


def _plain(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
