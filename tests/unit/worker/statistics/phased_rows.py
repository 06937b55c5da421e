"""Traces of a cascade row by row, and the plain difference estimator that the product's is held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.phases import PhaseColumns
from assay.worker.statistics.two_phase import two_phase_rate


class Phased(NamedTuple):
    """One trace: what the first judge said, what a later one did (None: not asked, or no answer), and how likely."""

    first: float
    final: float | None
    pi: float
    pi2: float
    chosen: bool


class DifferenceMean(NamedTuple):
    """A mean by the plain difference estimator, with its variance."""

    value: float
    variance: float
    n: int
    n_final: int


def settled(first: float, final: float | None = None, *, pi: float = 1.0, pi2: float = 0.1) -> Phased:
    """A trace the first judge was sure of; audited where it has a final value."""
    return Phased(first, final, pi, pi2, final is not None)


def escalated(first: float, final: float | None, *, pi: float = 1.0) -> Phased:
    """One that had to go on."""
    return Phased(first, final, pi, 1.0, True)


def columns_of(rows: Sequence[Phased]) -> PhaseColumns:
    """The rows as columns."""
    return PhaseColumns(
        first=np.array([row.first for row in rows], dtype=np.float64),
        final=np.array([0.0 if row.final is None else row.final for row in rows], dtype=np.float64),
        seen=np.array([row.final is not None for row in rows], dtype=np.bool_),
        chosen=np.array([row.chosen for row in rows], dtype=np.bool_),
        pi=np.array([row.pi for row in rows], dtype=np.float64),
        pi2=np.array([row.pi2 for row in rows], dtype=np.float64),
    )


def two_phase_mean(rows: Sequence[Phased]) -> Estimate | None:
    """The product's estimate."""
    rate = two_phase_rate(columns_of(rows))
    return rate.estimate() if rate else None


def difference_mean(rows: Sequence[Phased]) -> DifferenceMean:
    """Σw(f + (y−f)/π₂)/Σw, the second term where the later judge answered, w = 1/π.

    Variance (V₁ + V₂)/(Σw)²: V₁ = Σ(1−π)/π²·(e² estimated the same way), e = y−mean, V₂ = Σ(1−π₂)/(π·π₂)²·(y−f)².
    """
    first, final, seen, _, pi, pi2 = columns_of(rows)
    w = 1 / pi
    change = np.where(seen, final - first, 0.0)
    mean = float((w * (first + change / pi2)).sum() / w.sum())
    spread = (first - mean) ** 2 + np.where(seen, (final - mean) ** 2 - (first - mean) ** 2, 0.0) / pi2
    phase1 = max(0.0, float(((1 - pi) / pi**2 * spread).sum()))
    phase2 = float(((1 - pi2) / (pi * pi2) ** 2 * change**2).sum())
    return DifferenceMean(mean, (phase1 + phase2) / float(w.sum()) ** 2, len(rows), int(seen.sum()))
