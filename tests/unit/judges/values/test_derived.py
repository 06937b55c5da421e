"""Values nobody states but anybody can work out, and dates counted from others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.values import Operands, extract_values, is_derived, meant_by


def derived(evidence: str, response: str) -> bool:
    """Whether the last value of the response follows from the evidence."""
    value = extract_values(response)[-1]
    return is_derived(value, response, Operands(extract_values(evidence))) or meant_by(value, [evidence], None)


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("Scores were 4, 5 and 9.", "The average score is 6."),
        ("They sold 12, 15 and 30 boxes.", "In total 57 boxes."),
        ("She was born in 1950 and died in 2010.", "She died at the age of 60."),
        ("She was born on 5 May 1950 and died on 1 March 2010.", "She died aged 59."),
        ("It ran from 3 March 2021 to 17 March 2021.", "It lasted 14 days."),
        ("It ran from 3 March 2021 to 17 March 2021.", "It lasted two weeks."),
        ("It ran from 2021-01-10 to 2021-04-10.", "It took 3 months."),
        ("Open from 9:00 to 17:00.", "It is open for 8 hours."),
        ("The order placed on 3 March arrives the next day.", "It arrives on 4 March."),
        ("It opened on 28 February 2021, two weeks later it closed.", "It closed on 14 March 2021."),
        ("It closed two weeks after 3 March 2021.", "It closed on 17 March 2021."),
        ("He paid $20.", "She paid twice as much, $40."),
        ("Revenue rose from $50 million to $60 million.", "Revenue rose by 20 %."),
    ],
)
def test_what_can_be_worked_out_is_derived(evidence: str, response: str) -> None:
    assert derived(evidence, response)


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("Scores were 4, 5 and 9.", "The average score is 7."),
        ("Scores were 4, 5 and 9.", "The best score is 6."),
        ("They sold 12, 15 and 30 boxes.", "In total 58 boxes."),
        ("She was born in 1950 and died in 2010.", "She died at the age of 62."),
        ("She was born in 1950 and died in 2010.", "She had 60 rooms."),
        ("It ran from 3 March 2021 to 17 March 2021.", "It lasted 16 days."),
        ("Open from 9:00 to 17:00.", "It is open for 9 hours."),
        ("The order placed on 3 March arrives the next day.", "It arrives on 5 March."),
        ("The order is placed on 3 March.", "It arrives on 4 March."),
        ("He paid $20.", "She paid twice as much, $50."),
    ],
)
def test_what_does_not_follow_is_not_derived(evidence: str, response: str) -> None:
    assert not derived(evidence, response)


@given(st.dates(date(1900, 1, 1), date(2090, 1, 1)), st.integers(1, 400))
def test_a_date_counted_in_days_is_the_date_meant(start: date, days: int) -> None:
    told = [f"It began on {start.isoformat()} and ended {days} days later."]
    (right,) = extract_values((start + timedelta(days=days)).isoformat())
    (wrong,) = extract_values((start + timedelta(days=days + 1)).isoformat())
    assert meant_by(right, told, None)
    assert not meant_by(wrong, told, None)


@given(st.lists(st.integers(1, 99), min_size=2, max_size=6))
def test_a_list_gives_its_sum_where_the_sentence_says_so(numbers: list[int]) -> None:
    told = "They sold " + ", ".join(map(str, numbers)) + " boxes."
    assert derived(told, f"In total {sum(numbers)} boxes.") or sum(numbers) < 10


@pytest.mark.parametrize("unit", ["3 March, the next day ", "1, ", "2021-03-04 ", "9:00 ", "two weeks later "])
def test_derivation_finishes_when_the_text_is_hostile(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    operands = Operands(extract_values(text))
    for response in ("It lasted 77 days in total, on average.", "It was on 9 May 2031.", "He died aged 77."):
        value = extract_values(response)[-1]
        assert not is_derived(value, response, operands)
        assert not meant_by(value, [text], None)
