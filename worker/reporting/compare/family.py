"""The tests of one comparison are two families, each with a risk of a false alarm that is shared out by Holm's method.

The rates that were asked for have all of alpha, as the primary metric of a gate. What is no judged answer has a fifth
of it beside them: shares that matter rise far, and a strict test sees that. So an equal release is stopped with a
probability of 1.2 alpha at most, 6 % at an alpha of 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.statistics.paired import holm

PART_OF_SHARES = 0.2
"""Of alpha, beside the whole of it that the rates have."""


@dataclass(frozen=True)
class Family:
    """Tests that are judged together.

    Attributes:
        p_values: of each test.
        alpha: of the comparison.
        part: of alpha that this family has.
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
