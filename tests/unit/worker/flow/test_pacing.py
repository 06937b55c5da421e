"""A day's budget lasts the day, is used, and leaves estimates unbiased."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from statistics import fmean, stdev
from typing import NamedTuple

import pytest

from assay.judges.hash_sampling import hash64
from assay.judges.rubric import Rubric
from assay.worker.config.limits import Limits
from assay.worker.config.use_cases import Match, Stratum, UseCase
from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.candidates import Chooser
from assay.worker.flow.day_profile import DayProfiles
from assay.worker.flow.pacing import LEAST_PI, allowance_usd
from assay.worker.flow.rates import RateResolver
from assay.worker.ports.call_limits import Spent
from assay.worker.records.ledger import LedgerState, Promise
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import WindowRecord
from assay.worker.state.memory.key_values import MemoryKeyValues
from assay.worker.state.memory.windows import MemoryWindows
from tests.builders import make_deployment, make_root
from tests.unit.worker.flow.test_sweep import NEVER_WHOLE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = datetime(2026, 11, 2, tzinfo=UTC)
BUDGET_USD, COST_USD = 1.0, 0.005
BY_HOUR = [8, 6, 5, 5, 6, 10, 20, 40, 70, 90, 100, 95, 85, 90, 95, 90, 80, 70, 60, 50, 40, 30, 20, 12]
"""Traces an hour of a usual day, 1,177 in all. At a rate of a quarter they cost 1.47 USD."""


class Money:
    """An account that is charged as judgements end."""

    def __init__(self) -> None:
        self.by_day: dict[str, float] = defaultdict(float)
        self.now = FIRST

    async def spent(self, use_cases: list[str]) -> dict[str, Spent]:
        day = f"{self.now:%Y-%m-%d}"
        month = sum(usd for at, usd in self.by_day.items() if at[:7] == day[:7])
        return {
            name: Spent(day=day, month=day[:7], day_usd=self.by_day.get(day, 0.0), month_usd=month)
            for name in use_cases
        }


class Counts:
    """How many judgements ended, by the day of their trace."""

    def __init__(self) -> None:
        self.by_day: dict[date, Counter[tuple[str, str, LedgerState, str]]] = defaultdict(Counter)

    async def counts(self, first: date, last: date) -> dict[tuple[str, str, LedgerState, str], int]:
        return dict(self.by_day[first])


class BudgetedWorld:
    """Sweeps of a day's hours. What they select is judged before the next."""

    def __init__(self, *cases: UseCase, seed: int = 0, **over: object) -> None:
        self.deployment = make_deployment(*cases, window_seconds=3600, **over)
        self.chooser = Chooser(self.deployment, {"grounding": Rubric(name="grounding")}, {})
        self.windows, self.ledger, self.money = MemoryWindows(), Counts(), Money()
        self.random = random.Random(seed)
        self.promises: list[Promise] = []
        self.budgeting = Budgeting(
            account=self.money,  # type: ignore[arg-type]
            ledger=self.ledger,  # type: ignore[arg-type]
            key_values=MemoryKeyValues(),
            deployment=self.deployment,
            first_cost_usd=lambda rubric: 2 * COST_USD,
        )

    async def live(self, hour: datetime, roots: list[TraceRoot]) -> list[Promise]:
        """One hour: its traces, the scan after it, and the judging of what was selected."""
        now = self.money.now = hour + HOUR + timedelta(minutes=5)
        window = WindowRecord(start=hour, end=hour + HOUR)
        seen = self.chooser.count_by_use_case(roots, now)
        rates = RateResolver(self.windows, self.deployment, pacer=await self.budgeting.pacer(now))
        window = window.model_copy(update={"rates": await rates.resolve(window, seen.by_use_case, seen.strata)})
        choice = self.chooser.choose(roots, window, now)
        counted = {"seen": dict(seen.by_use_case), "not_selected_budget": dict(choice.unpaid)}
        await self.windows.put(window.model_copy(update={**counted, "not_selected": dict(choice.passed_over)}))
        for promise in choice.promises:
            self.ledger.by_day[hour.date()][promise.use_case, "grounding", LedgerState.SCORED, ""] += 1
            cost = self.random.lognormvariate(0.0, 0.5) * COST_USD / 1.133
            self.money.by_day[f"{now:%Y-%m-%d}"] += cost
        self.promises += choice.promises
        return choice.promises


