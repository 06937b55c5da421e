"""A sum of means that were estimated apart, and the difference of two rates, with intervals made of the parts' own.

The method of variance estimates recovery (Zou & Donner 2008) takes from each interval how far the part may lie below or
above, and adds those distances in squares. Parts whose intervals are lopsided, as those of rare events are, stay so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from assay.worker.statistics.difference import Difference
from assay.worker.statistics.intervals import Estimate, Interval
from assay.worker.statistics.student import critical_value, two_sided_tail

_STEPS = (*(step / 4 for step in range(1, 33)), *(float(step) for step in range(9, 41)))
"""Critical values at which a wider interval is held to the narrower ones, e.g. 0.25, 0.5 … 8, 9 … 40."""
_FAR_STEPS = tuple(40.0 * 2**step for step in range(1, 26))
"""Those beyond, e.g. 80, 160 … 1.3e9: with one degree of freedom 637 standard errors hold 99.9 %, and not 3.3."""
_FEW_DEGREES = 10.0
"""Of freedom, below which those count. With ten, 40 standard errors leave 2e-12."""


class Rate(Protocol):
    """A rate with an interval for any critical value."""

    @property
    def value(self) -> float:
        """The rate."""
        ...

    @property
    def n(self) -> int:
        """Observations that it rests on."""
        ...

    @property
    def freedom(self) -> float | None:
        """Degrees of freedom. None: enough."""
        ...

    def interval_at(self, critical: float) -> Interval:
        """Both ends for this critical value."""
        ...

    def estimate(self, conf: float = 0.95) -> Estimate:
        """The rate with its interval."""
        ...


@dataclass(frozen=True)
class Part:
    """One term of a sum: a mean, how it counts (negative: it is taken off), and its interval."""

    weight: float
    value: float
    interval_at: Callable[[float], Interval]


@dataclass(frozen=True)
class Combined:
    """A sum of parts that lies in [0, 1].

    Attributes:
        parts: estimated apart.
        n: observations in all.
        offset: what is added to the sum.
        freedom: degrees of freedom. None: enough.
        n_clusters: groups of dependent observations.
    """

    parts: tuple[Part, ...]
    n: int
    offset: float = 0.0
    freedom: float | None = None
    n_clusters: int | None = None

    @property
    def value(self) -> float:
        """The sum, held inside [0, 1]."""
        return min(1.0, max(0.0, self.offset + sum(part.weight * part.value for part in self.parts)))

    def interval_at(self, critical: float) -> Interval:
        """Both ends for this critical value."""
        below, above = [], []
        for part in self.parts:
            ends = part.interval_at(critical)
            down, up = abs(part.weight) * (part.value - ends.low), abs(part.weight) * (ends.high - part.value)
            below.append(down if part.weight > 0 else up)
            above.append(up if part.weight > 0 else down)
        value = self.value
        return Interval(low=max(0.0, value - math.hypot(*below)), high=min(1.0, value + math.hypot(*above)))

    def estimate(self, conf: float = 0.95) -> Estimate:
        """The sum with its interval."""
        ends = self.interval_at(critical_value(conf, self.freedom))
        return Estimate(value=self.value, low=ends.low, high=ends.high, n=self.n, n_clusters=self.n_clusters)


@dataclass(frozen=True)
class Among:
    """A share of all as a share of those that can have it. How many can is taken as known.

    Attributes:
        whole: over all.
        share: of all that can have it, more than 0.
    """

    whole: Combined
    share: float

    @property
    def value(self) -> float:
        """The share."""
        return min(1.0, self.whole.value / self.share)

    @property
    def n(self) -> int:
        """Observations in all."""
        return self.whole.n

    @property
    def freedom(self) -> float | None:
        """Degrees of freedom. None: enough."""
        return self.whole.freedom

    def interval_at(self, critical: float) -> Interval:
        """Both ends for this critical value."""
        ends = self.whole.interval_at(critical)
        return Interval(low=min(1.0, ends.low / self.share), high=min(1.0, ends.high / self.share))

    def estimate(self, conf: float = 0.95) -> Estimate:
        """The share with its interval."""
        ends = self.interval_at(critical_value(conf, self.freedom))
        return Estimate(value=self.value, low=ends.low, high=ends.high, n=self.n, n_clusters=self.whole.n_clusters)


@dataclass(frozen=True)
class RateChange:
    """How far a rate moved between two sides.

    Attributes:
        before, after: the rates.
        correlation: of the two, where clusters lie on both sides.
    """

    before: Rate
    after: Rate
    correlation: float = 0.0

    @property
    def freedom(self) -> float | None:
        """Degrees of freedom of the difference (Welch 1947; Satterthwaite 1946). None: enough."""
        sides = [(_half_width(rate) ** 2, rate.freedom) for rate in (self.before, self.after)]
        parts = [square * square / freedom for square, freedom in sides if freedom is not None]
        total = sum(square for square, _ in sides)
        return total * total / sum(parts) if parts and sum(parts) > 0 else None

    def difference_at(self, critical: float) -> Difference:
        """After minus before, with both ends for this critical value. A wider interval holds every narrower one."""
        below, above = self._reach(critical)
        value = self.after.value - self.before.value
        return Difference(value=value, low=value - below, high=value + above)

    def difference(self, conf: float = 0.95) -> Difference:
        """After minus before with its interval."""
        return self.difference_at(critical_value(conf, self.freedom))

    def standard_error(self, conf: float = 0.95) -> float:
        """Half the width of the interval over its critical value: never 0 only because no event was seen."""
        critical = critical_value(conf, self.freedom)
        ends = self.difference_at(critical)
        return (ends.high - ends.low) / (2 * critical)

    def p_value(self) -> float:
        """Two-sided: one less the largest confidence at which the interval leaves out 0. 1 where nothing moved."""
        value = self.after.value - self.before.value
        if not value:
            return 1.0
        end, low = (0 if value > 0 else 1), 0.0
        for high, distances in self._grown():
            if distances[end] >= abs(value):
                return two_sided_tail(self._reaching(abs(value), end, low, high), self.freedom)
            low = high
        return two_sided_tail(low, self.freedom)

    def _reaching(self, value: float, end: int, low: float, high: float) -> float:
        """The critical value between two others at which an end lies so far off."""
        while high - low > 1e-6 * max(1.0, high):
            middle = (low + high) / 2
            low, high = (low, middle) if self._distances_at(middle)[end] >= value else (middle, high)
        return low

    def _reach(self, critical: float) -> tuple[float, float]:
        """How far both ends lie off: between what they are at the steps below and above, where both move together.

        Where one end of a rate has reached 0 or 1, what both sides share grows on, and the distances alone would shrink
        again.
        """
        below, above = self._distances_at(critical)
        if self.correlation <= 0:
            return below, above
        inner = (0.0, 0.0)
        for step, outer in self._grown():
            if step >= critical:
                return min(max(below, inner[0]), outer[0]), min(max(above, inner[1]), outer[1])
            inner = outer
        return inner

    def _grown(self) -> Iterator[tuple[float, tuple[float, float]]]:
        """The steps with the distances of both ends there, none smaller than one before."""
        below = above = 0.0
        is_few = self.freedom is not None and self.freedom < _FEW_DEGREES
        for step in (*_STEPS, *_FAR_STEPS) if is_few else _STEPS:
            distances = self._distances_at(step)
            below, above = max(below, distances[0]), max(above, distances[1])
            yield step, (below, above)

    def _distances_at(self, critical: float) -> tuple[float, float]:
        """How far the difference may lie below and above its value, for this critical value alone."""
        before, after = self.before.interval_at(critical), self.after.interval_at(critical)
        return (
            self._together(self.after.value - after.low, before.high - self.before.value),
            self._together(after.high - self.after.value, self.before.value - before.low),
        )

    def _together(self, of_before: float, of_after: float) -> float:
        shared = 2 * self.correlation * of_before * of_after
        return math.sqrt(max(0.0, of_before * of_before + of_after * of_after - shared))


def _half_width(rate: Rate) -> float:
    ends = rate.interval_at(1.0)
    return (ends.high - ends.low) / 2
