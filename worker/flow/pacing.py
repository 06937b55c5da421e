"""Pacing: the day's money lasts the day. What it cannot pay is left out by chance, not by the hour.

Before a window's traces are chosen, it is asked what the rest of the day would cost at the policy's own rates: traces
still expected, times the share selected, times the cost of one. Where that is more than what is left, all rates of the
window are lowered by the same factor. Every trace keeps a probability that is known and recorded, so rates weighted by
1/pi stay unbiased. The alternative, to judge until the money is spent, would see mornings only.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assay.worker.config.deployment import Deployment
from assay.worker.flow.day_profile import DayProfile, DayProfiles
from assay.worker.flow.rates import DAY, midnight_of
from assay.worker.records.windows import ResolvedRate, WindowRecord

LEAST_PI = 0.001
"""No lower rate while money is left: weights stay at or below a thousand, or a single trace would decide a rate."""

KEPT_BACK = 0.02
"""This share of a budget is not planned with: retries and what a call costs more than expected are paid from it."""

FIRST_DAY_UNPACED = 0.2
"""This share of an allowance is spent as traces come while no earlier day tells how many will: a first hour of a new
fleet would else be judged as if it went on around the clock, which for a trial of 200 traces selects none of them."""

_LEAST_SHARE = 1e-9
"""In USD: more than nothing, so that the lowest rate holds and not none while money is left."""


@dataclass(frozen=True)
class Purse:
    """A budget as it stands.

    Attributes:
        allowance_usd: what may be spent today.
        committed_usd: what is spent today, and what the judgements that are under way will cost.
    """

    allowance_usd: float
    committed_usd: float

    def share_of(self, need_usd: float, *, chosen_usd: float, cost_usd: float) -> float:
        """Which share of what is needed may be planned with; 0 where not one trace more can be paid.

        Args:
            need_usd: what the rest of the day would cost at the policy's own rates.
            chosen_usd: what was chosen since the budget was looked at will cost.
            cost_usd: what one trace costs.
        """
        left_usd = self.allowance_usd - self.committed_usd - chosen_usd
        if left_usd < cost_usd:
            return 0.0
        planned_usd = max(_LEAST_SHARE, left_usd - KEPT_BACK * self.allowance_usd)
        return min(1.0, planned_usd / need_usd) if need_usd > 0 else 1.0

    def first_share_of(self, window_usd: float, *, chosen_usd: float) -> float:
        """Which share of a window's own cost may be spent on a first day, whatever comes after it."""
        credit_usd = FIRST_DAY_UNPACED * self.allowance_usd - self.committed_usd - chosen_usd
        return min(1.0, max(0.0, credit_usd) / window_usd) if window_usd > 0 else 1.0


def allowance_usd(
    per_day: float | None, per_month: float | None, *, spent_today: float, spent_month: float, now: datetime
) -> float | None:
    """What may be spent on this UTC day: the day's budget, or the month's shared out over its days. None: no bound."""
    shares = [] if per_day is None else [per_day]
    if per_month is not None:
        midnight = midnight_of(now)
        following = (midnight.replace(day=28) + timedelta(days=4)).replace(day=1)
        days_left = (following - midnight).days
        shares.append((per_month - (spent_month - spent_today)) / days_left)
    return max(0.0, min(shares)) if shares else None


@dataclass
class Course:
    """What is known of one use case on this day.

    Attributes:
        cost_usd: what a selected trace costs, by all its rubrics.
        purse: its own budget; None where it has none.
        rest: traces that are still to come today.
        seen: traces of windows whose share was measured.
        asked: how many of them the policy's own rates take.
        chosen_usd: what was chosen by this pacer will cost.
    """

    cost_usd: float
    purse: Purse | None = None
    rest: float = 0.0
    seen: float = 0.0
    asked: float = 0.0
    chosen_usd: float = 0.0

    @property
    def need_usd(self) -> float:
        """What the traces to come would cost at the policy's own rates."""
        share = self.asked / self.seen if self.seen else 0.0
        return self.rest * share * self.cost_usd

    def factor(self, need_usd: float) -> float:
        """By how much its own budget lowers its rates."""
        if self.purse is None:
            return 1.0
        return self.purse.share_of(need_usd, chosen_usd=self.chosen_usd, cost_usd=self.cost_usd)


