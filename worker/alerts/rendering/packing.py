"""Many cases of rules in few tests. Prometheus reads and asks all rules in each test, so time is tests times rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case of a rule, or the same one of several rules of its name, each of other use cases.

    Attributes:
        rule: its name.
        what: what it shows, e.g. `fires`.
        series: values of series by their names, as files of tests write them.
        samples: after how many the rule is asked.
        metrics: all that the rule looks at, whether or not the case has a series of it.
        alerts: that fire.
    """

    rule: str
    what: str
    series: Mapping[str, str]
    samples: int
    metrics: frozenset[str]
    alerts: Sequence[Mapping[str, Any]] = ()

    @property
    def name(self) -> str:
        """As the test is called: `AssayX fires`."""
        return f"{self.rule} {self.what}"


def packed(cases: Iterable[Case]) -> list[list[Case]]:
    """The cases of each test.

    Cases of one rule's name and one kind become one case, unless they need one series with two values. Then each goes
    into the first test in which no rule looks at what it looks at.
    """
    tests: list[list[Case]] = []
    for case in _merged(cases):
        home = next((test for test in tests if not any(_touch(case, other) for other in test)), None)
        if home is None:
            tests.append([case])
        else:
            home.append(case)
    return tests


def _merged(cases: Iterable[Case]) -> list[Case]:
    merged: dict[tuple[str, str, int], Case] = {}
    for case in cases:
        at = 0
        while (there := merged.get((case.rule, case.what, at))) and _differ(there, case):
            at += 1
        merged[case.rule, case.what, at] = case if there is None else _both(there, case)
    return list(merged.values())


def _differ(case: Case, other: Case) -> bool:
    """Whether both need a series, each with values of its own."""
    return any(other.series.get(name, values) != values for name, values in case.series.items())


def _both(case: Case, other: Case) -> Case:
    return replace(
        case,
        series={**case.series, **other.series},
        metrics=case.metrics | other.metrics,
        alerts=(*case.alerts, *other.alerts),
    )


def _touch(case: Case, other: Case) -> bool:
    """Whether one has series that the other's rule looks at. Cases of other lengths stay apart: long ones take long."""
    return case.samples != other.samples or bool(case.metrics & other.metrics)
