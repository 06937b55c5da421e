"""Watching one share run after run, without the false alarms of testing again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.judges.schema import Record


class ECusum(Record):
    """An e-CUSUM against a share above `p0`.

    E_t = max(E_{t−1}, 1) · e_t with e_t = Π (1 + λ(y − p0)) over the observations y of step t. Whatever the share is,
    as long as its mean over the observations is at most p0, the expectation of e_t is at most 1 (the product over
    unequal observations is largest where all are equal), so the mean number of steps to a false alarm at
    E ≥ `threshold` is at least `threshold` (Shin, Ramdas & Rinaldo 2022). λ is the growth-optimal bet against `p1`.
    """

    p0: float
    p1: float
    threshold: float

    @property
    def bet(self) -> float:
        """λ = (p1 − p0)/(p0(1 − p0))."""
        return (self.p1 - self.p0) / (self.p0 * (1 - self.p0))

    def path(self, steps: Sequence[tuple[int, int]]) -> list[float]:
        """Log E after each step of (hits, observations).

        Raises:
            ValueError: shares that are no bet, or more hits than observations.
        """
        if not 0 < self.p0 < self.p1 < 1:
            raise ValueError(f"need 0 < p0 < p1 < 1, got {self.p0}, {self.p1}")
        if any(not 0 <= hits <= n for hits, n in steps):
            raise ValueError("hits cannot exceed observations")
        win, loss = math.log1p(self.bet * (1 - self.p0)), math.log1p(-self.bet * self.p0)
        logs: list[float] = []
        log_e = 0.0
        for hits, n in steps:
            log_e = max(log_e, 0.0) + hits * win + (n - hits) * loss
            logs.append(log_e)
        return logs

    def first_alarm(self, logs: Sequence[float]) -> int | None:
        """Index of the first step at or above the threshold."""
        limit = math.log(self.threshold)
        return next((index for index, value in enumerate(logs) if value >= limit), None)
