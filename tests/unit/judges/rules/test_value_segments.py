"""Which value goes with which words: the right look-up stands, and the value of another entity is doubted."""

from __future__ import annotations

import pytest

from assay.judges.rules.value_segments import Parted
from assay.judges.schema import ClaimVerdict
from assay.judges.values import extract_values
from tests.unit.judges.rules.test_rules import checked

LOOKED_UP = [
    ("Python 3.10, 3.11 and 3.12 are supported.", "Python 3.11 is supported."),
    ("The 8:15 and 9:45 trains stop in Hamar.", "The 8:15 train stops in Hamar."),
    ("The company had 120 employees in 2018 and 340 employees in 2023.", "In 2023 the company had 340 employees."),
    ("In 2019 there were 41 cases, in 2020 there were 67.", "There were 67 cases in 2020."),
    ("Class A pays 100 dollars a day, class B 150 dollars.", "Class B pays 150 dollars a day."),
    ("The office opens at 8 am in summer and 9 am in winter.", "In winter the office opens at 9 am."),
    (
        "Tickets cost £12 for adults, £8 for students and £5 for children.",
        "Adults pay £12, students £8 and children £5.",
    ),
    ("The hotel has 120 rooms, of which 30 have a sea view.", "Thirty of the 120 rooms have a sea view."),
    ("GDP grew 2.1% in 2022 and 0.8% in 2023; inflation was 6.5% and 3.9%.", "Inflation was 3.9% in 2023."),
    (
        "It opens Monday to Thursday from 9 am to 8 pm and on Friday from 9 am to 5 pm.",
        "On Fridays it is open until 5 pm.",
    ),
    ("Die Miete beträgt 850 Euro kalt und 1.020 Euro warm.", "Die Miete beträgt warm 1.020 Euro."),
    ("Children aged 6 to 12 may join; the group has 8–10 places.", "Up to 10 children can join the group."),
]


@pytest.mark.parametrize(("evidence", "response"), LOOKED_UP)
def test_the_right_one_of_several_values_stands(evidence: str, response: str) -> None:
    assert checked(response, evidence).claims[0].verdict is ClaimVerdict.SUPPORTED


MIXED_UP = [
    ("The company had 120 employees in 2018 and 340 employees in 2023.", "In 2023 the company had 120 employees."),
    ("In 2019 there were 41 cases, in 2020 there were 67.", "There were 67 cases in 2019."),
    ("Zone 1 costs 2.40 euros and zone 2 costs 3.10 euros.", "Zone 2 costs 2.40 euros."),
    ("The tax is 5% on food and 20% on drinks.", "The tax on drinks is 5%."),
    ("The default port is 8080, the metrics port is 9090.", "The default port is 9090."),
    ("The Basic plan costs $5 and the Pro plan costs $9.", "The Basic plan costs $9."),
    ("Weekday tickets cost 9 euros, weekend tickets 12 euros.", "Weekend tickets cost 9 euros."),
    ("Apollo 11 landed on 20 July 1969; Apollo 12 landed on 19 November 1969.", "Apollo 12 landed on July 20, 1969."),
    ("The office opens at 8 am in summer and 9 am in winter.", "In winter the office opens at 8 am."),
]


@pytest.mark.parametrize(("evidence", "response"), MIXED_UP)
def test_the_value_of_something_else_in_the_line_is_not_supported(evidence: str, response: str) -> None:
    assert checked(response, evidence).claims[0].verdict is not ClaimVerdict.SUPPORTED


WORKED_OUT = [
    ("Half of the 80 students passed the test.", "41 students passed the test."),
    ("The machine fills 60 bottles a minute.", "The machine fills 3,700 bottles an hour."),
    ("Support rose from 24% in May to 30% in June.", "Support rose by 7 percentage points."),
    ("The store sold 120 bikes in April, 150 in May and 180 in June.", "In total it sold 460 bikes."),
]


@pytest.mark.parametrize(("evidence", "response"), WORKED_OUT)
def test_what_may_be_worked_out_is_doubted_and_never_contradicted(evidence: str, response: str) -> None:
    assert checked(response, evidence).claims[0].verdict is ClaimVerdict.NOT_FOUND


def test_a_line_is_parted_where_one_value_ends_and_the_next_begins() -> None:
    text = "Tickets cost £12 for adults, £8 for students and £5 for children."
    values = extract_values(text)
    parts = Parted(text, lambda: values).segments(values[0])
    assert [part.terms for part in parts] == [
        {"ticket", "cost", "adult"},
        {"ticket", "cost", "student"},
        {"ticket", "cost", "children"},
    ]
