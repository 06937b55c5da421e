"""Which rule gives a use case's rate now, and why, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field

from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import Defaults, UseCase
from assay.worker.flow.rates import HISTORY, CountedAhead, History, midnight_of, volume_of
from assay.worker.flow.selection import Volume, bar_per_day, resolve_rate
from assay.worker.flow.windows import aligned, closed_until
from assay.worker.ports.windows import Windows
from assay.worker.records.windows import ResolvedRate, Why, WindowRecord


class RateRule(Record):
    """The rule in force for one use case.

    Attributes:
        use_case: its name.
        rate: what a trace of the next window is selected with, as things stand.
        why: the rule.
        seen_in_day: traces that were seen in the last 24 hours.
        expected: mean volume of the last whole days. None where there was none yet.
        below_per_day: traces a day from which traffic is not low.
        most_per_window: most traces of one window that are judged because traffic is low.
        most_per_day: the same for 24 hours.
        paced: what the budget left of the rate in the last window that was swept: 1 where it lowered nothing, 0 where
            it is spent.
        sentence: all of this in words.
    """

    use_case: str
    rate: float
    why: Why
    seen_in_day: int
    expected: float | None
    below_per_day: int
    most_per_window: int
    most_per_day: int
    paced: float = Field(default=1.0, description="What the budget left of the rate in the last window swept.")
    sentence: str = Field(description="For people.")


async def read_rate_rules(windows: Windows, deployment: Deployment, now: datetime) -> list[RateRule]:
    """The rules in force, in the order of assay.yaml.

    Raises:
        StateUnavailable
    """
    midnight = midnight_of(now)
    recorded = await windows.between(midnight - HISTORY, now)
    history = History([w for w in recorded if w.start < midnight], deployment.window_seconds)
    size = timedelta(seconds=deployment.window_seconds)
    start = aligned(closed_until(deployment, now), size)
    window = WindowRecord(start=start, end=start + size)
    rules = []
    for case in deployment.use_cases:
        # As one more trace would be treated.
        volume = volume_of(case.name, history, recorded, window, 1, CountedAhead())
        rule = _rule(case, deployment.defaults, volume, resolve_rate(case, deployment.defaults, volume))
        rules.append(_as_paced(rule, recorded))
    return rules


def _as_paced(rule: RateRule, recorded: Sequence[WindowRecord]) -> RateRule:
    """The rule, with what the budget left of it in the last window."""
    rates = [w.rates[rule.use_case] for w in sorted(recorded, key=lambda w: w.start) if rule.use_case in w.rates]
    if not rates or rates[-1].full is None:
        return rule
    last = rates[-1]
    now = f"lowered to {last.rate:.3g} so that the day's budget lasts" if last.rate else "none: the budget is spent"
    sentence = f"{rule.sentence}; in the last window {now}"
    return rule.model_copy(update={"paced": last.paced, "sentence": sentence})


def _rule(case: UseCase, defaults: Defaults, volume: Volume, rate: ResolvedRate) -> RateRule:
    low = defaults.low_traffic
    bar = int(bar_per_day(low, is_known=volume.expected is not None, was_whole=volume.was_whole))
    rule = RateRule(
        use_case=case.name,
        rate=rate.rate,
        why=rate.why,
        seen_in_day=volume.in_day,
        expected=volume.expected,
        below_per_day=bar,
        most_per_window=low.most_per_window or bar,
        most_per_day=low.most_per_day or bar,
        sentence="",
    )
    return rule.model_copy(update={"sentence": _sentence(rule, defaults.min_per_day)})


def _sentence(rule: RateRule, min_per_day: int) -> str:
    seen = f"{rule.seen_in_day:,} trace{'' if rule.seen_in_day == 1 else 's'} seen in 24 hours"
    bar = f"{rule.below_per_day:,} a day"
    caps = f"at most {rule.most_per_window:,} a window and {rule.most_per_day:,} in 24 hours"
    if rule.why == "volume_unknown":
        return f"judged whole until its volume is known: {seen}, below {bar}; {caps}"
    if rule.why == "low_traffic":
        return f"judged whole: about {rule.expected:,.0f} traces a day, {seen}, below {bar}; {caps}"
    if rule.why == "min_per_day":
        return f"rate {rule.rate:.3g}, raised for {min_per_day:,} judged a day (min_per_day): {seen}"
    return f"rate {rule.rate:.3g}: {_why_not_whole(rule, seen, bar)}"


def _why_not_whole(rule: RateRule, seen: str, bar: str) -> str:
    if not rule.below_per_day:
        return "as configured, low_traffic is off"
    if rule.seen_in_day >= rule.below_per_day:
        return f"{seen}, not below {bar}"
    if rule.expected is not None and rule.expected >= rule.below_per_day:
        return f"about {rule.expected:,.0f} traces a day, not below {bar}"
    if rule.expected is None and rule.seen_in_day < rule.most_per_day:
        return f"more than {bar} on an earlier day"
    return f"the {rule.most_per_day:,} traces that low traffic may take in 24 hours are taken; {seen}"
