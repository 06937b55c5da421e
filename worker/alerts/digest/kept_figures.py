"""Figures that ticks computed, as facts of a digest: objectives, drift, and what the application cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assay.worker.alerts.digest.records import DigestLine
from assay.worker.alerts.series import Series
from assay.worker.alerts.wording import money_words
from assay.worker.records.metrics import drift, fleet, quality, slo
from assay.worker.records.metrics.metric import Metric

WINDOW = "7d"


class Figures:
    """Looks samples up by use case."""

    def __init__(self, series: Series) -> None:
        self._series = series

    def value(self, name: str, **labels: str) -> float | None:
        """One value. None: it was not computed."""
        groups = self._series.aggregated(name, labels, (), "max")
        return next(iter(groups.values()), None)

    def with_bounds(self, metric: Metric, **labels: str) -> tuple[float, float, float] | None:
        """Lower bound, value and upper bound. None: not all of them were computed."""
        low, value, high = (self.value(name, **labels) for name in (metric.lower, metric.name, metric.upper))
        return None if low is None or value is None or high is None else (low, value, high)

    def labels(self, name: str, label: str, **where: str) -> list[str]:
        """The values that a label has."""
        groups = self._series.aggregated(name, where, (label,), "max")
        return sorted(value for group in groups for _, value in group)

    def pairs(self, name: str, labels: tuple[str, str], **where: str) -> Iterator[tuple[str, str, float]]:
        """A value by two labels."""
        groups = self._series.aggregated(name, where, labels, "max")
        for group, value in sorted(groups.items(), key=lambda item: sorted(item[0])):
            named: Mapping[str, str] = dict(group)
            yield named.get(labels[0], ""), named.get(labels[1], ""), value


def objective_lines(figures: Figures, use_case: str) -> Iterator[DigestLine]:
    """Attainment and budget left of each objective, then goodput."""
    for name in figures.labels(slo.TARGET.name, "objective", use_case=use_case):
        own = {"use_case": use_case, "objective": name}
        target = figures.value(slo.TARGET.name, **own)
        good = figures.with_bounds(slo.GOOD, **own, window=WINDOW)
        left = figures.value(slo.BUDGET_LEFT.name, **own)
        if target is None or good is None:
            continue
        low, value, high = good
        n = figures.value(slo.TRACES.name, **own, window=WINDOW)
        counted = "" if n is None else f", n={n:,.0f}"
        budget = "" if left is None else f"; {_budget(left)}"
        tone = "bad" if high < target or (left is not None and left < 0) else "good" if low >= target else ""
        yield DigestLine(
            label=name,
            text=f"{value:.1%} good ({low:.1%}–{high:.1%}{counted}), aim {100 * target:g}%{budget}",
            tone=tone,
        )
    goodput = figures.with_bounds(slo.GOODPUT, use_case=use_case, window=WINDOW)
    if goodput is not None:
        low, value, high = goodput
        yield DigestLine(label="goodput", text=f"{value:.1%} ({low:.1%}–{high:.1%}) met all objectives at once")


def drift_lines(figures: Figures, use_case: str) -> Iterator[DigestLine]:
    """What drifted, by the last check."""
    for side, feature, detected in figures.pairs(drift.DRIFTED.name, ("side", "feature"), use_case=use_case):
        if detected >= 1:
            psi = figures.value(drift.PSI.name, use_case=use_case, side=side, feature=feature)
            size = "" if psi is None else f", PSI {psi:.2f}"
            text = f"{feature.replace('_', ' ')} ({side}{size}) differs from the baseline"
            yield DigestLine(label="drift", text=text, tone="open")


def cost_lines(figures: Figures, use_case: str) -> Iterator[DigestLine]:
    """What the application's answers cost, and where its month is heading."""
    week = figures.with_bounds(quality.COST, use_case=use_case, window=WINDOW)
    if week is not None:
        yield DigestLine(label="application, 7 days", text=_money(week))
    request = figures.with_bounds(quality.REQUEST_COST, use_case=use_case, window=WINDOW)
    if request is not None:
        yield DigestLine(label="a request", text=_money(request))
    month = figures.with_bounds(quality.COST_MONTH, use_case=use_case)
    if month is not None:
        budget = figures.value(quality.COST_BUDGET.name, use_case=use_case)
        of_budget = "" if budget is None else f", budget {money_words(budget)}"
        tone = "bad" if budget is not None and month[0] > budget else ""
        yield DigestLine(label="this month, projected", text=_money(month) + of_budget, tone=tone)


def judging_lines(figures: Figures, use_case: str, now: float | None, before: float | None) -> Iterator[DigestLine]:
    """What judging took, and how much of its budget is used."""
    if now is not None:
        then = "" if before is None else f"; {money_words(before)} the week before"
        yield DigestLine(label="judging", text=f"{money_words(now)}{then}")
    for period in figures.labels(fleet.BUDGET_LIMIT.name, "period", use_case=use_case):
        limit = figures.value(fleet.BUDGET_LIMIT.name, use_case=use_case, period=period)
        spent = figures.value(fleet.BUDGET_SPENT.name, use_case=use_case, period=period)
        if limit and spent is not None:
            when = "today" if period == "day" else f"this {period}"
            text = f"{money_words(spent)} of {money_words(limit)} spent {when} ({spent / limit:.0%})"
            yield DigestLine(label="judge budget", text=text, tone="bad" if spent >= limit else "")


def _budget(left: float) -> str:
    return f"{left:.0%} of the error budget left" if left >= 0 else f"error budget overdrawn by {-left:.0%}"


def _money(bounds: tuple[float, float, float]) -> str:
    low, value, high = bounds
    return f"{money_words(value)} ({money_words(low).removesuffix(' USD')}–{money_words(high).removesuffix(' USD')})"
