"""Rules as Prometheus would hold them: joins, waiting times, flapping; and what is kept while nothing can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.alerts.evaluating import HELD_WITHOUT_S, Evaluation, evaluate
from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.series import Series
from assay.worker.alerts.states import AlertState
from assay.worker.records.metrics import drift, fleet, quality
from assay.worker.records.metrics.metric import Sample
from tests.unit.worker.alerts.desk import rule, waiting

NOW = 1_800_000_000.0


def look(
    rules: AlertRule, *samples: Sample, at: float = NOW, states: Mapping[str, AlertState] | None = None
) -> Evaluation:
    return evaluate([rules], Series(samples), at, states or {})


def sample(metric: str, value: float, **labels: str) -> Sample:
    return Sample(name=metric, labels=labels, value=value)


def of(*conditions: Condition, by: tuple[str, ...] = ("use_case",)) -> AlertRule:
    return AlertRule(
        name="AssayTried", severity="page", all_of=conditions, by=by, summary="", description="", runbook="r"
    )


SHARE = Condition(metric=quality.FLAGGED.name, comparator=">", threshold=0.2, where={"window": "15m"})
ENOUGH = Condition(metric=quality.WITH_RISK.name, comparator=">=", threshold=30, where={"window": "15m"})
FLEET = Condition(metric=fleet.STATE_READABLE.name, comparator=">=", threshold=1)


def test_all_conditions_must_hold_for_the_same_labels() -> None:
    samples = [
        sample(quality.FLAGGED.name, 0.5, use_case="bot", window="15m"),
        sample(quality.FLAGGED.name, 0.5, use_case="search", window="15m"),
        sample(quality.WITH_RISK.name, 40, use_case="bot", window="15m"),
        sample(quality.WITH_RISK.name, 40, use_case="search", window="24h"),
    ]
    assert [state.labels for state in look(of(SHARE, ENOUGH), *samples).states.values()] == [{"use_case": "bot"}]


def test_a_condition_without_the_label_holds_for_all() -> None:
    samples = [sample(quality.FLAGGED.name, 0.5, use_case=name, window="15m") for name in ("bot", "search")]
    assert len(look(of(SHARE, FLEET), *samples, sample(fleet.STATE_READABLE.name, 1)).fired) == 2
    assert not look(of(SHARE, FLEET), *samples, sample(fleet.STATE_READABLE.name, 0)).fired
    assert not look(of(SHARE, FLEET), *samples).fired


def test_another_metric_is_compared_by_the_labels_that_both_have() -> None:
    late = of(
        Condition(metric=fleet.TICK_DONE_AGE.name, comparator=">", threshold=3, than=fleet.TICK_INTERVAL.name),
        by=("tick",),
    )
    ages = [sample(fleet.TICK_DONE_AGE.name, 100, tick=tick) for tick in ("sweep", "drift", "unknown")]
    every = [sample(fleet.TICK_INTERVAL.name, value, tick=tick) for tick, value in (("sweep", 10), ("drift", 900))]
    assert [state.labels["tick"] for state in look(late, *ages, *every).states.values()] == ["sweep"]


def test_ages_alternatives_and_nan() -> None:
    old = of(Condition(metric=drift.CHECKED.name, comparator=">", threshold=3600, is_age=True))
    samples = [sample(drift.CHECKED.name, NOW - age, use_case=str(age)) for age in (3599, 3601)]
    assert [state.value for state in look(old, *samples).states.values()] == [3601]
    some = of(Condition(metric=fleet.BACKLOG_TRACES.name, comparator=">", threshold=1, where={"use_case": "a|b"}))
    assert len(look(some, waiting(5, "a"), waiting(5, "b"), waiting(5, "c"), waiting(5, "a|b")).fired) == 2
    assert not look(rule(), waiting(math.nan)).fired
    assert look(rule(by=()), waiting(math.nan), waiting(20, "b")).fired == ("AssayBacklogLong",)


def test_absence_is_of_every_sample() -> None:
    gone = AlertRule(name="AssayGone", severity="page", absent="assay_x", summary="", description="", runbook="r")
    fired = look(gone)
    assert fired.fired == ("AssayGone",)
    assert look(gone, sample("assay_x", 0), at=NOW + 30, states=fired.states).resolved[0].ended_at == NOW + 30


def test_what_cannot_be_seen_is_held_for_a_while_and_then_ends() -> None:
    states = look(of(SHARE, ENOUGH), *_spike(0.5)).states
    held = look(of(SHARE, ENOUGH), at=NOW + 30, states=states)
    assert (len(held.states), held.resolved) == (1, ())
    assert next(iter(held.states.values())).unseen_since == NOW + 30
    half = look(of(SHARE, ENOUGH), _spike(0.5)[0], at=NOW + 60, states=held.states)
    assert len(half.states) == 1
    back = look(of(SHARE, ENOUGH), *_spike(0.5), at=NOW + 90, states=half.states)
    assert next(iter(back.states.values())).unseen_since is None
    ended = look(of(SHARE, ENOUGH), at=NOW + 30 + HELD_WITHOUT_S, states=held.states)
    assert len(ended.resolved) == 1


def test_what_is_seen_to_be_well_is_not_held() -> None:
    states = look(of(SHARE, ENOUGH), *_spike(0.5)).states
    ended = look(of(SHARE, ENOUGH), _spike(0.1)[0], at=NOW + 30, states=states)
    assert len(ended.resolved) == 1


def test_a_rule_that_was_taken_out_ends_its_alerts() -> None:
    states = look(rule(), waiting(40)).states
    assert [state.key for state in evaluate([], Series([]), NOW + 30, states).resolved] == [
        "AssayBacklogLong/use_case=bot"
    ]


def test_rules_of_one_name_keep_out_of_each_others_alerts() -> None:
    def of_case(name: str, threshold: float) -> AlertRule:
        where = {"use_case": name}
        return of(Condition(metric=fleet.BACKLOG_TRACES.name, comparator=">", threshold=threshold, where=where))

    rules = [of_case("bot", 10), of_case("search", 100)]
    series = Series([waiting(40, "bot"), waiting(140, "search")])
    first = evaluate(rules, series, NOW, {})
    second = evaluate(rules, series, NOW + 30, first.states)
    assert (len(second.states), second.fired, second.resolved) == (2, (), ())


def test_a_clock_that_is_set_back_neither_fires_nor_ends_anything() -> None:
    slow = rule(for_s=60)
    states = look(slow, waiting(40), at=NOW).states
    back = look(slow, waiting(40), at=NOW - 3600, states=states)
    assert back.fired == ()
    assert look(slow, waiting(40), at=NOW - 3540, states=back.states).fired


def _spike(share: float) -> list[Sample]:
    return [
        sample(quality.FLAGGED.name, share, use_case="bot", window="15m"),
        sample(quality.WITH_RISK.name, 40, use_case="bot", window="15m"),
    ]


@given(
    steps=st.lists(st.tuples(st.integers(1, 90), st.booleans()), min_size=1, max_size=60),
    for_s=st.sampled_from([0, 30, 120]),
    keep_s=st.sampled_from([0, 60, 300]),
)
@settings(max_examples=150)
def test_flapping_fires_and_ends_by_turns_and_only_after_its_time(
    steps: list[tuple[int, bool]], for_s: int, keep_s: int
) -> None:
    """Held against a plain model: since when it holds without a break, and since when it does not."""
    tried = rule(for_s=for_s, keep_firing_s=keep_s)
    states: Mapping[str, AlertState] = {}
    now, holds_since, fails_since, is_firing = NOW, None, None, False
    for step, holds in steps:
        now += step
        if holds:
            holds_since, fails_since = holds_since if holds_since is not None else now, None
            expected = is_firing or now - holds_since >= for_s
        else:
            fails_since = fails_since if fails_since is not None else now
            expected = is_firing and now - fails_since < keep_s
            holds_since = holds_since if expected else None
        came = look(tried, waiting(40 if holds else 0), at=now, states=states)
        assert bool(came.fired) == (expected and not is_firing)
        assert bool(came.resolved) == (is_firing and not expected)
        is_firing, states = expected, came.states


@pytest.mark.parametrize("comparator", [">", ">=", "<", "<="])
def test_comparisons(comparator: str) -> None:
    holds = {">": [11], ">=": [10, 11], "<": [9], "<=": [9, 10]}[comparator]
    tried = of(Condition(metric=fleet.BACKLOG_TRACES.name, comparator=comparator, threshold=10))  # type: ignore[arg-type]
    assert [value for value in (9, 10, 11) if look(tried, waiting(value)).fired] == holds
