"""Traffic held against a baseline: every feature tested, and the tests of one check held against each other."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.judges.text.fingerprints import DIMENSIONS
from assay.worker.signals.drift.bins import UNSEEN, codes_of, filled, known_rows, merged
from assay.worker.signals.drift.capturing import SAMPLE_ROWS, VECTOR_ROWS
from assay.worker.signals.drift.features import CATEGORIES, FEATURES, VECTORS, Feature
from assay.worker.signals.drift.observations import (
    UNKNOWN,
    Bools,
    Category,
    Integers,
    Observations,
    Vectors,
)
from assay.worker.signals.drift.records import Change, DriftBaseline, FeatureDrift, Histogram
from assay.worker.statistics.drift_columns import kolmogorov_smirnov, table_distance, total_variation, wasserstein
from assay.worker.statistics.drift_permutation import SPLITS, Sides, Splits, null_bound, p_value, splits_of
from assay.worker.statistics.drift_psi import psi
from assay.worker.statistics.drift_vectors import centroid_distances, energy_distance, mmd_squared, squared_distances
from assay.worker.statistics.paired import holm

LEAST_TOLD = 50
"""Traces on each side that tell a feature; with fewer it is not compared."""

MOST_CHANGES = 8
"""Bins that are told of."""


MOST_NEW = 3
"""Names that the baseline does not have and that are told."""


class Rules(NamedTuple):
    """When a change is called drift.

    Attributes:
        alpha: risk of a false alarm over all tests of a check.
        least_change: share of traffic that must have changed.
        least_share_change: the same for what is yes or no.
        splits: random splits of each test.
    """

    alpha: float = 0.05
    least_change: float = 0.05
    least_share_change: float = 0.02
    splits: int = SPLITS


class Comparison:
    """One baseline and the traffic that is held against it.

    Args:
        baseline: with its sample.
        traces: in the order of their sessions' hashes.
        rules: when a change is called drift.
    """

    def __init__(self, baseline: DriftBaseline, traces: Observations, rules: Rules) -> None:
        self._baseline, self._traces, self._rules = baseline, traces, rules
        self._before = sample_of(baseline)
        self._now = traces.first(SAMPLE_ROWS)
        self._last: tuple[Sides, Splits] | None = None

    def features(self) -> tuple[FeatureDrift, ...]:
        """Every feature, tested where both sides tell enough."""
        drafts = [self._feature(feature) for feature in FEATURES]
        tested = [draft for draft in drafts if draft.p_value is not None]
        adjusted = dict(
            zip((each.feature for each in tested), holm([each.p_value or 0.0 for each in tested]), strict=True)
        )
        return tuple(self._judged(draft, adjusted.get(draft.feature)) for draft in drafts)

    def _judged(self, draft: FeatureDrift, adjusted: float | None) -> FeatureDrift:
        if adjusted is None or draft.size is None:
            return draft
        least = self._rules.least_share_change if draft.kind == "share" else self._rules.least_change
        drifted = adjusted <= self._rules.alpha and draft.size >= least
        return draft.model_copy(update={"p_adjusted": adjusted, "drifted": drifted})

    def _feature(self, feature: Feature) -> FeatureDrift:
        rows, histogram = known_rows(feature, self._traces), self._baseline.histograms.get(feature.name)
        before = self._told_before(feature)
        n, n_before = int(rows.sum()), before.n if histogram is None else histogram.n
        draft = FeatureDrift(feature=feature.name, side=feature.side, kind=feature.kind, n_baseline=n_before, n=n)
        note = self._hindrance(feature, before, n)
        if note:
            return draft.model_copy(update={"note": note})
        if feature.kind == "vectors":
            return draft.model_copy(update=self._vector_test(feature, before))
        if histogram is None:
            return draft.model_copy(update={"note": "the baseline has too few traces that tell it"})
        topics = self._baseline.topics.get(feature.column)
        own = self._traces.only(rows)
        codes = codes_of(feature, self._traces, rows, histogram, topics)
        present = filled(histogram.names, histogram.edges, codes, own)
        tested = self._column_test(feature, before, histogram)
        told = _shown(feature, histogram, present)
        if feature.kind == "category":
            told["changes"] = (*_changes(histogram, present), *_new_names(feature, own, histogram))
        return draft.model_copy(update={**tested, **told})

    def _hindrance(self, feature: Feature, before: Observations, n: int) -> str:
        """Why a feature cannot be compared. Empty: it can."""
        if feature.kind in {"topics", "vectors"}:
            note = foreign_note(self._baseline, self._traces)
            if note:
                return note
            if feature.column not in self._baseline.topics:
                return "the baseline has no vectors"
        if n < LEAST_TOLD or before.n < LEAST_TOLD:
            side, count = ("these traces", n) if n < LEAST_TOLD else ("the baseline", before.n)
            return f"only {count} of {side} tell it; {LEAST_TOLD} are needed"
        return ""

    def _told_before(self, feature: Feature) -> Observations:
        """The baseline's sample, those that tell the feature."""
        before = self._before
        rows = known_rows(feature, before)
        if feature.kind == "topics":
            rows = rows & _padded(self._baseline.sample.held_out.get(feature.column, ()), before.n)
        return before.only(rows)

    def _column_test(self, feature: Feature, before: Observations, histogram: Histogram) -> dict[str, object]:
        sample = self._now.first(VECTOR_ROWS) if feature.kind == "topics" else self._now
        now = sample.only(known_rows(feature, sample))
        splits = self._splits(before, now)
        if splits is None:
            return {"note": "all traces are of one session"}
        if feature.kind == "number":
            values = np.concatenate([before.numbers[feature.column], now.numbers[feature.column]])
            statistics = kolmogorov_smirnov(values, splits)
            distance = wasserstein(values, splits)
            size = float(statistics[0])
            return {"test": "ks", "p_value": p_value(statistics), "size": size, "distance": distance}
        codes = self._all_codes(feature, before, now, histogram)
        statistics = table_distance(codes, splits)
        width = int(codes.max()) + 1
        shares = [np.bincount(codes, weights=side[0], minlength=width) for side in (splits.reference, splits.current)]
        size = total_variation(shares[0].astype(np.float64), shares[1].astype(np.float64))
        return {"test": "shares", "p_value": p_value(statistics), "size": size}

    def _all_codes(self, feature: Feature, before: Observations, now: Observations, histogram: Histogram) -> Integers:
        topics = self._baseline.topics.get(feature.column)
        every = np.ones(before.n, dtype=np.bool_), np.ones(now.n, dtype=np.bool_)
        parts = [
            codes_of(feature, side, rows, histogram, topics) for side, rows in zip((before, now), every, strict=True)
        ]
        return np.concatenate(parts)

    def _vector_test(self, feature: Feature, before: Observations) -> dict[str, object]:
        sample = self._now.first(VECTOR_ROWS)
        now = sample.only(known_rows(feature, sample))
        splits = self._splits(before, now)
        if splits is None:
            return {"note": "all traces are of one session"}
        sides = [side.vectors[feature.column].unit(np.ones(side.n, dtype=np.bool_)) for side in (before, now)]
        vectors = np.concatenate(sides)
        squares = squared_distances(vectors)
        topics = self._baseline.topics[feature.column]
        mmd = mmd_squared(squares, splits, gamma=topics.gamma)
        energy, centroids = energy_distance(squares, splits), centroid_distances(vectors, splits)
        moved = np.sqrt(max(0.0, float(mmd[0])) / topics.contrast) if topics.contrast > 0 else 1.0
        return {
            "test": "mmd",
            "p_value": p_value(mmd),
            "size": float(min(1.0, moved)),
            "centroid": float(centroids[0]),
            "centroid_bound": null_bound(centroids),
            "energy": float(energy[0]),
            "energy_p": p_value(energy),
        }

    def _splits(self, before: Observations, now: Observations) -> Splits | None:
        """Random splits. Features that the same traces tell share them: to draw them takes longer than a test."""
        sides = Sides.of((before.weights, before.clusters), (now.weights, now.clusters))
        if not sides.is_testable:
            return None
        if self._last is None or not self._last[0].is_like(sides):
            self._last = sides, splits_of(sides, count=self._rules.splits)
        return self._last[1]


