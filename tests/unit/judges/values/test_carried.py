"""What carries a value: every spelling of it, and no other value."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.values import ValueIndex, extract_values

SPELLINGS = [
    ["It needs 2 GB.", "It needs 2048 MB.", "It needs 2,097,152 KB.", "It needs 2 gigabytes."],
    ["It needs 2 GB.", "It needs 2000 MB."],
    ["It took 1500 ms.", "It took 1.5 seconds.", "It took 1,500 milliseconds."],
    ["It lasts 135 minutes.", "It lasts 2 hours and 15 minutes.", "It lasts 2 h 15 min.", "It lasts 2.25 hours."],
    ["It lasts 2 decades.", "It lasts 20 years.", "It lasts 240 months."],
    ["It costs $0.99.", "It costs 99 cents."],
    ["It costs $45.99.", '{"price_usd": 45.99}', "It costs 45.99 dollars."],
    ["It costs Rs. 1,50,000.", "It costs 1.5 lakh rupees.", "It costs ₹150,000.", "It costs INR 1,50,000."],
    [
        "It weighs 5.97e24 kg.",
        "It weighs 5.97 × 10^24 kg.",
        "It weighs 5.97×10²⁴ kg.",
        "It weighs $5.97 \\times 10^{24}$ kg.",
    ],
    ["There are 2000.", "There are 2×10³.", "There are 2e3."],
    ["It is 299,792,458 m/s.", "It is 299{,}792{,}458 m/s.", "It is 299\u00a0792\u00a0458 m/s."],
    ["Add ½ cup.", "Add 1/2 cup.", "Add 0.5 cups."],
    ["Add 1½ cups.", "Add 1 1/2 cups.", "Add 1.5 cups."],
    ["He is 5'9\" tall.", "He is 5 feet 9 inches tall.", "He is 69 inches tall.", "He is 175 cm tall."],
    ["It rose by 25 basis points.", "It rose by 0.25 %.", "It rose by 0.25 percentage points."],
    ["A share of 0.125 left.", "A share of 12.5 % left."],
    ["It is -5°C.", "It is minus 5 °C.", "It is 5 degrees Celsius below zero."],
    ["It fell by 5 %.", "A change of -5 %."],
    ["It opened on 4 March 2025.", "It opened on March 4, 2025.", "It opened 2025-03-04."],
    ["It opens at 14:30.", "It opens at 2:30 pm.", "It opens at 2.30 p.m."],
    ["There are 1,987.", "There are 1_987.", "There are 0x7C3."],
]


def carried(evidence: str, response: str) -> list[bool]:
    index = ValueIndex([evidence])
    return [
        index.carries(value, response[max(0, value.start - 20) : value.start]) for value in extract_values(response)
    ]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=lambda spellings: spellings[0])
def test_every_spelling_of_a_value_carries_every_other_spelling(spellings: list[str]) -> None:
    for evidence in spellings:
        for response in spellings:
            assert all(carried(evidence, response)), (evidence, response)


@pytest.mark.parametrize("spellings", SPELLINGS, ids=lambda spellings: spellings[0])
def test_no_spelling_of_a_value_carries_one_of_another_value(spellings: list[str]) -> None:
    equal = [{spelling for listed in SPELLINGS if own in listed for spelling in listed} for own in spellings]
    for evidence, known in zip(spellings, equal, strict=True):
        for response in {other for listed in SPELLINGS for other in listed} - known:
            if "5" not in response and "2" not in response:
                assert not all(carried(evidence, response)), (evidence, response)


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("Die Firma hat dreihundert Mitarbeiter.", "It has 300 employees."),
        ("Il y a trois cents employés.", "There are 300 employees."),
        ("Tiene doscientos empleados.", "It has 200 employees."),
        ("Здесь двадцать пять человек.", "There are 25 people."),
        ("公司有三百名员工。", "The company has 300 employees."),
        ("它于一九八七年建成。", "It was built in 1987."),
        ("The drug is in Phase III trials.", "The drug is in Phase 3 trials."),
        ("The drug is in Phase 3 trials.", "The drug is in Phase III trials."),
        ("The stamp is 1740787200.", "It was on March 1, 2025."),
        ("It opened in 1932.", "It opened in the 1930s."),
        ("It opened in 1932.", "It is of the 20th century."),
        ("It has 64 rooms.", "It has dozens of rooms."),
        ('{"total_cents": 4599}', "It costs $45.99."),
        ("It opened at 2025-03-04T10:00:00Z.", "It opened on 4 March 2025 at 10 am."),
        ("success_rate: 12", "The success rate is 12 %."),
        ("| Plan | Growth (%) |\n|---|---|\n| Pro | 12 |", "Pro grew by 12 %."),
        ("plan,users,seats\nPro,29,50", "Pro has 50 seats and 29 users."),
    ],
)
def test_equal_values_are_carried(evidence: str, response: str) -> None:
    assert all(carried(evidence, response))


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("There are 60 trains.", "60 % came."),
        ("It is at 60 km/h.", "60 % came."),
        ("It is at 60 km/h.", "It is at -60 km/h."),
        ("It is at 60 km/h.", "It is at 60 m/s."),
        ("It is -5°C.", "It is 5°C."),
        ("It is 5°C.", "It is -5°C."),
        ("There are 1,191 rooms.", "There are 191 rooms."),
        ("There are 1,191 rooms.", "There are 1 rooms."),
        ("It opened on 2021-03-05.", "There are 5 rooms."),
        ("It is version 3.11.2.", "There are 11 rooms."),
        ("Its code is AB-12-77.", "There are 77 rooms."),
        ("The yearly budget is 1,500 pounds.", "The yearly budget is 1,500 percent."),
        ("The yearly budget is 1,500 pounds.", "The yearly budget is 1,500 euros."),
        ("It opened in 1932.", "It ran at 1932 km/h."),
        ("It opened in 1932.", "It weighs 1,932 pounds."),
        ("It opened in 1932.", "It opened in 1932 BC."),
        ("It opened in 1932.", "It opened in the 1980s."),
        ("It opened in 1932.", "It is of the 19th century."),
        ("It runs at 60 km/h.", "It runs at about 63 km/h."),
        ("There are 5 rooms.", "There are hundreds of rooms."),
        ("It opened in 1932.", "There are thousands of rooms."),
        ("Add ½ cup.", "Add ¾ cup."),
        ("It is 2048 MB.", "It is 3 GB."),
        ("It lasts 2 hours and 15 minutes.", "It lasts 145 minutes."),
        ("It costs 99 cents.", "It costs $99."),
    ],
)
def test_other_values_are_not_carried(evidence: str, response: str) -> None:
    assert not all(carried(evidence, response))


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(["{:,}", "{}", "{:_}", "{:,.1f}", "-{:,}"]))
def test_a_number_carries_itself_and_no_other_number(number: int, other: int, form: str) -> None:
    written = f"We count {form.format(number)} boxes."
    assert all(carried(written, written))
    if number != other:
        assert not all(carried(written, f"We count {form.format(other)} boxes."))


@given(st.integers(1, 400), st.integers(1, 59))
def test_a_sum_of_units_is_what_it_adds_up_to(hours: int, minutes: int) -> None:
    told = f"It takes {hours} hours and {minutes} minutes."
    total = f"It takes {60 * hours + minutes} minutes."
    assert all(carried(told, total))
    assert all(carried(total, told))
    assert not all(carried(told, f"It takes {60 * hours + minutes + 1} minutes."))


@given(st.text(alphabet="0159 .,-−/%°'\"hmexX×^{}½IVX三百drei", max_size=60))
def test_notations_give_values_for_any_text(text: str) -> None:
    index = ValueIndex([text])
    for value in extract_values(text):
        assert text[value.start : value.end] == value.text
        assert index.carries(value)
    index.carries(extract_values("There are 77 rooms.")[0])


@pytest.mark.parametrize(
    "unit", ["5'", "1h", "2×10", "10^", "III ", "三百", "dreihundert", "trois ", "1,2,", "5 % ", "fell -5 ", "½"]
)
def test_carries_finishes_when_the_text_is_hostile(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    index = ValueIndex([text])
    assert re.fullmatch("True|False", str(index.carries(extract_values("about 773.5 rooms")[0], "about ")))
