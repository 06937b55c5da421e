"""Series with which a rule fires, and series with which one of its conditions fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assay.worker.alerts.rendering.promql import LABELS
from assay.worker.alerts.rule import AlertRule, Condition

_VALUES: Mapping[str, str] = {
    "endpoint": "default",
    "feature": "question_topics",
    "golden_set": "support-v1",
    "instance": "control-1",
    "job": "assay",
    "objective": "quality",
    "period": "day",
    "prompt_name": "answer",
    "prompt_version": "7",
    "revision": "0123456789ab",
    "rubric": "grounding",
    "side": "input",
    "tick": "sweep",
    "use_case": "everything",
    "value": "search",
    "window": "24h",
}
"""What labels are in an example where no condition says it."""

_MARGIN = 1.25
"""How far beyond a threshold a value is, as a factor."""

_ANY = 10.0
"""A value that is compared with nothing but another metric."""


class Age(NamedTuple):
    """The value of a Unix time that is always so many seconds ago."""

    age_s: float


class Example(NamedTuple):
    """Values of series by their names, e.g. `assay_drift_psi{feature="question_topics",…}`."""

    values: Mapping[str, float | Age]

    def first_value(self, rule: AlertRule) -> float:
        """What the rule tells."""
        return _number(self.values[_name(rule.all_of[0], rule.all_of[0].metric, rule)])

    def with_value(self, name: str, value: float | Age) -> Example:
        """One series changed."""
        return Example({**self.values, name: value})


def label_values(rule: AlertRule) -> dict[str, str]:
    """Labels of a rule's series: as its conditions ask, else any."""
    asked = {name: value.split("|")[0] for each in rule.all_of for name, value in each.where.items()}
    return {**_VALUES, **asked}


def series_name(metric: str, labels: Mapping[str, str]) -> str:
    """A series, as files of tests name it."""
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{metric}{{{pairs}}}" if pairs else metric


def firing_example(rule: AlertRule) -> Example:
    """Series with which all conditions hold."""
    values: dict[str, float | Age] = {}
    for condition in rule.all_of:
        if condition.than is None:
            values[_name(condition, condition.metric, rule)] = _beyond(condition)
    for condition in rule.all_of:
        if condition.than is not None:
            value = _number(values.setdefault(_name(condition, condition.metric, rule), _ANY))
            other = _name(condition, condition.than, rule)
            values[other] = min(_number(values.get(other, value)), value / condition.threshold / 2)
    return Example(values)


def quiet_examples(rule: AlertRule, firing: Example) -> Iterator[Example]:
    """For each condition series with which it does not hold."""
    for condition in rule.all_of:
        name = _name(condition, condition.metric, rule)
        if condition.than is None:
            yield firing.with_value(name, _short_of(condition))
        else:
            other = _name(condition, condition.than, rule)
            yield firing.with_value(other, _number(firing.values[name]) / condition.threshold * _MARGIN)


def _name(condition: Condition, metric: str, rule: AlertRule) -> str:
    asked = {name: value.split("|")[0] for name, value in condition.where.items()}
    values = {**label_values(rule), **asked}
    return series_name(metric, {name: values[name] for name in LABELS[metric] if name in values})


def _beyond(condition: Condition) -> float | Age:
    """A value for which a condition holds."""
    return _moved(condition, 1.0 if condition.comparator in {">", ">="} else -1.0)


def _short_of(condition: Condition) -> float | Age:
    """A value for which it does not."""
    return _moved(condition, -1.0 if condition.comparator in {">", ">="} else 1.0)


def _moved(condition: Condition, direction: float) -> float | Age:
    """A value beyond the threshold, up or down."""
    threshold = condition.threshold
    upwards = direction * threshold > 0
    value = threshold * (_MARGIN if upwards else 1 / _MARGIN) if threshold else direction / 10
    return Age(value) if condition.is_age else value


def _number(value: float | Age) -> float:
    return value.age_s if isinstance(value, Age) else value