@dataclass
class Pacer:
    """Lowers the rates of windows, one after another. It serves one sweep, as `RateResolver` does.

    Attributes:
        now: the current moment: money is spent on its UTC day.
        deployment: the use cases.
        courses: what is known of each.
        purse: the budget of all together; None where there is none.
    """

    now: datetime
    deployment: Deployment
    courses: Mapping[str, Course]
    purse: Purse | None = None
    _profiles: dict[str, DayProfile] = field(default_factory=dict)
    _needs_usd: dict[str, float] = field(default_factory=dict)
    _waiting_usd: dict[str, float] = field(default_factory=dict)
    """What use cases that were not paced in the window yet ask of it, so that the first has no more than its share."""

    def look(
        self,
        before: Sequence[WindowRecord],
        around: Sequence[WindowRecord],
        window: WindowRecord,
        seen: Mapping[str, int],
        asked: Mapping[str, float],
    ) -> None:
        """Know the traffic up to a window.

        Args:
            before: recorded windows of the days before.
            around: recorded windows less than a day away.
            window: the window whose rates are asked for next.
            seen: its traces by use case.
            asked: how many of them the policy's own rates take, of the use cases whose rates are asked for.
        """
        if not self._profiles:
            profiles = DayProfiles(before, self.deployment.window_seconds)
            self._profiles = {name: profiles.of(name) for name in self.courses}
        self._measure_shares(around)
        counted = [w for w in around if w.start != window.start] + [window.model_copy(update={"seen": dict(seen)})]
        self._expect(counted)
        self._needs_usd = {
            name: own * course.factor(own) for name, course in self.courses.items() if (own := course.need_usd)
        }
        window_usd = {name: n * course.cost_usd for name, n in asked.items() if (course := self.courses.get(name))}
        self._waiting_usd = {
            name: own * self.courses[name].factor(own + self.courses[name].need_usd) for name, own in window_usd.items()
        }

    def _measure_shares(self, around: Sequence[WindowRecord]) -> None:
        """Which share of a use case's traces its own rates take: of the windows less than a day away."""
        for course in self.courses.values():
            course.seen = course.asked = 0.0
        for window in around:
            for name, rate in window.rates.items():
                if rate.asked is not None and name in self.courses:
                    self.courses[name].seen += rate.seen
                    self.courses[name].asked += rate.asked

    def _expect(self, windows: Sequence[WindowRecord]) -> None:
        """How many traces are still to come today, after the last window."""
        midnight = midnight_of(self.now)
        today = sorted((w for w in windows if midnight <= w.start < midnight + DAY), key=lambda w: w.start)
        since = min(max((w.end for w in today), default=midnight), midnight + DAY)
        seen, begun = Counter[str](), dict[str, datetime]()
        for window in today:
            for name, n in window.seen.items():
                seen[name] += n
                begun.setdefault(name, window.start)
        for name, course in self.courses.items():
            is_over = since >= midnight + DAY
            profile = self._profiles[name]
            course.rest = 0.0 if is_over else profile.still_to_come(seen[name], begun.get(name), since)

    def pace(self, use_case: str, rate: ResolvedRate, asked: float, fresh: int) -> ResolvedRate:
        """A rate of the window that was looked at last, lowered where money is short.

        Args:
            use_case: whose.
            rate: the policy's own.
            asked: how many of the window's traces the policy's own rates take, strata included.
            fresh: how many of the window's traces the rate is for.
        """
        course = self.courses.get(use_case)
        self._waiting_usd.pop(use_case, None)
        if course is None or not course.cost_usd:
            return rate
        course.seen, course.asked = course.seen + fresh, course.asked + asked
        window_usd = asked * course.cost_usd
        need_usd = window_usd + course.need_usd
        factor = max(course.factor(need_usd), self._first_factor(use_case, course.purse, window_usd, course.chosen_usd))
        chosen_usd = sum(each.chosen_usd for each in self.courses.values())
        of_all = self._factor_of_all(use_case, course, need_usd * factor)
        factor *= max(of_all, self._first_factor(use_case, self.purse, window_usd * factor, chosen_usd))
        lowered = _lowered(rate, factor).model_copy(update={"asked": asked})
        course.chosen_usd += asked * lowered.paced * course.cost_usd
        return lowered

    def _first_factor(self, use_case: str, purse: Purse | None, window_usd: float, chosen_usd: float) -> float:
        """What a budget lets go of a window where no earlier day tells how much is to come; 0 where one does."""
        if purse is None or self._profiles[use_case].is_known:
            return 0.0
        return purse.first_share_of(window_usd, chosen_usd=chosen_usd)

    def _factor_of_all(self, use_case: str, course: Course, need_usd: float) -> float:
        """By how much the budget of all lowers the rates: all by the same factor."""
        if self.purse is None:
            return 1.0
        others = sum(self._needs_usd.values()) - self._needs_usd.get(use_case, 0.0) + sum(self._waiting_usd.values())
        chosen = sum(each.chosen_usd for each in self.courses.values())
        return self.purse.share_of(need_usd + others, chosen_usd=chosen, cost_usd=course.cost_usd)


def _lowered(rate: ResolvedRate, factor: float) -> ResolvedRate:
    if factor >= 1.0:
        return rate
    # Rounded down: a rate is kept with so many digits, and exceeds no budget.
    paced = math.floor(1e9 * rate.rate * factor) / 1e9
    if factor > 0.0:
        paced = min(rate.rate, max(LEAST_PI, paced))
    return rate.model_copy(update={"rate": paced, "full": rate.rate})
