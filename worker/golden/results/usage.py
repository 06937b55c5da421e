"""What judging took: the tokens and the money of every call, also of those that failed or only confirmed."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.prices import total_cost
from assay.judges.schema import Outcome, Record, Scored, Usage


class Spent(Record):
    """Tokens, calls and their price; `cost_usd` is None where the price of any of it is unknown."""

    usage: Usage = Usage()
    cost_usd: float | None = 0.0

    def __add__(self, other: Spent) -> Spent:
        """Both together; an unknown cost stays unknown."""
        return Spent(usage=self.usage + other.usage, cost_usd=total_cost((self.cost_usd, other.cost_usd)))


def spent_on(outcome: Outcome | None) -> Spent:
    """What one judgement took; nothing where none was made or no judge was asked."""
    source = outcome.verdict if isinstance(outcome, Scored) else outcome
    return Spent() if source is None else Spent(usage=source.usage, cost_usd=source.cost_usd)


def total_spent(parts: Iterable[Spent]) -> Spent:
    """Everything together."""
    return sum(parts, Spent())
