"""The rates of a cascade's slice: two-phase, over what each says, and silent tiers made up for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assay.worker.records.history import HistoryRow
from assay.worker.signals.changes import compare_rates
from assay.worker.signals.rates import rates
from assay.worker.signals.traffic import Traffic
from assay.worker.statistics.judge_error import JudgeLabels
from tests.unit.worker.signals.rows import dead, row, traffic_of

CUT = 0.5


def screened(first: float, *, audited: bool = False) -> dict[str, Any]:
    """The first phase of a row: what it gives less than .3 is settled, and one in ten of that is audited."""
    settled = first < 0.3
    why = "escalated" if not settled else "audited" if audited else "passed"
    return {
        "scores": {"hallucination_risk": first},
        "pi2": 0.1 if settled else 1.0,
        "why": why,
        "phase2": why != "passed",
    }


def a_day() -> Iterator[HistoryRow]:
    """Of 80 settled ones 8 are audited, and one of these is bad after all; of 20 escalated ones 10 are bad."""
    for number in range(80):
        audited = number % 10 == 0
        risk = 0.1 if not audited else 0.9 if number == 0 else 0.0
        yield row(f"s{number}", risk=risk, screening=screened(0.1, audited=audited))
    for number in range(20):
        yield row(f"e{number}", risk=0.9 if number % 2 else 0.1, screening=screened(0.4))


def the_slice(rows: Iterator[HistoryRow] | list[HistoryRow]) -> Traffic:
    (traffic,) = traffic_of(rows).values()
    return traffic


def test_the_audit_corrects_what_the_first_tier_passed() -> None:
    """Flagged: 10 of the escalated, and an eighth of the settled. Risks: 20 · .5 + 80 · (.1 + mean change)."""
    figures = rates(the_slice(a_day()), CUT)
    assert figures.cascade
    assert figures.flagged is not None
    assert figures.flagged.value == pytest.approx((10 + 80 / 8) / 100)
    assert figures.problem_share is not None
    change = (0.8 + 7 * -0.1) / 8
    assert figures.problem_share.value == pytest.approx((20 * 0.5 + 80 * (0.1 + change)) / 100)
    assert figures.flagged_behind is not None
    assert figures.flagged_behind.value == pytest.approx(figures.flagged.value)


def test_of_all_traffic_counts_what_no_tier_was_asked_about() -> None:
    nothing = {"risk": None, "faithfulness": None, "calibrated": None, "reason": "no_evidence"}
    rows = [*a_day(), *(row(f"n{number}", **nothing) for number in range(100))]
    figures = rates(the_slice(rows), CUT)
    assert figures.flagged is not None
    assert figures.flagged_of_all is not None
    assert figures.flagged.value == pytest.approx(0.2)
    assert figures.flagged_of_all.value == pytest.approx(0.1)
    assert (figures.n, figures.with_risk) == (200, 100)


def test_lost_ones_are_made_up_for_by_the_escalated_that_were_answered() -> None:
    lost = {"revision": "r1", "screening": {**screened(0.4), "phase2": False}}
    rows = [*a_day(), *(dead(f"l{number}", unanswered=lost) for number in range(20))]
    figures = rates(the_slice(rows), CUT)
    assert figures.flagged is not None
    assert figures.flagged.value == pytest.approx((40 * 0.5 + 80 / 8) / 120)
    assert figures.bounds is not None


def test_without_an_audit_there_is_no_rate() -> None:
    rows = [row(f"s{number}", screening=screened(0.1)) for number in range(9)]
    figures = rates(the_slice(rows), CUT, labels=JudgeLabels(positives=40, caught=34, negatives=160, passed=152))
    assert figures.flagged is None
    assert figures.problem_share is None
    assert figures.corrected is not None
    assert "no flagged share" in figures.corrected.note


def test_cascades_are_compared_by_their_two_phase_rates_and_not_by_published_values() -> None:
    traffic = the_slice(a_day())
    change = compare_rates(traffic, traffic, CUT)
    assert set(change.metrics) == {"problem_share", "flagged", "refusals"}
    assert change.metrics["flagged"].before.value == pytest.approx(0.2)
    assert change.metrics["flagged"].p_value == 1.0


def test_the_corrected_share_of_a_cascade_is_as_wide_as_its_flagged_share_is_worth() -> None:
    labels = JudgeLabels(positives=4000, caught=4000, negatives=4000, passed=4000)
    figures = rates(the_slice(a_day()), CUT, labels=labels)
    assert figures.flagged is not None
    assert figures.corrected is not None
    share = figures.corrected.share
    assert share is not None
    assert share.value == pytest.approx(figures.flagged.value, abs=1e-3)
    width, own = share.high - share.low, figures.flagged.high - figures.flagged.low
    assert width == pytest.approx(own, rel=0.1)


def test_what_no_tier_answered_leaves_a_cascade_open_that_was_judged_whole() -> None:
    rows = [row(f"e{number}", pi=1.0, risk=0.9 if number % 4 else 0.1, screening=screened(0.4)) for number in range(40)]
    whole = rates(the_slice(rows), CUT).flagged
    silent = rates(the_slice([*rows, *(dead(f"d{number}", pi=1.0) for number in range(10))]), CUT)
    assert whole is not None
    assert whole.low == whole.high == pytest.approx(0.75)
    assert silent.flagged is not None
    assert silent.flagged.value == pytest.approx(0.75)
    assert silent.flagged.high - silent.flagged.low > 0.05
    assert silent.bounds is not None
    assert (silent.bounds.low, silent.bounds.high) == pytest.approx(
        (0.1 * 0.2 + 0.9 * 0.6, 0.1 * 0.2 + 0.9 * 0.6 + 0.2)
    )
