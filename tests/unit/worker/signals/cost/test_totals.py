"""All traffic's cost by use case and fact, weighted, and held to what sweeps counted."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from assay.worker.signals.cost.rows import FACTS
from assay.worker.signals.cost.totals import is_counted, parts_by, requests, whole_total
from tests.unit.worker.signals.cost.spending import NOW, cost_rows, day, spent


def test_each_trace_stands_for_those_that_were_not_selected() -> None:
    rows = cost_rows([spent(n, 0.01, pi=0.1) for n in range(50)] + [spent(100 + n, 0.05, pi=0.5) for n in range(20)])
    total = whole_total(rows)
    assert total is not None
    assert total.value == pytest.approx(50 * 0.1 + 20 * 0.1)
    assert requests(rows) == pytest.approx(540)
    assert not is_counted(rows)


def test_a_trace_of_two_rubrics_and_one_that_feedback_added_count_once_and_never() -> None:
    rubrics = [spent(n, 1.0, rubric=rubric) for n in range(5) for rubric in ("grounding", "tone")]
    rubrics += [spent(9, 1.0, rubric="tone")]
    boost = [spent(50, 100.0, stratum="feedback", sample="boost")]
    total = whole_total(cost_rows(rubrics + boost))
    assert total is not None
    assert (total.value, total.n) == (6.0, 6)


def test_counts_of_sweeps_make_up_for_traces_that_have_not_ended() -> None:
    sample = [spent(n, 0.5, pi=0.25) for n in range(20)]
    total = whole_total(cost_rows(sample, {day(NOW): 120}))
    assert total is not None
    assert total.value == pytest.approx(60.0)
    assert (total.low, total.high) == pytest.approx((60.0, 60.0)), "equal costs, and a number that was counted"
    rows = cost_rows(sample, {day(NOW): 120, day(NOW) - 1: 30})
    assert requests(rows) == pytest.approx(150)
    other_day = whole_total(rows)
    assert other_day is not None
    assert other_day.value == pytest.approx(75.0), "a day without a row cost a request what the others did"
    before = rows.between(NOW - timedelta(days=3), NOW - timedelta(hours=12))
    assert (before.size, requests(before)) == (0, 30.0)
    assert whole_total(before) is None


def test_a_count_that_lies_far_below_the_sample_is_of_a_part_of_the_day() -> None:
    rows = cost_rows([spent(n, 0.5) for n in range(200)], {day(NOW): 20})
    total = whole_total(rows)
    assert total is not None
    assert total.value == pytest.approx(100.0)
    assert not is_counted(rows)


def test_parts_come_dearest_first_with_what_is_not_known_last() -> None:
    sample = [spent(n, 0.01, feature="chat", model_served="small") for n in range(10)]
    sample += [spent(20 + n, 1.0, feature="report", model_asked="large") for n in range(4)]
    sample += [spent(40 + n, None, feature="cached") for n in range(3)] + [spent(60, 0.02), spent(61, 0.02)]
    rows = cost_rows(sample)
    told = [(part.value, part.total and round(part.total.value, 9), part.n) for part in parts_by(rows, "feature")]
    assert told == [("report", 4.0, 4), ("chat", 0.1, 10), (None, 0.04, 2), ("cached", None, 3)]
    assert {part.value for part in parts_by(rows, "model")} == {"large", "small", None}
    (today,) = parts_by(rows, "day")
    assert (today.value, today.n) == ("2026-11-21", 19)
    for fact in FACTS:
        assert sum(part.n for part in parts_by(rows, fact)) == 19
        assert sum(part.requests for part in parts_by(rows, fact)) == pytest.approx(requests(rows))


def test_nothing_is_known_of_no_traffic() -> None:
    rows = cost_rows([])
    assert whole_total(rows) is None
    assert [parts_by(rows, fact) for fact in (*FACTS, "day")] == [[]] * 6
    assert np.isnan(cost_rows([spent(1, None)]).cost_usd).all()
