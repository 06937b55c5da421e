"""What rules are put together from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from assay.worker.alerts.rule import Condition
from assay.worker.config.deployment import Deployment
from assay.worker.records.metrics.metric import Metric

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86_400.0

ALL_USE_CASES = "(all)"
"""What budgets of all use cases together have as their use case."""

NO_SIGNALS = ("AssayNoScores", "AssaySignalsStale")
"""While one of these fires, what rates of quality say is old."""


class Group(NamedTuple):
    """Use cases that share a threshold.

    Attributes:
        threshold: from where on an alert is due.
        where: labels that pick their series. Empty: all use cases share it.
    """

    threshold: float
    where: Mapping[str, str]


def by_threshold(
    deployment: Deployment, threshold_of: Callable[[str], float | None], *, also: str | None = None
) -> Iterator[Group]:
    """Use cases by their threshold, in file order. Those without any are left out.

    Args:
        deployment: has the use cases.
        threshold_of: what a use case has. None: no threshold.
        also: what stands in place of a use case where all together are meant; each group picks it.
    """
    groups: dict[float, list[str]] = {}
    for case in deployment.use_cases:
        threshold = threshold_of(case.name)
        if threshold is not None:
            groups.setdefault(threshold, []).append(case.name)
    for threshold, names in groups.items():
        holds_all = len(names) == len(deployment.use_cases)
        picked = names if also is None else [*names, also]
        yield Group(threshold, {} if holds_all else {"use_case": "|".join(picked)})


def rounded(value: float) -> float:
    """A threshold without the noise of its arithmetic, and never 0 where it is not: `1 - 0.95` is 0.05."""
    return float(f"{value:.6g}")


def percent(share: float) -> str:
    """A share with as many digits as it has: `20%`, `12.5%`, `0.001%`."""
    return f"{share * 100:.4g}%"


def at_least(metric: Metric, least: float, where: Mapping[str, str]) -> Condition:
    """The least n of a rate."""
    return Condition(metric=metric.name, comparator=">=", threshold=least, where=where)
