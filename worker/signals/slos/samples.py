"""From figures of objectives to samples of metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assay.worker.records.metrics import slo
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.samples import estimate, number
from assay.worker.signals.slos.attainment import budget_left
from assay.worker.signals.slos.reporting import Figures, Objectives

BURNS = ("1h", "6h", "24h", "3d")
"""Windows that burn rates are told over."""

SHARES = ("1h", "24h")
"""Windows, beside the period, that shares and goodput are told over."""


def target_samples(use_case: str, objectives: Objectives) -> Iterator[Sample]:
    """What is aimed at: it is told without any trace too."""
    for name, objective in objectives.items():
        yield from number(slo.TARGET, objective.share, use_case, name)


def slo_samples(use_case: str, objectives: Objectives, windows: Mapping[str, Figures], period: str) -> Iterator[Sample]:
    """What was attained in some windows. What is not known is absent.

    Args:
        use_case: its name.
        objectives: those in force.
        windows: what each window came to.
        period: the name of the one that budgets are told over.
    """
    for window, figures in windows.items():
        is_told = window in {*SHARES, period}
        for name, attained in figures.attained.items():
            if is_told:
                yield from estimate(slo.GOOD, attained.good, use_case, name, window)
                yield from number(slo.TRACES, attained.n, use_case, name, window)
            if window in BURNS:
                yield from estimate(slo.BURN, attained.burn, use_case, name, window)
            if window == period:
                left = budget_left(attained.good, objectives[name].allowed)
                yield from estimate(slo.BUDGET_LEFT, left, use_case, name)
        if figures.goodput is not None and is_told:
            yield from estimate(slo.GOODPUT, figures.goodput.good, use_case, window)
            yield from number(slo.GOODPUT_TRACES, figures.goodput.n, use_case, window)
