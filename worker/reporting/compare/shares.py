"""What is no judged answer: empty, refused, unanswered, without a score. Has b more of it than a?

The compared rate is one of judged answers. Whoever gives fewer of them would look well by it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.reporting.compare.question import Metric
from assay.worker.reporting.compare.selected import End, SelectedRows
from assay.worker.statistics.bounded import BoundedMean, behind_mean
from assay.worker.statistics.combined import RateChange
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import cluster_index, shared_correlation

LEAST_ANSWERS, LEAST_SESSIONS = 20, 10
"""On each side. Of fewer no interval holds what it promises."""

Bools = NDArray[np.bool_]


class ShareKind(StrEnum):
    """In what way a selected trace has no score to compare."""

    EMPTY = "empty"
    REFUSALS = "refusals"
    UNANSWERED = "unanswered"
    WITHOUT_SCORE = "without_score"


class ShareChange(Record):
    """One such share of all selected traces, on both sides.

    Attributes:
        a, b: behind the traffic of each side, answers of one session as one draw.
        p_value: of the test that `b` has more of it.
        adjusted_p: to be held against `alpha`: five times the p-value over all shares together, by Holm's method.
        has_risen: whether `b` is shown to have more of it.
        is_accepted: whether that was said to be no matter (`--accept`).
    """

    kind: ShareKind
    a: Estimate
    b: Estimate
    p_value: float
    adjusted_p: float
    has_risen: bool = False
    is_accepted: bool = False


def share_changes(a: SelectedRows | None, b: SelectedRows | None, metric: Metric | None) -> tuple[ShareChange, ...]:
    """The shares that occur on either side. None of them where a side has too few traces for a test."""
    if a is None or b is None or _is_few(a) or _is_few(b):
        return ()
    told = (_change(kind, (a, b), (_flags(kind, a, metric), _flags(kind, b, metric))) for kind in _kinds(metric))
    return tuple(change for change in told if change is not None)


def count(kind: ShareKind, rows: SelectedRows | None, metric: Metric | None) -> int:
    """How many traces of a side ended so."""
    return 0 if rows is None else int(_flags(kind, rows, metric).sum())


def _kinds(metric: Metric | None) -> tuple[ShareKind, ...]:
    """What is beside the metric. Of all judged answers some refuse, and none is without that word."""
    if metric is Metric.REFUSALS:
        return ShareKind.EMPTY, ShareKind.UNANSWERED
    return tuple(ShareKind)


def _flags(kind: ShareKind, rows: SelectedRows, metric: Metric | None) -> Bools:
    if kind is ShareKind.WITHOUT_SCORE:
        score = rows.column("faithfulness" if metric is Metric.FAITHFUL else "risk")
        return rows.ended(End.SCORED) & np.isnan(score)
    ends = {
        ShareKind.EMPTY: End.EMPTY,
        ShareKind.REFUSALS: End.REFUSED,
        ShareKind.UNANSWERED: End.UNANSWERED,
    }
    return rows.ended(ends[kind])


def _is_few(rows: SelectedRows) -> bool:
    return len(rows.ends) < LEAST_ANSWERS or len(set(rows.clusters)) < LEAST_SESSIONS


def _change(
    kind: ShareKind, sides: tuple[SelectedRows, SelectedRows], flags: tuple[Bools, Bools]
) -> ShareChange | None:
    """The change of one share. None where it occurs on neither side: no test could show anything."""
    if not any(rows.any() for rows in flags):
        return None
    columns = [
        (of.astype(np.float64), rows.column("pi"), rows.sessions()) for of, rows in zip(flags, sides, strict=True)
    ]
    before, after = (_rate(*column) for column in columns)
    if before is None or after is None:
        return None
    p_value = _one_sided(before, after, shared_correlation(*columns))
    return ShareChange(kind=kind, a=before.estimate(), b=after.estimate(), p_value=p_value, adjusted_p=p_value)


def _rate(flags: NDArray[np.float64], pi: NDArray[np.float64], sessions: NDArray[np.int64]) -> BoundedMean | None:
    """A share that is rare: how far it varies is known by the few sessions in which it occurs."""
    rate = behind_mean(flags, pi, sessions)
    if rate is None or not flags.any():
        return rate
    squares = np.bincount(cluster_index(sessions), weights=(flags - rate.value) / pi) ** 2
    square, fourth = float(squares.sum()), float((squares**2).sum())
    spread = fourth - square * square / squares.size
    known_by = 2 * square * square / spread if spread > 0 else math.inf
    return replace(rate, freedom=max(1.0, min(known_by, rate.freedom or known_by)))


def _one_sided(before: BoundedMean, after: BoundedMean, correlation: float) -> float:
    half = RateChange(before, after, correlation).p_value() / 2
    return half if after.value > before.value else 1 - half
