"""From numbers to samples of metrics: what cannot be estimated is absent, and no label holds what a scrape cannot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

from assay.worker.records.metrics.metric import Metric, Sample

LONGEST_LABEL = 100
"""Characters of a label's value that are kept: a release or a prompt's name may be as long as an application likes."""


class Ends(Protocol):
    """A number with its interval."""

    @property
    def value(self) -> float:
        """The number."""
        ...

    @property
    def low(self) -> float:
        """Where its interval begins."""
        ...

    @property
    def high(self) -> float:
        """Where it ends."""
        ...


def number(metric: Metric, value: float | None, *labels: str) -> Iterator[Sample]:
    """The sample of a metric without bounds. Nothing where the value is unknown or no finite number.

    Args:
        metric: which.
        value: its value.
        labels: values of its labels, in their order.
    """
    if value is not None and math.isfinite(value):
        yield Sample(name=metric.name, labels=_named(metric, labels), value=float(value))


def estimate(metric: Metric, ends: Ends | None, *labels: str) -> Iterator[Sample]:
    """The samples of a metric with bounds: all three, or none."""
    if ends is None or not all(map(math.isfinite, (ends.low, ends.value, ends.high))):
        return
    named = _named(metric, labels)
    for name, value in zip(metric.names, (ends.value, ends.low, ends.high), strict=True):
        yield Sample(name=name, labels=named, value=float(value))


def label(value: str) -> str:
    """A label's value without control characters and not too long, e.g. `v42` where a line break follows."""
    return "".join(sign for sign in value[: 2 * LONGEST_LABEL] if sign.isprintable())[:LONGEST_LABEL]


def _named(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    return {name: label(value) for name, value in zip(metric.labels, labels, strict=True)}
