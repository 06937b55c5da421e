"""All tests of one comparison share one risk of a false alarm.

Most of it goes to the rates that were asked for, the rest to what is no judged answer, and each part is shared out by
Holm's method. Shares that matter rise far. A rate that is four fifths as strict sees nearly as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.statistics.paired import holm

PART_OF_RATES = 0.8
"""Of alpha. The rest is for shares. Where no share can be tested, rates have all of it."""


@dataclass(frozen=True)
class Family:
    """Tests that are judged together.

    Attributes:
        p_values: of each test.
        alpha: of this and all other families together.
        part: of alpha that this one has.
    """

    p_values: Sequence[float]
    alpha: float
    part: float = 1.0

    def adjusted(self) -> list[float]:
        """P-values to hold against the whole alpha: Holm's over the part, in the order given."""
        return [min(1.0, p_value / self.part) for p_value in holm(self.p_values)]

    def levels(self) -> list[float]:
        """At which p-value each test would be decided, the others being as they are.

        Power and bounds that are told beside a verdict hold at this level, and not at `alpha`.
        """
        order = sorted(range(len(self.p_values)), key=self.p_values.__getitem__)
        levels = [self.alpha * self.part] * len(order)
        for index in order:
            levels[index] = self._level([self.p_values[other] for other in order if other != index])
        return levels

    def _level(self, others: Sequence[float]) -> float:
        """Holm goes on to the next larger level after each test that it decides, and stops at the first it does not."""
        size, alpha = len(others) + 1, self.alpha * self.part
        for decided, p_value in enumerate(others):
            if p_value > alpha / (size - decided):
                return alpha / (size - decided)
        return alpha
