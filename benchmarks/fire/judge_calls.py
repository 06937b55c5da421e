"""What a judge server of ours counted: calls in flight, calls and tokens of any sliding minute, calls a trace."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

ANSWERED = "answered"
"""A good verdict went out whole to a client that was still there. Everything else is a fault or a client that left."""


@dataclass
class Call:
    """One call as the server saw it; moments in seconds since 1970.

    Attributes:
        marker: of the trace in the prompt, e.g. `mk000123x`.
        prompt_tokens: four characters each.
        outcome: `answered`, `gone` (the client had left), or the fault that was done to it.
    """

    at: float
    marker: str
    model: str
    prompt_tokens: int
    end: float = 0.0
    outcome: str = "open"
    completion_tokens: int = 0


def busiest(moments: Sequence[float], amounts: Sequence[int], span_s: float) -> int:
    """The largest sum of amounts in any half-open span of that many seconds. Moments ascend."""
    best = total = start = 0
    for moment, amount in zip(moments, amounts, strict=True):
        total += amount
        while moments[start] <= moment - span_s:
            total -= amounts[start]
            start += 1
        best = max(best, total)
    return best


def most_between(spans: Iterable[tuple[float, float]]) -> int:
    """The most spans that were under way at one moment."""
    edges = sorted(edge for first, last in spans for edge in ((first, 1), (last, -1)))
    return max(accumulate(step for _, step in edges), default=0)


def most_in_flight(calls: Sequence[Call]) -> int:
    """The most calls that were there at one moment."""
    return most_between((call.at, call.end or math.inf) for call in calls)


def summary(calls: Sequence[Call], span_s: float = 60.0) -> dict[str, Any]:
    """Counts of a log of calls in the order of arrival."""
    moments = [call.at for call in calls]
    tokens = [call.prompt_tokens + call.completion_tokens for call in calls]
    answered = Counter(call.marker for call in calls if call.outcome == ANSWERED)
    return {
        "calls": len(calls),
        "outcomes": dict(Counter(call.outcome for call in calls)),
        "most_in_flight": most_in_flight(calls),
        "most_calls_a_span": busiest(moments, [1] * len(calls), span_s),
        "most_tokens_a_span": busiest(moments, tokens, span_s),
        "prompt_tokens": sum(call.prompt_tokens for call in calls),
        "completion_tokens": sum(call.completion_tokens for call in calls),
        "traces_answered": len(answered),
        "extra_answered": sum(answered.values()) - len(answered),
    }


def as_line(call: Call) -> dict[str, Any]:
    """The call as JSON has it."""
    return asdict(call)
