"""A simulated day goes as the plan said at midnight: the reduced version of `benchmarks/plan_forecast.py`."""

from __future__ import annotations

import asyncio
import math

from benchmarks.plan_forecast import Forecast, forecasts
from benchmarks.simulated_days import policy_of

BAR = 0.10
"""How far the plan may be off, beside what chance alone does to few traces."""


def is_near(row: Forecast) -> bool:
    """Within the bar and three standard deviations of a count of that size."""
    return abs(row.planned - row.came) <= BAR * row.came + 3 * math.sqrt(row.came if row.what != "usd" else 0.0)


def test_a_day_is_selected_called_and_paid_as_planned() -> None:
    rows = asyncio.run(forecasts(policy_of(0.3), 1, scale=0.3, warm_up=2, errors=0.2))
    totals = {row.what: row for row in rows if row.row == "all"}
    assert totals["selected"].came > 350
    assert {what: abs(row.off) < BAR for what, row in totals.items()} == {"selected": True, "calls": True, "usd": True}
    assert {row.row for row in rows} == {
        *("support grounding", "contracts grounding", "intern grounding", "intern safety", "search safety", "all")
    }
    assert not [row for row in rows if row.what != "usd" and not is_near(row)]
