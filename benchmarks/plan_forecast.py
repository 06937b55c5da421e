"""Does a day go as `assay plan` said the midnight before?

    python -m benchmarks.plan_forecast --days 6

The fleet of `simulated_days`. At each midnight after the first days the plan is made, and the day that follows is held
to it: what was selected, called and spent, by use case and rubric, each as a sum over the days.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from assay.worker.config.deployment import Deployment
from assay.worker.setup.plan import PlanReport
from benchmarks.simulated_days import DAY, ERROR_SHARE, FIRST, SimulatedFleet, policy_of

WARM_UP = 3
"""Days before the first forecast. The first is seen in part, as a fleet begins at any hour."""

WHAT = ("selected", "calls", "usd")
"""What is forecast."""


class Forecast(NamedTuple):
    """One number of one use case and rubric, over all days that were forecast."""

    row: str
    what: str
    planned: float
    came: float

    @property
    def off(self) -> float:
        """By which share the plan was too high."""
        return self.planned / self.came - 1 if self.came else float(bool(self.planned))


def planned_of(report: PlanReport) -> dict[tuple[str, str], float]:
    """What a plan says, by use case and rubric. Costs of a rubric are shared out by judgements."""
    costs = {cost.rubric: cost for cost in report.costs}
    said: dict[tuple[str, str], float] = {}
    for row in report.plan.rubrics:
        name, cost = f"{row.use_case} {row.rubric}", costs[row.rubric]
        share = row.work / cost.judgements if cost.judgements else 0.0
        said[name, "selected"] = row.work
        said[name, "calls"] = (cost.calls or 0) * share
        said[name, "usd"] = (cost.cost_usd or 0.0) * share
    return said


async def forecasts(
    deployment: Deployment,
    days: int,
    *,
    scale: float = 1.0,
    seed: int = 0,
    warm_up: int = WARM_UP,
    errors: float = ERROR_SHARE,
) -> list[Forecast]:
    """So many days after the first ones, each planned at its midnight; sums over them, and over all use cases."""
    fleet = SimulatedFleet(deployment, scale=scale, seed=seed, errors=errors)
    for day in range(warm_up):
        await fleet.live_a_day(FIRST + day * DAY)
    planned: dict[tuple[str, str], float] = {}
    came: dict[tuple[str, str], float] = {}
    for day in range(warm_up, warm_up + days):
        midnight = FIRST + day * DAY
        for key, amount in planned_of(await fleet.plan(midnight)).items():
            planned[key] = planned.get(key, 0.0) + amount
        await fleet.live_a_day(midnight)
        for (row, at, what), amount in fleet.done.items():
            if at == f"{midnight:%Y-%m-%d}":
                came[row, what] = came.get((row, what), 0.0) + amount
    rows = [Forecast(*key, planned.get(key, 0.0), came.get(key, 0.0)) for key in sorted({*planned, *came})]
    return [*rows, *(_total(rows, what) for what in WHAT)]


def _total(rows: Sequence[Forecast], what: str) -> Forecast:
    own = [row for row in rows if row.what == what]
    return Forecast("all", what, sum(row.planned for row in own), sum(row.came for row in own))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=6)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--window-seconds", type=int, default=900)
    given = parser.parse_args()
    for title, budget in (("budgets of use cases", None), ("and one of 2 USD a day for all", 2.0)):
        print(f"{title}; {given.days} days, traffic × {given.scale:g}")
        policy = policy_of(given.scale, usd_per_day=budget, window_seconds=given.window_seconds)
        for row in asyncio.run(forecasts(policy, given.days, scale=given.scale)):
            numbers = f"planned {row.planned:10,.2f}   came {row.came:10,.2f}   off {row.off:+.1%}"
            print(f"  {row.row:24} {row.what:10} {numbers}", flush=True)


if __name__ == "__main__":
    main()
