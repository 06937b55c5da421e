"""What the calls for one sample came to, on verdicts and on errors alike: a failure costs as much as a score."""

from __future__ import annotations

from collections.abc import Sequence

from judges.errors import EvaluationError
from judges.models.base import Reply
from judges.prices import Bill, PriceTable
from judges.schema import Usage


def billed(prices: PriceTable, model: str, replies: Sequence[Reply]) -> Bill:
    """The price of some replies, each by the model that served it, else by `model`, the one asked for."""
    return prices.bill((reply.model_served, model, reply.usage) for reply in replies)


def charge(error: EvaluationError, prices: PriceTable, model: str, replies: Sequence[Reply]) -> None:
    """Say on an error what had been spent by then; what the model itself reported of its last call is added."""
    last = Reply(text="", usage=error.usage, model_served=model, latency_s=0.0)
    paid = [*replies, last] if error.usage.calls else [*replies]
    error.usage = sum((reply.usage for reply in paid), start=Usage())
    error.cost_usd = billed(prices, model, paid).cost_usd