def hour_of(world: BudgetedWorld, hour: datetime, scale: float = 1.0) -> list[TraceRoot]:
    n = round(BY_HOUR[hour.hour] * scale * world.random.uniform(0.8, 1.2))
    return [make_root(f"{hour:%d-%H}-{i}-{hour:%m}", start=hour + i * HOUR / (n + 1)) for i in range(n)]


def is_bad(trace_id: str) -> bool:
    """Mornings are worse: who sees them only, is biased."""
    hour = int(trace_id.split("-")[1])
    return hash64("truth", trace_id) / 2**64 < (0.4 if hour < 12 else 0.1)


class SimulatedDay(NamedTuple):
    """What a day came to."""

    spent_usd: float
    last_hour: int
    error: float
    rates: list[float]


@lru_cache(maxsize=1)
def forty_days() -> list[SimulatedDay]:
    """Forty days, after two without which nobody knows what a day is like."""
    case = UseCase(name="bot", rate=0.25, budget_usd_per_day=BUDGET_USD)
    world, days = BudgetedWorld(case, seed=7), []
    for number in range(42):
        midnight = FIRST + number * DAY
        chosen, all_of_them = [], []
        for n in range(24):
            roots = hour_of(world, midnight + n * HOUR)
            all_of_them += [root.trace_id for root in roots]
            chosen += asyncio.run(world.live(midnight + n * HOUR, roots))
        weights = {p.trace_id: 1 / p.pi for p in chosen}
        estimate = sum(w for i, w in weights.items() if is_bad(i)) / sum(weights.values())
        windows = asyncio.run(world.windows.between(midnight, midnight + DAY))
        days.append(
            SimulatedDay(
                spent_usd=world.money.by_day.get(f"{midnight:%Y-%m-%d}", 0.0),
                last_hour=max(p.start.hour for p in chosen),
                error=estimate - fmean(map(is_bad, all_of_them)),
                rates=[w.rates["bot"].rate for w in windows if "bot" in w.rates],
            )
        )
    return days[2:]


def test_budget_is_never_exceeded_and_is_used() -> None:
    spent = [day.spent_usd for day in forty_days()]
    assert max(spent) <= BUDGET_USD
    assert fmean(spent) >= 0.85 * BUDGET_USD
    assert sum(usd >= 0.85 * BUDGET_USD for usd in spent) >= 36


def test_money_lasts_to_the_evening() -> None:
    assert all(day.last_hour >= 20 for day in forty_days())
    assert all(min(day.rates) >= LEAST_PI for day in forty_days())


def test_estimates_are_unbiased_over_forty_days() -> None:
    errors = [day.error for day in forty_days()]
    assert abs(fmean(errors)) < 2.5 * stdev(errors) / len(errors) ** 0.5
    assert stdev(errors) < 0.06


def test_spent_budget_selects_nothing_and_says_what_it_left_out() -> None:
    world = BudgetedWorld(UseCase(name="bot", rate=0.25, budget_usd_per_day=BUDGET_USD))
    world.money.by_day[f"{FIRST:%Y-%m-%d}"] = BUDGET_USD
    assert asyncio.run(world.live(FIRST + 9 * HOUR, hour_of(world, FIRST + 9 * HOUR, 10))) == []
    (window,) = asyncio.run(world.windows.between(FIRST + 9 * HOUR, FIRST + 10 * HOUR))
    rate = window.rates["bot"]
    assert (rate.rate, rate.full, rate.paced) == (0.0, rate.full, 0.0)
    assert rate.full == pytest.approx(1.0) or rate.full == 0.25
    (unpaid,) = window.not_selected_budget.values()
    (passed_over,) = window.not_selected.values()
    assert 0 < unpaid <= passed_over == window.seen["bot"]
    world.money.by_day.clear()
    later = FIRST + 33 * HOUR
    assert asyncio.run(world.live(later, hour_of(world, later, 10))), "the next day has money again"


