"""Rules held against samples, as Prometheus would hold the rendered ones: which alerts hold, since when, for how long.

One thing differs on purpose. Where the metric of an alert that fires has no sample any more, Prometheus resolves the
alert after five minutes. Here it goes on for `HELD_WITHOUT_S`, and says that it cannot be seen: what stopped the metric
may be what the alert is about.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.series import Group, Series
from assay.worker.alerts.states import AlertState, label_key
from assay.worker.alerts.wording import comparison_words

HELD_WITHOUT_S = 900.0
"""How long an alert goes on without any sample that would tell whether it still holds."""


class Evaluation(NamedTuple):
    """What one look came to.

    Attributes:
        states: of the alerts that hold or fire, by key. What was pending and holds no more is gone.
        fired: keys of those that began to fire in this look.
        resolved: those that fired until now, as they ended.
    """

    states: Mapping[str, AlertState]
    fired: tuple[str, ...]
    resolved: tuple[AlertState, ...]


def evaluate(rules: Iterable[AlertRule], series: Series, now: float, states: Mapping[str, AlertState]) -> Evaluation:
    """Hold rules against the samples of one moment.

    Args:
        rules: all there are. An alert whose rule is gone is resolved.
        series: the samples.
        now: Unix time.
        states: what the look before came to.
    """
    after: dict[str, AlertState] = {}
    for rule in rules:
        holding = dict(_holding(rule, series, now))
        for labels, value in holding.items():
            state = _held(rule, labels, value, now, states)
            after[state.key] = state
        for state in _of_rule(rule, states):
            if state.key not in after and (kept := _kept(rule, state, series, now)) is not None:
                after[kept.key] = kept
    resolved = tuple(
        state.model_copy(update={"ended_at": max(now, state.fired_at)})
        for key, state in states.items()
        if key not in after and state.fired_at is not None
    )
    fired = tuple(key for key, state in after.items() if state.fired_at is not None and not _fires(states.get(key)))
    return Evaluation(after, fired, resolved)


def _fires(state: AlertState | None) -> bool:
    return state is not None and state.fired_at is not None


def _held(
    rule: AlertRule, labels: Group, value: float | None, now: float, states: Mapping[str, AlertState]
) -> AlertState:
    """The state of an alert whose conditions hold."""
    key = label_key(rule, labels)
    before = states.get(key) or AlertState(key=key, rule=rule.name, labels=dict(labels), since=now)
    is_due = now - before.since >= rule.for_s  # a clock that was set back makes nothing due
    return before.model_copy(
        update={
            "severity": rule.severity,
            "since": min(before.since, now),
            "value": value if value is None or math.isfinite(value) else None,
            "fired_at": min(before.fired_at, now) if before.fired_at is not None else (now if is_due else None),
            "not_since": None,
            "unseen_since": None,
        }
    )


def _of_rule(rule: AlertRule, states: Mapping[str, AlertState]) -> Iterator[AlertState]:
    """Alerts that this rule may have raised. Several rules may share a name; their labels tell them apart."""
    first = rule.all_of[0] if rule.all_of else None
    for state in states.values():
        if state.rule == rule.name and (first is None or _is_wanted(first, state.labels)):
            yield state


def _is_wanted(condition: Condition, labels: Mapping[str, str]) -> bool:
    return all(labels[name] in values.split("|") for name, values in condition.where.items() if name in labels)


def _kept(rule: AlertRule, state: AlertState, series: Series, now: float) -> AlertState | None:
    """An alert whose conditions do not hold, while it goes on all the same. None: it does not."""
    if state.fired_at is None:
        return None
    if not rule.absent and _is_unseen(rule, state, series, now):
        unseen = _earliest(state.unseen_since, now)
        return state.model_copy(update={"unseen_since": unseen}) if now - unseen < HELD_WITHOUT_S else None
    since = _earliest(state.not_since, now)
    if now - since < rule.keep_firing_s:
        return state.model_copy(update={"not_since": since, "unseen_since": None})
    return None


def _earliest(since: float | None, now: float) -> float:
    """Since when, where that is known; never later than now, also where a clock was set back."""
    return now if since is None else min(since, now)


def _is_unseen(rule: AlertRule, state: AlertState, series: Series, now: float) -> bool:
    """Whether no sample tells that a condition does not hold, and for at least one there is none at all."""
    verdicts = [_verdict(condition, rule, state.labels, series, now) for condition in rule.all_of]
    return None in verdicts and False not in verdicts


def _verdict(
    condition: Condition, rule: AlertRule, labels: Mapping[str, str], series: Series, now: float
) -> bool | None:
    """Whether a condition holds for these labels. None: there is no sample of it."""
    group = _group(condition, rule, labels, series, now)
    return None if group is None else group.holds


def compared_words(rule: AlertRule, labels: Mapping[str, str], series: Series, now: float) -> dict[str, str]:
    """What each condition of an alert compares, by its metric: `assay_risk_traces[15m]` with `42 ≥ 30`."""
    words = {}
    for condition in rule.all_of:
        if (group := _group(condition, rule, labels, series, now)) is not None:
            window = f"[{condition.where['window']}]" if "window" in condition.where else ""
            words[condition.metric + window] = comparison_words(condition, group.value, group.limit)
    return words


def _group(
    condition: Condition, rule: AlertRule, labels: Mapping[str, str], series: Series, now: float
) -> _Compared | None:
    wanted = _part(labels, series.labels_of(condition.metric, rule.by))
    return next((held for held in _compared(condition, rule, series, now) if held.labels == wanted), None)


class _Compared(NamedTuple):
    """One group of a condition: its labels, the value, what that is compared with, and whether it holds."""

    labels: Group
    value: float
    limit: float
    holds: bool


def _holding(rule: AlertRule, series: Series, now: float) -> Iterator[tuple[Group, float | None]]:
    """The labels for which all conditions hold, with the first one's value."""
    if rule.absent is not None:
        if not series.has(rule.absent):
            yield frozenset(), None
        return
    if not rule.all_of:
        return
    first, *others = rule.all_of
    first_by = series.labels_of(first.metric, rule.by)
    holding = [group for group in _compared(first, rule, series, now) if group.holds]
    for condition in others if holding else ():
        shared = tuple(name for name in series.labels_of(condition.metric, rule.by) if name in first_by)
        there = {_part(dict(group.labels), shared) for group in _compared(condition, rule, series, now) if group.holds}
        holding = [group for group in holding if _part(dict(group.labels), shared) in there]
    for group in holding:
        yield group.labels, group.value


