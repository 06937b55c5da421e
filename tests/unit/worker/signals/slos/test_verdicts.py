"""What each row says of each objective: good, bad, not known, or not asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assay.worker.records.history import HistoryRow
from tests.unit.worker.signals.slos.slo_rows import (
    NOW,
    attained_in,
    case_of,
    goodput_in,
    lost,
    objectives_in,
    share_in,
    trace,
)

LATE = NOW - timedelta(hours=2) + timedelta(minutes=5 + 1 + 15, seconds=1)
"""A second too late for a trace that ended two hours ago: its window, the quiet minute, and a quarter of an hour."""


@pytest.mark.parametrize(
    ("name", "at_the_limit", "beyond"),
    [
        ("quality", {"risk": 0.149}, {"risk": 0.15}),
        ("faithfulness", {"faithfulness": 0.8}, {"faithfulness": 0.79}),
        ("latency", {"duration_s": 2.0}, {"duration_s": 2.01}),
        ("cost", {"cost_usd": 0.015}, {"cost_usd": 0.016}),
        ("refusals", {}, {"reason": "refusal", "risk": None, "faithfulness": None}),
        ("coverage", {"changed_at": LATE - timedelta(seconds=1)}, {"changed_at": LATE}),
    ],
)
def test_the_limit_tells_good_from_bad(name: str, at_the_limit: dict[str, Any], beyond: dict[str, Any]) -> None:
    case = case_of([trace("a", **at_the_limit), trace("b", **at_the_limit), trace("c", **beyond)])
    assert share_in(case, name) == pytest.approx(2 / 3)


def test_a_tokens_time_needs_both_facts() -> None:
    """Eleven tokens in a second after the first are a tenth of a second each; a single token has no time."""
    facts: dict[str, Any] = {"duration_s": 1.4, "first_token_s": 0.4}
    rows = [
        trace("at", **facts, output_tokens=11),
        trace("slow", **facts, output_tokens=10),
        trace("single", **facts, output_tokens=1),
        trace("unknown", duration_s=1.4, output_tokens=11),
    ]
    case = case_of(rows, profile="chat")
    assert attained_in(case, "token_time").n == 2
    assert share_in(case, "token_time") == pytest.approx(0.5)
    assert share_in(case, "first_token") == 1.0


@pytest.mark.parametrize("row", [lost("x"), trace("x", reason="no_evidence", risk=None, faithfulness=None)])
def test_what_nobody_judged_is_neither_good_nor_bad(row: HistoryRow) -> None:
    case = case_of([trace("a"), trace("b", risk=0.9), row])
    quality = attained_in(case, "quality")
    assert (quality.n, share_in(case, "quality"), quality.known) == pytest.approx((2, 0.5, 2 / 3))
    assert "known of 67% of the traces" in objectives_in(case)["quality"].note
    assert attained_in(case, "latency").n == 3


@pytest.mark.parametrize("reason", ["no_claims", "refusal"])
def test_where_nothing_can_be_wrong_faithfulness_is_not_asked(reason: str) -> None:
    case = case_of([trace("a"), trace("b"), trace("c", reason=reason, risk=None, faithfulness=None)])
    quality = attained_in(case, "faithfulness")
    assert (quality.n, quality.known) == (2, 1.0)


def test_an_empty_answer_is_no_part_of_goodput() -> None:
    nothing = lost("empty", state="skipped", reason="empty_response")
    goodput, share = goodput_in(case_of([trace("a"), trace("b"), nothing]))
    assert (goodput.n, share, goodput.unknown) == (2, 1.0, 0.0)


def test_a_risk_that_is_not_calibrated_is_not_known_unless_allowed() -> None:
    rows = [trace(f"t{k}", calibrated=False, risk=0.9) for k in range(3)]
    case = case_of(rows)
    assert attained_in(case, "quality").good is None
    assert objectives_in(case)["quality"].budget_left is None
    assert "the risk of 3 traces is not calibrated" in objectives_in(case)["quality"].note
    assert "quality" in case.goodput_without
    allowed = case_of(rows, objectives={"quality": {"allow_uncalibrated": True}})
    assert share_in(allowed, "quality") == 0.0
    assert objectives_in(allowed)["quality"].note == ""


def test_whether_the_fleet_was_in_time_is_asked_when_the_time_is_over() -> None:
    """Of traces of the last quarter of an hour only the quick are there; a backfill and a copy tell nothing."""
    minutes = timedelta(minutes=16)
    days = timedelta(days=9)
    rows = [
        trace("in time"),
        trace("just now", ago=minutes, changed_at=NOW),
        trace("backfill", ago=days, selected_at=NOW - minutes, changed_at=NOW - minutes),
        trace("copy", from_store=True, changed_at=NOW),
    ]
    case = case_of(rows)
    assert (attained_in(case, "coverage").n, share_in(case, "coverage")) == (1, 1.0)


def test_what_feedback_added_is_in_no_share() -> None:
    added = trace("c", stratum="feedback", sample="boost", risk=0.9, duration_s=9.0)
    case = case_of([trace("a"), trace("b"), added])
    assert (case.traces, share_in(case, "quality"), share_in(case, "latency")) == (2, 1.0, 1.0)


def test_traces_count_by_how_unlikely_they_were() -> None:
    """A stratum that is judged whole does not outweigh what was taken one in ten."""
    rows = [trace(f"s{k}", pi=1.0, stratum="errors", sample="boost", risk=0.9) for k in range(5)]
    rows += [trace(f"b{k}", pi=0.1) for k in range(5)]
    assert share_in(case_of(rows), "quality") == pytest.approx(50 / 55)


def test_a_trace_of_two_samples_has_the_larger_probability() -> None:
    """Taken by a base rate for one rubric and by a raised one for another: the samples are nested."""
    twice = [trace("a", risk=0.9, pi=0.1), trace("a", rubric="tone", pi=1.0)]
    assert share_in(case_of([*twice, trace("b", pi=1.0)]), "quality") == 0.5
