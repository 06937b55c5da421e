"""Holm's method as levels: what is told of a test holds at the p-value at which its verdict turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.golden.results.gate_result import GateVerdict
from assay.worker.records.history import HistoryRow
from assay.worker.reporting.compare.family import PART_OF_SHARES, Family
from assay.worker.reporting.compare.verdict import Reason
from tests.unit.worker.reporting.compare.rows import release
from tests.unit.worker.reporting.compare.test_comparing import compared, only_row, told

P_VALUES = st.lists(st.one_of(st.floats(0.0, 1.0), st.floats(0.0, 0.05)), max_size=12)


def copies(rows: list[HistoryRow]) -> list[HistoryRow]:
    """The same traffic under twelve use cases."""
    return [
        row.model_copy(update={"use_case": f"case-{k:02}", "trace_id": f"{k}-{row.trace_id}"})
        for k in range(12)
        for row in rows
    ]


@given(p_values=P_VALUES, alpha=st.floats(1e-6, 0.4), part=st.sampled_from([1.0, PART_OF_SHARES]))
def test_a_test_is_decided_exactly_below_its_level(p_values: list[float], alpha: float, part: float) -> None:
    family = Family(p_values, alpha, part)
    for p_value, adjusted, level in zip(p_values, family.adjusted(), family.levels(), strict=True):
        assert alpha * part / len(p_values) * (1 - 1e-9) <= level <= alpha * part
        if abs(p_value - level) > 1e-9:
            assert (adjusted <= alpha) == (p_value <= level)


@given(p_values=P_VALUES.filter(bool), moved=st.floats(0.0, 1.0))
def test_the_level_of_a_test_does_not_depend_on_itself(p_values: list[float], moved: float) -> None:
    there, back = (Family([first, *p_values[1:]], 0.05).levels()[0] for first in (p_values[0], moved))
    assert there == back


def test_a_row_among_many_sees_less_and_says_so() -> None:
    rows = [*release("v41", 400, 0.05), *release("v42", 400, 0.05)]
    many = copies(rows)
    together = compared(many)
    alone, among = only_row(compared(rows)).tested, together.rows[0].tested
    assert alone is not None
    assert among is not None
    assert alone.level == 0.05
    assert among.level == pytest.approx(0.05 / 12)
    assert among.visible is not None
    assert alone.visible is not None
    assert among.visible > 1.2 * alone.visible
    assert among.needed > 1.2 * alone.needed
    assert "with a power of 80% at p ≤ 0.0042" in told(together)


def test_shares_beside_it_take_nothing_from_the_rate() -> None:
    """The compared rate is the primary metric: whatever else there is to test, it has all of alpha."""
    rates = [*release("v41", 400, 0.05), *release("v42", 400, 0.05)]
    silent = [row for name in ("v41", "v42") for row in release(name, 30, 0.05, seed=1, state="dead", reason="poison")]
    alone, beside = only_row(compared(rates)), only_row(compared([*rates, *silent]))
    assert not alone.shares
    assert beside.shares
    assert alone.tested is not None
    assert beside.tested is not None
    assert beside.tested.level == alone.tested.level == 0.05
    assert beside.tested.adjusted_p == beside.tested.p_value


def test_no_row_with_everything_answered_tells_of_unanswered_traces() -> None:
    rows = [*release("v41", 260, 0.1), *release("v42", 260, 0.18)]
    many = copies(rows)
    result = compared(many)
    assert "unanswered traces" not in told(result)
    assert {row.verdict for row in result.rows if row.tested and row.tested.could_turn} == set()


@pytest.mark.parametrize("sizes", [(20, 20), (40, 40), (60, 25), (25, 400)])
def test_the_number_needed_is_more_than_a_blind_side_has(sizes: tuple[int, int]) -> None:
    result = compared([*release("v41", sizes[0], 0.05), *release("v42", sizes[1], 0.1)])
    row = only_row(result)
    assert row.tested is not None
    if row.reason is Reason.BLIND:
        assert row.tested.needed > min(sizes)
        assert f"about {row.tested.needed:,} answers are needed on each side" in told(result)
    else:
        assert row.verdict in {GateVerdict.PASS, GateVerdict.REGRESSED}
