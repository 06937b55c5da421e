"""Traffic that a cascade judged, as columns: what `two_phase` estimates, for a million traces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class PhaseColumns(NamedTuple):
    """Traces by column, all of one length.

    Attributes:
        first: what the first judge said.
        final: what a later one said. It counts where `seen` is true.
        seen: whether a later one gave an answer.
        chosen: whether the trace was to go on.
        pi: probability of having been selected at all.
        pi2: probability of going on, given what the first judge said: 1 where it had to.
    """

    first: Floats
    final: Floats
    seen: Bools
    chosen: Bools
    pi: Floats
    pi2: Floats

    @property
    def n(self) -> int:
        """How many traces there are."""
        return int(self.first.size)

    def only(self, rows: Bools) -> PhaseColumns:
        """Some of the traces."""
        return PhaseColumns(
            first=self.first[rows],
            final=self.final[rows],
            seen=self.seen[rows],
            chosen=self.chosen[rows],
            pi=self.pi[rows],
            pi2=self.pi2[rows],
        )

    def check(self) -> None:
        """Whether all is in order.

        Raises:
            ValueError: a value outside [0, 1], or a probability outside (0, 1] or, of the second phase, [0, 1].
        """
        for values in (self.first, self.final[self.seen]):
            if not ((values >= 0) & (values <= 1)).all():
                raise ValueError("values must lie in [0, 1]; leave out what was not judged")
        if not ((self.pi > 0) & (self.pi <= 1) & (self.pi2 >= 0) & (self.pi2 <= 1)).all():
            raise ValueError("probabilities must lie in (0, 1], those of the second phase in [0, 1]")


def with_answers(columns: PhaseColumns) -> tuple[PhaseColumns, Bools]:
    """Traces as if all that were to go on had been answered, and which of the traces those are.

    Of the escalated, the silent are left out and the answered weigh more; an audited one without an answer is one that
    was not audited, and the audit's probability falls accordingly. Where no escalated one at all was answered, nothing
    stands for them: there are no traces.
    """
    settled = columns.pi2 < 1
    escalated = _answered_share(columns, ~settled)
    audited = _answered_share(columns, settled)
    kept = settled | columns.seen if escalated else np.zeros(columns.n, dtype=np.bool_)
    pi = np.where(settled, columns.pi, columns.pi * escalated)
    answered = columns._replace(pi=pi, pi2=np.where(settled, columns.pi2 * audited, columns.pi2))
    return (answered if kept.all() else answered.only(kept)), kept


def _answered_share(columns: PhaseColumns, of: Bools) -> float:
    """Weighted share of the traces that were to go on for which there is an answer; 1 where none was to."""
    chosen = columns.chosen & of
    w = 1 / columns.pi[chosen]
    return float((w * columns.seen[chosen]).sum() / w.sum()) if w.size else 1.0