def _compared(condition: Condition, rule: AlertRule, series: Series, now: float) -> list[_Compared]:
    """All groups of a condition that can be compared."""
    by = series.labels_of(condition.metric, rule.by)
    groups = series.aggregated(condition.metric, condition.where, by, condition.aggregate)
    limits = _limits(condition, rule, series, by)
    compared = []
    for labels, raw in groups.items():
        value = now - raw if condition.is_age else raw
        limit = condition.threshold if limits is None else limits.get(_part(dict(labels), limits.by))
        if limit is not None:
            compared.append(_Compared(labels, value, limit, _compare(value, condition.comparator, limit)))
    return compared


class _Limits(dict[Group, float]):
    """What is compared with, by the labels that both metrics have."""

    by: tuple[str, ...] = ()


def _limits(condition: Condition, rule: AlertRule, series: Series, by: Sequence[str]) -> _Limits | None:
    if condition.than is None:
        return None
    limits = _Limits()
    limits.by = tuple(name for name in series.labels_of(condition.than, rule.by) if name in by)
    where = {name: value for name, value in condition.where.items() if name in series.labels_of(condition.than)}
    groups = series.aggregated(condition.than, where, limits.by, condition.aggregate)
    limits.update({labels: value * condition.threshold for labels, value in groups.items()})
    return limits


def _part(labels: Mapping[str, str], names: Sequence[str]) -> Group:
    return frozenset((name, labels[name]) for name in names if name in labels)


def _compare(value: float, comparator: str, limit: float) -> bool:
    """As Prometheus compares: NaN is neither more nor less than anything."""
    if comparator == ">":
        return value > limit
    if comparator == ">=":
        return value >= limit
    return value < limit if comparator == "<" else value <= limit
