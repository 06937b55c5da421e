"""What budgets have spent, by UTC day and by calendar month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from assay.worker.limits.pace import EPSILON
from assay.worker.ports.call_limits import Budget, Leave, Spent

SHORT_S = 2.0
"""How soon to look again where only the bounds of calls under way keep a budget from paying, in seconds."""


@dataclass
class _Purse:
    """What was spent, calls under way at their bound included, and these alone."""

    spent: float = 0.0
    reserved: float = 0.0


@dataclass
class Purses:
    """The purses of all budgets. Moments are seconds since 1970, amounts USD."""

    _purses: dict[tuple[str, str], _Purse] = field(default_factory=lambda: defaultdict(_Purse))

    def refusal(self, budgets: Iterable[Budget], usd: float, now: float) -> Leave | None:
        """Why these budgets cannot all pay so much; None: they can."""
        return next(filter(None, (self._empty(budget, usd, now) for budget in budgets)), None)

    def reserve(self, budgets: Iterable[Budget], usd: float, labels: tuple[str, str]) -> None:
        """A call goes that may cost so much."""
        for purse in self._of(budgets, labels):
            purse.spent += usd
            purse.reserved += usd

    def settle(self, budgets: Iterable[Budget], reserved: float, usd: float, labels: tuple[str, str]) -> None:
        """It ended, and had cost so much."""
        for purse in self._of(budgets, labels):
            purse.spent += usd - reserved
            purse.reserved -= reserved

    def spent(self, use_case: str, now: float) -> Spent:
        """What was spent today and this month."""
        day, month = labels_of(now)
        today, this_month = self._purses[day, use_case], self._purses[month, use_case]
        return Spent(
            day=day,
            month=month,
            day_usd=shown_usd(today.spent),
            day_reserved_usd=shown_usd(today.reserved),
            month_usd=shown_usd(this_month.spent),
            month_reserved_usd=shown_usd(this_month.reserved),
        )

    def _of(self, budgets: Iterable[Budget], labels: tuple[str, str]) -> list[_Purse]:
        return [self._purses[label, budget.use_case] for budget in budgets for label in labels]

    def _empty(self, budget: Budget, usd: float, now: float) -> Leave | None:
        day, month = labels_of(now)
        for label, limit in ((day, budget.per_day), (month, budget.per_month)):
            purse = self._purses[label, budget.use_case]
            if limit is None or purse.spent + usd <= limit + EPSILON:
                continue
            if purse.spent - purse.reserved + usd <= limit + EPSILON:
                return Leave(granted=False, reason="budget", wait_s=SHORT_S, budget=budget.use_case)
            wait_s = _to_midnight(now) if label == day else _to_month_end(now)
            return Leave(granted=False, reason="budget", wait_s=wait_s, budget=budget.use_case)
        return None


def shown_usd(amount: float) -> float:
    """An amount without what sums of floats are off."""
    return max(0.0, round(amount, 9))


def labels_of(now: float) -> tuple[str, str]:
    """The UTC day and the month of a moment: `2026-11-29`, `2026-11`."""
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    return day, day[:7]


def _to_midnight(now: float) -> float:
    return 86400 - now % 86400


def _to_month_end(now: float) -> float:
    moment = datetime.fromtimestamp(now, UTC)
    following = (moment.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return following.timestamp() - now