def foreign_note(baseline: DriftBaseline, traces: Observations) -> str:
    """That vectors of two makers cannot be compared, where these are. Empty: they can."""
    if not baseline.vectors_from or traces.vectors_from in {None, baseline.vectors_from}:
        maker = next(iter(traces.foreign or ()), None)
        is_foreign = bool(baseline.vectors_from) and maker is not None and not _has_vectors(traces)
    else:
        maker, is_foreign = traces.vectors_from, True
    if not is_foreign:
        return ""
    return (
        f"these vectors are of {maker}, the baseline's of {baseline.vectors_from}; they cannot be compared: "
        "capture a new baseline"
    )


def sample_of(baseline: DriftBaseline) -> Observations:
    """The baseline's sample as observations. Beyond its first rows there are no vectors."""
    kept = baseline.sample
    n = len(kept.weights)
    return Observations(
        weights=np.array(kept.weights, dtype=np.float64),
        clusters=np.array(kept.sessions, dtype=np.int64),
        numbers={name: np.array(values, dtype=np.float64) for name, values in kept.numbers.items()},
        categories={name: _category(kept.categories[name], kept.names[name]) for name in CATEGORIES},
        vectors={name: _vectors(kept.vectors.get(name, ""), n) for name in VECTORS},
        vectors_from=baseline.vectors_from,
    )


