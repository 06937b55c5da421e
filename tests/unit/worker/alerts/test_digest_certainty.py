"""What a digest calls a change is one also beside hundreds of others, and what it cannot tell it names."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from assay.worker.alerts.series import Series
from assay.worker.records.history import HistoryRow
from tests.unit.worker.alerts.digests import UNTIL, WEEK, digests, samples
from tests.unit.worker.reporting.period.history_rows import START, a_row

CASES = 60


def many_cases(worse: int) -> Iterator[HistoryRow]:
    """Use cases that stayed as they were, but for chance, of which the first got bad."""
    draw = random.Random(7)
    for case in range(CASES):
        for week, start in enumerate((START - WEEK, START)):
            share = 0.9 if week and case < worse else 0.15
            for trace in range(60):
                risk = 0.95 if draw.random() < share else 0.05
                number = 1000 * case + 100 * week + trace
                start_of = start + timedelta(hours=trace)
                yield a_row(number, use_case=f"case-{case:03}", risk=risk, started_at=start_of)


@pytest.mark.parametrize("worse", [0, 3])
def test_of_many_use_cases_none_is_worse_by_chance_and_those_that_are_stay(worse: int) -> None:
    (told,) = digests(*many_cases(worse), owners={f"case-{case:03}": None for case in range(CASES)})
    got_worse = [case.name for case in told.use_cases if any(rate.change == "worse" for rate in case.rates)]
    assert got_worse == [f"case-{case:03}" for case in range(worse)]
    alone = [rate for case in told.use_cases for rate in case.rates if "alone" in rate.change_words]
    assert alone
    assert {rate.change for rate in alone} == {"no change shown"}
    assert all(rate.change_words.startswith(f"no change shown beside {CASES} tests; alone ") for rate in alone)


def test_what_is_missing_or_of_another_time_is_named() -> None:
    hour, now = 3600, UNTIL.timestamp()

    def notes(**more: Any) -> str:
        return " ".join(note for note in digests(**more)[0].notes if "Redis does not answer" not in note)

    assert notes() == ""
    late = notes(now=now + 48 * hour)
    assert "golden sets are as of now, not as of this week's end" in late
    assert "objectives, costs and their budgets are as of" in late
    assert "as of now" not in notes(now=now + 30 * hour)
    assert "were not computed lately" in notes(series=Series(()))
    assert notes(series=Series(samples()[1:]), has_state=False) == ""
