"""A value where the lines of a claim have another one: proven, likely, or no conflict at all."""

from __future__ import annotations

import pytest

from assay.judges.rules.findings import DOUBTED_SUPPORT
from assay.judges.schema import ClaimVerdict, Evidence
from tests.unit.judges.rules.test_rules import checked
from tests.waiting import cpu_seconds_below

OTHER_NUMBERS = "In 1971 the club had 12 teams, 250 members and 3,400 readers of its 96 letters."
"""Evidence that states the wrong values of the claims, elsewhere."""

EXCHANGED = [
    ("He was born in a small territory of the islands in 1900.", "1900", "250"),
    ("CNN heard the 16 explosions in the old town at night.", "16", "3,400"),
    ("Her sister Letourneau is now 53, and her husband is 31.", "31", "12"),
    ("In 2023, the series will have 23 races for the first time.", "23", "96"),
    ("He was dabbing at his eyes after the blast at the 2013 marathon in Boston.", "2013", "96"),
    ("The other two crowns of the player came in 1992 in Minneapolis.", "1992", "1971"),
    ("The powerful bomb weighed 270 pounds and hit the road near the basket.", "270", "250"),
    ("The film was released on March 25, 2016 and stars the old actor.", "2016", "1971"),
    ("Women make up barely 24% of the workforce of the large country.", "24%", "96%"),
]


@pytest.mark.parametrize(("line", "value", "instead"), EXCHANGED)
def test_a_line_repeated_with_another_number_of_the_evidence_is_contradicted(
    line: str, value: str, instead: str
) -> None:
    assert checked(line, line, OTHER_NUMBERS).claims[0].verdict is ClaimVerdict.SUPPORTED
    ruled = checked(line.replace(value, instead), OTHER_NUMBERS, line).claims[0]
    assert ruled.verdict is ClaimVerdict.CONTRADICTED
    assert ruled.evidence == (Evidence(context=1, start=0, end=len(line)),)
    assert "where the evidence says" in ruled.reason


SAME_VALUE = [
    ("Cook the crumbs in hot water for 15 to 20 minutes.", "Cook the crumbs in hot water for 15 to 20 minutes."),
    ("The average high of the old town is 79 degrees in May.", "The average high of the old town is 79 °F in May."),
    ("The yearly budget of the school is 1,500 pounds now.", "The yearly budget of the school is £1,500 now."),
    ("The trail of the old park is 3 miles long in all.", "The trail of the old park is about 4.8 km long in all."),
    ("The building of the bridge took 2 hours 15 minutes.", "The building of the bridge took 135 minutes."),
    ("At least 16 loud explosions shook the old town.", "At least 16 loud explosions shook the old town."),
]


@pytest.mark.parametrize(("line", "response"), SAME_VALUE)
def test_a_line_repeated_with_the_same_value_written_otherwise_stands(line: str, response: str) -> None:
    assert checked(response, OTHER_NUMBERS, line).claims[0].verdict is ClaimVerdict.SUPPORTED


def test_a_value_that_another_line_has_between_the_same_words_stands() -> None:
    lines = "The attack killed 12 people in the old town.", "The attack killed 14 people in the old town."
    for line in lines:
        assert checked(line, *lines).claims[0].verdict is ClaimVerdict.SUPPORTED


def test_a_value_beside_an_approximate_one_is_doubted_and_not_contradicted() -> None:
    line = "CNN heard at least 16 explosions in the old town at night."
    claim = checked(line.replace("16", "250"), line, OTHER_NUMBERS).claims[0]
    assert claim.verdict is ClaimVerdict.NOT_FOUND
    assert claim.p_supported == DOUBTED_SUPPORT


def test_a_reworded_claim_with_another_number_is_doubted() -> None:
    evidence = "Southwest Airlines offers travellers the most seats for points: 11.9 million tickets were available."
    other = "JetBlue flew 103 planes and sold 70 million tickets."
    told = "Southwest offers the most, with {} tickets available for points."
    assert checked(told.format("11.9 million"), evidence, other).claims[0].verdict is ClaimVerdict.SUPPORTED
    claim = checked(told.format("70 million"), evidence, other).claims[0]
    assert claim.verdict is not ClaimVerdict.SUPPORTED


def test_a_list_of_values_in_another_order_of_lines_stands() -> None:
    evidence = (
        "Linksys routers typically use 192.168.1.1.",
        "D-Link and Netgear routers typically use 192.168.0.1. Some US Robotics routers use 192.168.123.254.",
    )
    response = (
        "Linksys routers use 192.168.1.1, D-Link and Netgear routers use 192.168.0.1, and some US Robotics routers use "
        "192.168.123.254."
    )
    assert checked(response, *evidence).claims[0].verdict is ClaimVerdict.SUPPORTED


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ("It can cost several thousand dollars.", "It can cost $6,500."),
        ("It is 26 degrees Celsius there.", "It is 79 degrees there."),
        ("She is 5'3\"-5'4\" tall.", "She is 5'3\" to 5'4\" tall."),
        ("Passages 1 and 2 tell of the bridge.", "The bridge is old."),
    ],
)
def test_values_that_follow_from_the_evidence_are_carried(response: str, evidence: str) -> None:
    assert checked(response, evidence, "The bridge is red.").claims[0].verdict is ClaimVerdict.SUPPORTED


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ("It can cost several thousand dollars.", "It can cost $65."),
        ("It is 20 °F there.", "It is 20 °C there."),
        ("Rotate it by 194 degrees.", "Rotate it by 90 degrees."),
        ("Passages 7 and 9 tell of the bridge.", "The bridge is old."),
    ],
)
def test_values_that_do_not_follow_are_not(response: str, evidence: str) -> None:
    assert checked(response, evidence, "The bridge is red.").claims[0].verdict is not ClaimVerdict.SUPPORTED


@pytest.mark.parametrize("unit", ["Room 12 costs 30 euros and ", "1 2 3 4 ", "The fee is 12 euros. ", "a 1 b "])
def test_a_claim_and_evidence_of_nothing_but_values_cost_linear_time(unit: str) -> None:
    text = unit * 1500  # 1,500 to 6,000 values: 0.2 to 1 s each way, and minutes where time grew with the square
    with cpu_seconds_below(20):
        checked(text, text.replace("1", "7"))
        checked("The fee of room 12 is 30 euros.", text)
        checked(text, "The fee of room 12 is 30 euros.")
