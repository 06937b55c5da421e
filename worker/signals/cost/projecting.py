"""What a calendar month (UTC) will have cost: what it cost so far, and what days like the last ones would add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

import numpy as np

from assay.worker.signals.cost.rows import CostRows
from assay.worker.signals.cost.totals import whole_total
from assay.worker.statistics.totals import Total, total_ends

KNOWN_DAYS = 28
"""Complete days before today that tell what days cost."""

PATTERN_DAYS = 14
"""From so many on, each weekday is told by its own."""

FEWEST_DAYS = 2
_WEEK = 7
_EPOCH = date(1970, 1, 1)

Method = Literal["weekday pattern", "mean day"]


class Projection(NamedTuple):
    """What a month will have cost.

    Attributes:
        method: how the days to come were told.
        days: how many complete days told it.
    """

    value: float
    low: float
    high: float
    method: Method
    days: int


class MonthCost(NamedTuple):
    """A month as of a moment.

    Attributes:
        so_far: of the month, as is `today` of the day. None: nothing is known, which is not 0.
        projected: None below two complete days.
    """

    so_far: Total | None
    today: Total | None
    projected: Projection | None


def first_day_needed(now: datetime) -> datetime:
    """From when on rows are needed to tell of this month."""
    return min(month_of(now)[0], midnight(now) - timedelta(days=KNOWN_DAYS))


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The begin of a moment's calendar month (UTC), and of the next one."""
    begin = midnight(now).replace(day=1)
    return begin, (begin + timedelta(days=31)).replace(day=1)


def midnight(now: datetime) -> datetime:
    """The begin of a moment's UTC day."""
    return datetime.combine(now.astimezone(UTC).date(), time(), UTC)


def month_cost(parts: Sequence[CostRows], now: datetime) -> MonthCost:
    """The month of several use cases together.

    Args:
        parts: rows of each use case, from `first_day_needed` on.
        now: the moment.
    """
    today = midnight(now)
    end = now + timedelta(hours=1)  # an application's clock may run ahead of ours
    so_far = together([whole_total(rows.between(month_of(now)[0], end)) for rows in parts])
    days: dict[int, float] = {}
    for rows in parts:
        for day, usd in day_costs(rows.between(today - timedelta(days=KNOWN_DAYS), today)).items():
            days[day] = days.get(day, 0.0) + usd
    return MonthCost(
        so_far=so_far,
        today=together([whole_total(rows.between(today, end)) for rows in parts]),
        projected=_projected(so_far, days, now) if so_far is not None or days else None,
    )


def day_costs(rows: CostRows) -> dict[int, float]:
    """The cost of each day (since 1970). A day that tells none cost a request what the others did."""
    known = ~np.isnan(rows.cost_usd)
    if not known.any():
        return {}
    usual = float((rows.weights * rows.cost_usd)[known].sum() / rows.weights[known].sum())
    costs = {day: requests * usual for day, requests in rows.silent.items()}
    days = rows.days
    for day in np.unique(days).tolist():
        own = days == day
        told = own & known
        weight = float(rows.weights[told].sum())
        mean = float((rows.weights * rows.cost_usd)[told].sum()) / weight if weight else usual
        costs[int(day)] = float(rows.weights[own].sum()) * mean
    return costs


def together(totals: Sequence[Total | None]) -> Total | None:
    """Totals of use cases added up. Those of which nothing is known are left out."""
    known = [total for total in totals if total is not None]
    if not known:
        return None
    value, variance = sum(total.value for total in known), sum(total.variance for total in known)
    squares = sum(total.variance**2 / total.freedom for total in known)
    freedom = max(1.0, variance**2 / squares if squares else max(total.freedom for total in known))
    low, high = total_ends(value, variance, freedom)
    requests, observed = sum(total.observations for total in known), sum(total.observed for total in known)
    return Total(
        value=value,
        low=min(value, max(low, observed)),
        high=high,
        variance=variance,
        freedom=freedom,
        observed=observed,
        n=sum(total.n for total in known),
        observations=requests,
        known_share=sum(total.known_share * total.observations for total in known) / requests,
    )


def _projected(so_far: Total | None, costs: Mapping[int, float], now: datetime) -> Projection | None:
    """So far, and the days to come: each costs what its weekday did, or the mean day where less than 14 are known."""
    today = (midnight(now).date() - _EPOCH).days
    first = min(costs, default=today)
    if first > today - KNOWN_DAYS:
        first += 1  # the day on which the record begins is hardly a whole one
    series = [costs.get(day, 0.0) for day in range(first, today)]
    if len(series) < FEWEST_DAYS:
        return None
    has_pattern = len(series) >= PATTERN_DAYS
    kinds = [day % _WEEK for day in range(first, today)] if has_pattern else [0] * len(series)
    means = {kind: float(np.mean([c for c, k in zip(series, kinds, strict=True) if k == kind])) for kind in set(kinds)}
    left = {day % _WEEK if has_pattern else 0: 0.0 for day in range(today, today + _WEEK)}
    for day, share in _days_left(now).items():
        left[day % _WEEK if has_pattern else 0] += share
    freedom = len(series) - len(means)
    spread = sum((c - means[k]) ** 2 for c, k in zip(series, kinds, strict=True)) / freedom
    # Each day to come varies as days did, and the mean that tells it is itself of few days.
    variance = sum(spread * (share + share**2 / kinds.count(kind)) for kind, share in left.items())
    value = (so_far.value if so_far else 0.0) + sum(means[kind] * share for kind, share in left.items())
    variance += so_far.variance if so_far else 0.0
    low, high = total_ends(value, variance, freedom)
    method: Method = "weekday pattern" if has_pattern else "mean day"
    return Projection(value, min(value, max(low, so_far.low if so_far else 0.0)), high, method, len(series))


def _days_left(now: datetime) -> dict[int, float]:
    """The days to come of the month, today with the part of it that is left."""
    begin, (_, end) = midnight(now), month_of(now)
    today = (begin.date() - _EPOCH).days
    days = {today: 1 - (now - begin) / timedelta(days=1)}
    return days | {today + number: 1.0 for number in range(1, (end - begin).days)}
