"""A metric and its samples: the same values that a scrape shows, that rules speak of and that dashboards draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record

MetricKind = Literal["gauge", "counter", "histogram", "info"]


class Metric(NamedTuple):
    """One metric, by the conventions of Prometheus.

    Attributes:
        name: with its unit, e.g. `assay_backlog_oldest_seconds`. A counter's ends with `_total`.
        kind: what it is.
        help: what it says, in one sentence.
        labels: names of its labels. None of them may be of unbounded values, as a trace id is.
        bounds: whether `NAME_lower_bound` and `NAME_upper_bound`, gauges with the same labels, stand beside it.
    """

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    bounds: bool = False

    @property
    def lower(self) -> str:
        """The name of its lower bound."""
        return f"{self.name}_lower_bound"

    @property
    def upper(self) -> str:
        """The name of its upper bound."""
        return f"{self.name}_upper_bound"

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and those of its bounds."""
        return (self.name, self.lower, self.upper) if self.bounds else (self.name,)


class Sample(Record):
    """One value of a metric."""

    name: str
    labels: Mapping[str, str] = Field(default_factory=dict)
    value: float


class MetricSnapshot(Record):
    """What one computation came to: all samples of one part, e.g. `quality`, and when it was done."""

    part: str
    at: AwareDatetime
    samples: Sequence[Sample] = ()