def test_whole_low_traffic_and_strata_obey_the_budget() -> None:
    errors = Stratum(name="errors", when=Match(level=("ERROR",)), rate=1.0, allow_rate=True)
    case = UseCase(name="bot", strata=(errors,), budget_usd_per_day=0.2)
    world = BudgetedWorld(case)
    for n in range(48):
        hour = FIRST + n * HOUR
        roots = [make_root(f"{hour:%d-%H}-{i}", start=hour, level="ERROR" if i % 2 else "DEFAULT") for i in range(30)]
        asyncio.run(world.live(hour, roots))
    assert all(usd <= 0.2 for usd in world.money.by_day.values())
    assert world.money.by_day[f"{FIRST + DAY:%Y-%m-%d}"] >= 0.85 * 0.2
    second = [p for p in world.promises if p.start >= FIRST + DAY]
    assert {p.stratum for p in second} <= {"standard", "errors"}
    assert fmean(p.pi for p in second) < 0.2
    assert max(p.start.hour for p in second) >= 20


def test_budget_of_all_is_shared_by_need() -> None:
    cases = [UseCase(name=n, rate=0.25, match=Match(trace_name=(n,))) for n in ("big", "small")]
    world = BudgetedWorld(*cases, limits=Limits(usd_per_day=BUDGET_USD), defaults=NEVER_WHOLE)
    for n in range(72):
        hour = FIRST + n * HOUR
        big = [root.model_copy(update={"name": "big"}) for root in hour_of(world, hour, 2)]
        small = [make_root(f"{hour:%d-%H}-s{i}", name="small", start=hour) for i in range(len(big) // 4)]
        asyncio.run(world.live(hour, big + small))
    assert max(world.money.by_day.values()) <= BUDGET_USD
    assert world.money.by_day[f"{FIRST + 2 * DAY:%Y-%m-%d}"] >= 0.8 * BUDGET_USD
    third = [p for p in world.promises if p.start >= FIRST + 2 * DAY]
    of_small = sum(p.use_case == "small" for p in third)
    assert 0.1 < of_small / len(third) < 0.3
    mean_pi = {name: fmean(p.pi for p in third if p.use_case == name) for name in ("big", "small")}
    assert mean_pi["small"] == pytest.approx(mean_pi["big"], rel=0.15), "whichever comes first in the file"


def test_month_is_shared_out_over_its_days() -> None:
    now = datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert allowance_usd(None, 100.0, spent_today=3.0, spent_month=53.0, now=now) == pytest.approx(5.0)
    assert allowance_usd(2.0, 100.0, spent_today=3.0, spent_month=53.0, now=now) == 2.0
    assert allowance_usd(None, 100.0, spent_today=0.0, spent_month=120.0, now=now) == 0.0
    assert allowance_usd(None, None, spent_today=0.0, spent_month=0.0, now=now) is None


def test_rest_of_the_day_follows_its_usual_course_and_todays_pace() -> None:
    starts = [FIRST + n * HOUR for n in range(48)]
    days = [WindowRecord(start=at, end=at + HOUR, seen={"bot": BY_HOUR[at.hour]}) for at in starts]
    profile = DayProfiles(days, 3600).of("bot")
    midnight = FIRST + 2 * DAY
    noon, morning = midnight + 12 * HOUR, sum(BY_HOUR[:12])
    assert profile.day == sum(BY_HOUR)
    assert profile.still_to_come(morning, midnight, noon) == pytest.approx(sum(BY_HOUR[12:]))
    twice = profile.still_to_come(2 * morning, midnight, noon)
    assert 1.8 * sum(BY_HOUR[12:]) < twice < 2 * sum(BY_HOUR[12:])
    unknown = DayProfiles(days[:12], 3600).of("bot")
    assert unknown.still_to_come(morning, midnight, noon) == pytest.approx(morning)
    assert unknown.still_to_come(0, None, noon) == 0.0
