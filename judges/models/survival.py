"""How long calls take, seen also from those that are not over: the Kaplan-Meier estimate.

Calls that are still under way, or were cut off, say that they take longer than so far. Left out, they would make a slow
endpoint look quick: only the quick ones are over by then.
"""

from __future__ import annotations

from collections.abc import Iterable


def quantile(times: Iterable[tuple[float, bool]], share: float) -> float | None:
    """The seconds within which this share of all calls is answered.

    Args:
        times: seconds of each call so far, and whether it was answered then.
        share: e.g. 0.95.

    Returns:
        None where fewer than that are known to be answered at all, however long one waits.
    """
    # At equal times answers come first: who was cut off then was still at risk.
    ordered = sorted((seconds, not answered) for seconds, answered in times)
    at_risk, surviving = len(ordered), 1.0
    for seconds, is_open in ordered:
        if not is_open:
            surviving *= 1 - 1 / at_risk
            if surviving <= 1 - share + _ROUNDING:
                return seconds
        at_risk -= 1
    return None


_ROUNDING = 1e-9
"""Products of fractions miss a round share by less than this: 1 - 19/20 is 0.05000000000000004."""
