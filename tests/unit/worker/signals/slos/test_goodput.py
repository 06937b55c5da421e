"""Goodput is told trace by trace, and says what it does not know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.records.history import HistoryRow
from tests.unit.worker.signals.slos.slo_rows import case_of, goodput_in, lost, objectives_in, share_in, trace

SLOW: dict[str, Any] = {"duration_s": 9.0}
WRONG: dict[str, Any] = {"risk": 0.9, "faithfulness": 0.2}
DEAR: dict[str, Any] = {"cost_usd": 1.0}


def failing(n: int, *, slow: set[int], wrong: set[int]) -> list[HistoryRow]:
    """n traces, of which some are slow and some are wrong."""
    return [trace(f"t{k}", duration_s=9.0 if k in slow else 1.0, risk=0.9 if k in wrong else 0.05) for k in range(n)]


@pytest.mark.parametrize(
    ("slow", "wrong", "expected"),
    [
        (set(range(15)), {k for k in range(100) if k % 25 in {3, 17}}, 0.782),
        (set(range(15)), set(range(8)), 0.85),
        (set(range(15)), set(range(15, 23)), 0.77),
    ],
    ids=["as if independent", "the same traces", "other traces"],
)
def test_the_briefs_example_depends_on_who_fails(slow: set[int], wrong: set[int], expected: float) -> None:
    """85 % are fast and 92 % are right. 0.85 x 0.92 = 0.782 is one of many answers, and traces tell which."""
    case = case_of(failing(100, slow=slow, wrong=wrong))
    assert (share_in(case, "latency"), share_in(case, "quality")) == pytest.approx((0.85, 0.92))
    _, share = goodput_in(case)
    assert share == pytest.approx(expected, abs=0.01)


outcomes = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([0.1, 0.5, 1.0]), st.integers(0, 6)),
    min_size=1,
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(outcomes=outcomes)
def test_it_is_never_more_than_any_share_nor_less_than_what_all_leave(
    outcomes: list[tuple[bool, bool, bool, float, int]],
) -> None:
    rows = []
    for k, (slow, wrong, dear, pi, session) in enumerate(outcomes):
        over = {**(SLOW if slow else {}), **(WRONG if wrong else {}), **(DEAR if dear else {})}
        rows.append(trace(f"t{k}", pi=pi, session_id=f"s{session}", **over))
    case = case_of(rows)
    goodput, share = goodput_in(case)
    shares = [share_in(case, name) or 0.0 for name in case.goodput_of]
    assert set(case.goodput_of) == {"quality", "faithfulness", "refusals", "latency", "cost"}
    assert max(0.0, 1 - sum(1 - each for each in shares)) - 1e-9 <= share <= min(shares) + 1e-9
    assert goodput.good is not None
    assert 0 <= goodput.good.low <= share <= goodput.good.high <= 1
    assert (goodput.n, goodput.bounds) == (len(rows), None)


def test_what_is_known_to_be_bad_is_bad_and_the_rest_has_bounds() -> None:
    """Of four judged traces one is slow. Of two lost ones one is slow, which is enough; the other may be anything."""
    rows = [trace("a"), trace("b"), trace("c"), trace("d", **SLOW), lost("e", **SLOW), lost("f")]
    goodput, share = goodput_in(case_of(rows))
    assert (goodput.n, share, goodput.unknown) == pytest.approx((5, 3 / 5, 1 / 6))
    assert goodput.bounds is not None
    assert (goodput.bounds.low, goodput.bounds.high) == pytest.approx((3 / 6, 4 / 6))


def test_an_objective_that_hardly_any_trace_tells_is_left_out_and_named() -> None:
    rows = [trace(f"t{k}", first_token_s=0.1 if k == 0 else None, duration_s=0.4) for k in range(5)]
    case = case_of(rows, profile="chat")
    assert case.goodput_without == ["first_token", "token_time"]
    assert "first_token" not in case.goodput_of
    assert goodput_in(case)[1] == 1.0
    assert objectives_in(case)["token_time"].note.startswith("no trace says both its time to first token and")


def test_the_fleets_own_lateness_and_opinions_are_no_part_of_it() -> None:
    late = trace("late", changed_at=trace("x").started_at + timedelta(hours=1))
    case = case_of([trace("a"), late])
    assert share_in(case, "coverage") == 0.5
    assert goodput_in(case)[1] == 1.0
    assert not {"coverage", "feedback"} & {*case.goodput_of, *case.goodput_without}
