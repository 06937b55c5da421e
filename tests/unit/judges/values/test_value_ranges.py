"""The magnitude that the first number of a range shares with its end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.values import extract_values
from assay.judges.values.value_pattern import RANGE_MAGNITUDE


@pytest.mark.parametrize("joint", ["-", "–", "—", " - ", " to ", " TO ", "\u00a0to "])
def test_the_first_number_of_a_range_may_share_the_magnitude_of_its_end(joint: str) -> None:
    first = extract_values(f"It cost 5{joint}10 million euros.")[0]
    assert first.shared == "5000000 EUR"


@settings(deadline=None)
@given(st.text(alphabet=" \u00a0\t\u2003-–—toTO1x", max_size=4))
def test_nothing_else_joins_the_ends_of_a_range(joint: str) -> None:
    text = f"5{joint}10 million euros"
    first = extract_values(text)[0]
    if first.start == 0 and first.end == 1 and not first.unit:
        assert bool(first.shared) == (RANGE_MAGNITUDE.match(text, 1) is not None)