def _shown(feature: Feature, before: Histogram, now: Histogram) -> dict[str, object]:
    """The index, and the bins that changed most."""
    p, q, _ = merged(before, now)
    index = psi(p, q, sizes=(before.n_effective, now.n_effective)) if feature.kind != "share" else None
    changes = _changes(before, now)
    if index is None:
        return {"changes": changes}
    return {"psi": index.value, "psi_corrected": index.corrected, "psi_bound": index.bound, "changes": changes}


def _changes(before: Histogram, now: Histogram) -> tuple[Change, ...]:
    rows = zip(before.names, before.shares, now.shares, strict=True)
    changes = [Change(name=name, before=p, now=q) for name, p, q in rows if p or q or name == UNSEEN]
    largest = sorted(changes, key=lambda change: -abs(change.now - change.before))[:MOST_CHANGES]
    return tuple(change for change in changes if change in largest)


def _new_names(feature: Feature, own: Observations, before: Histogram) -> list[Change]:
    """The commonest names that the baseline does not have."""
    codes, names = own.categories[feature.column]
    shares = np.bincount(codes, weights=own.weights, minlength=len(names)) / own.weights.sum()
    new = [at for at in np.argsort(-shares, kind="stable").tolist() if shares[at] and names[at] not in before.names]
    return [Change(name=names[at], before=0.0, now=float(shares[at])) for at in new[:MOST_NEW]]


def _has_vectors(traces: Observations) -> bool:
    return any(bool(column.known.any()) for column in traces.vectors.values())


def _category(codes: Sequence[int], names: tuple[str, ...]) -> Category:
    values = np.array(codes, dtype=np.int64)
    return Category(np.where(values < len(names), values, UNKNOWN), names)


def _vectors(text: str, count: int) -> Vectors:
    raw = np.frombuffer(base64.b64decode(text), dtype=np.int8).reshape(-1, DIMENSIONS)
    values = np.zeros((count, DIMENSIONS), dtype=np.int8)
    values[: len(raw)] = raw[:count]
    known: Bools = np.asarray(values.any(axis=1), dtype=np.bool_)
    return Vectors(values, known)


def _padded(flags: Sequence[bool], count: int) -> Bools:
    rows = np.zeros(count, dtype=np.bool_)
    rows[: len(flags)] = flags[:count]
    return rows
