from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rubric import ValueKind
from assay.judges.values import Operands, Value, ValueIndex, extract_values, is_derived
from assay.judges.values.dates import DateSet, same_date
from assay.judges.values.units import Quantities
from tests.waiting import cpu_seconds_below


def found(text: str) -> list[tuple[str, str]]:
    return [(value.kind.value, value.normal) for value in extract_values(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000 units", [("number", "1000")]),
        ("one thousand units", [("number", "1000")]),
        ("1\u00a0000 or 1'000 or 1.000.000", [("number", "1000"), ("number", "1000"), ("number", "1000000")]),
        ("5 % and 5 percent, five per cent", [("percent", "5 %")] * 3),
        ("€5 million, EUR 5,000,000, 5 million euros", [("money", "5000000 EUR")] * 3),
        ("$2.50 or US$ 2.5", [("money", "2.5 USD")] * 2),
        ("March 3, 2021; 3 March 2021; 2021-03-03; the 3rd of March 2021", [("date", "2021-03-03")] * 4),
        ("in March 2021, in 1987", [("date", "2021-03---"), ("date", "1987------")]),
        ("two hundred and six thousand", [("number", "206000")]),
        ("two and three", [("number", "2"), ("number", "3")]),
        ("half a million", [("number", "500000")]),
        ("see https://x.org/a. mail a.b@c.de", [("identifier", "x.org/a"), ("identifier", "a.b@c.de")]),
        ("order AB-1234, ISO9001", [("identifier", "ab-1234"), ("identifier", "iso9001")]),
        ("we met John Smith of Acme and the UN.", [("name", "john smith of acme"), ("name", "un")]),
        ("he is 5'3\" tall", [("number", "63")]),
        (
            "5-10 % of it, $5–10, 5 to 10 percent",
            [
                ("percent", "5 %"),
                ("percent", "10 %"),
                ("money", "5 USD"),
                ("money", "10 USD"),
                ("percent", "5 %"),
                ("percent", "10 %"),
            ],
        ),
        ("at 5:30 pm, 5 PM or 17:30", [("date", "T17:30"), ("date", "T17:00"), ("date", "T17:30")]),
        ("from 9:00", [("date", "T09:00~")]),
        ("5 km, five years, 24-hour", [("number", "5"), ("number", "5"), ("number", "24")]),
        ("1.234,50 EUR", [("money", "1234.5 EUR")]),
        ("1,05,000 rupees and ₹1,05,000.50", [("money", "105000 INR"), ("money", "105000.5 INR")]),
        ("p < .05, at $.50 and (.5 %)", [("number", "0.05"), ("money", "0.5 USD"), ("percent", "0.5 %")]),
        ("at 5.30 pm", [("date", "T17:30")]),
        ("two three-year terms", [("number", "2"), ("number", "3")]),
        ("one million two hundred thousand and five", [("number", "1200005")]),
        ("a hundred and one, two dozen, twenty-one hundred", [("number", "101"), ("number", "24"), ("number", "2100")]),
        ("-", []),
        ("", []),
    ],
)
def test_extract_values_gives_normal_forms(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "1. first\n2. second\n3) third",
        "Step 3: mix. See section 4 and figure 2",
        "the 1st, 2nd and 20th, the third, the twenty-first, our one hundred and fifty-second",
        "one of them said so",
        "Yesterday it rained. Nobody came.",
        "# Key Benefits Of The Plan",
        "Der Vertrag gilt nicht für die Kunden und ist mit der Bank zu schliessen",
        "I think I'm sure",
    ],
)
def test_extract_values_leaves_out_what_is_no_value(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("It costs 1000 dollars.", "It costs $1,000."),
        ("price: 1000", "It costs $1,000."),
        ("growth of 12 percent", "It grew 12%."),
        ("On 3 March 2021 it opened.", "It opened in 2021."),
        ("On 3 March 2021 it opened.", "It opened in March 2021."),
        ("On March 3 it opened; the year was 2021.", "It opened on March 3, 2021."),
        ("population 1,234,567", "about 1.2 million people"),
        ("The World Health Organization met.", "and the WHO met"),
        ("john smith wrote it", "it is by John Smith"),
        ("Jahr 2019", "in 2019"),
        ("2,000 people came", "and 2000 people came"),
        ("ref AB-1234", "order ab-1234 is here"),
        ("It lasts 2 years.", "It lasts 24 months."),
        ("It is 5 miles away.", "It is 8 km away."),
        ("It weighs 1500 g.", "It weighs 1.5 kg."),
        ("half of them left", "50 % of them left"),
        ("one in four failed", "25% failed"),
        ("a share of 0.25", "25 percent"),
        ("pi is 3.14159", "pi is 3.14"),
        ("Preis: 1.000 Euro", "It costs 1,000 euros."),
        ("hours: 9:0-17:30", "open from 9 AM to 5:30 PM"),
        ("It is run by the WHO.", "It is run by the World Health Organization."),
        ("John Smith came", "then J. Smith came"),
        ("They raise $5-10 million.", "They raise at least $5 million."),
        ("5 to 10 million people", "from 5 million to 10 million people"),
        ("from 5 million to 10 million people", "5-10 million people"),
        ("p < .05", "p is below 0.05"),
        ("1 000 000 people", "1,000,000 people"),
        ("call +49 30 1234567", "call 49301234567"),
        ("ISBN 978-3-16-148410-0", "ISBN 9783161484100"),
        ("the 2020–21 season", "the season of 2020 and 2021"),
        ("version 1.2.3", "it is v1.2.3"),
        ("on a Falcon9", "on a Falcon-9"),
        ("open until 5.30pm", "open until 17:30"),
    ],
)
def test_value_index_carries_other_spellings(evidence: str, response: str) -> None:
    index = ValueIndex([evidence])
    assert all(index.carries(v, response[max(0, v.span.start - 20) : v.span.start]) for v in extract_values(response))


@pytest.mark.parametrize(
    ("evidence", "response"),
    [
        ("It costs 1000 dollars.", "It costs 1,000 euros."),
        ("growth of 12 percent", "It grew 21%."),
        ("On 3 March 2021 it opened.", "It opened in April 2021."),
        ("population 1,234,567", "exactly 1.2 million people"),
        ("john smith wrote it", "it is by John Miller"),
        ("in 1987", "in 1978"),
        ("", "in 1978"),
        ("It is 5 miles away.", "It is 5 km away."),
        ("It lasts 2 years.", "It lasts 18 months."),
        ("half of them left", "60 % of them left"),
        ("open from 9:00 to 17:00", "open until 6 PM"),
        ("open at 9 pm", "open at 9 am"),
        ("pi is 3.14159", "pi is 3.16"),
        ("who are they", "the World Health Organization"),
        ("it runs GPT-4", "it runs GPT-5"),
        ("They raise $5 and 10 million.", "They raise $5 million."),
        ("10 million people", "5-9 million people"),
    ],
)
def test_value_index_does_not_carry_other_values(evidence: str, response: str) -> None:
    index = ValueIndex([evidence])
    assert not any(index.carries(value, response[: value.start]) for value in extract_values(response))


HOSTILE = st.text(alphabet=st.sampled_from(list("0159.,%$€-/@'ABab \n\u00a0é中½²٣")), max_size=80)


@given(st.one_of(st.text(max_size=150), HOSTILE))
def test_extract_values_gives_exact_spans_and_its_own_text_carries_them(text: str) -> None:
    values = extract_values(text)
    index = ValueIndex([text])
    for value in values:
        assert text[value.span.start : value.span.end] == value.text
        assert index.carries(value)
    assert [v.span.start for v in values] == sorted(v.span.start for v in values)


@given(st.text("0123456789 a.-\n", max_size=120), st.integers(0, 40))
def test_digits_of_ascii_are_read_as_those_of_other_text(text: str, zeros: int) -> None:
    text += " 1" + "0" * zeros
    runs = re.findall("[0-9]+", text)
    plain, other = ValueIndex([text]), ValueIndex([f"{text} é"])
    whole = {token.strip("a.") for token in text.split() if re.fullmatch("a*[0-9]+[a.]*", token)}
    for digits in {part for run in runs for part in (run, run[:30], run[1:], f"{run}7")} - {""}:
        value = Value(ValueKind.NUMBER, digits, digits, 0)
        assert plain.carries(value) == other.carries(value)
        assert plain.carries(value) or digits not in whole or len(digits) > 30


DATES = st.builds(
    "{}-{}-{}".format,
    st.sampled_from(["2020", "2021", "----"]),
    st.sampled_from(["01", "02", "--"]),
    st.sampled_from(["01", "02", "--"]),
)
SLASHED = st.builds("{}?{}?{}".format, st.sampled_from(["2020", "2021"]), st.just("01"), st.sampled_from(["01", "02"]))
TIMES = st.builds("T{:02d}:{}{}".format, st.integers(0, 23), st.sampled_from(["00", "30"]), st.sampled_from(["", "~"]))


@given(DATES | SLASHED | TIMES, st.lists(DATES | SLASHED | TIMES, max_size=4))
def test_date_set_holds_what_is_the_same_as_one_of_its_dates(asked: str, stated: list[str]) -> None:
    assert DateSet(stated).holds(asked) == any(same_date(asked, one) for one in stated)


@given(st.integers(1, 400), st.sampled_from(["km", "mile", "kg", "lb", "minute", "hour", "year"]), st.data())
def test_quantities_hold_what_measures_the_same_in_other_units(amount: int, unit: str, data: st.DataObject) -> None:
    assert Quantities([(Decimal(amount), unit)]).hold(Decimal(amount), unit)
    assert not Quantities([(Decimal(amount), unit)]).hold(Decimal(amount) * 2, unit)
    assert not Quantities([(Decimal(amount), unit)]).hold(Decimal(amount), "gb")
    miles = data.draw(st.integers(1, 400))
    near = abs(Decimal(miles) * Decimal("1.609344") - amount) <= Decimal("0.02") * amount
    assert Quantities([(Decimal(amount), "km")]).hold(Decimal(miles), "mile") == near


@given(st.integers(3000, 10**6), st.integers(3000, 10**6))
def test_is_derived_recognises_sums_and_differences_only_where_they_are_named(one: int, other: int) -> None:
    operands = Operands(extract_values(f"First {one} boxes, then {other} boxes."))
    (total,) = extract_values(f"{one + other} boxes")
    if one != other:
        assert is_derived(total, "in total", operands)
    assert not is_derived(total, "boxes were seen", operands)
    if abs(one - other) > 2100:
        (gap,) = extract_values(f"{abs(one - other)} boxes")
        assert is_derived(gap, "more than", operands)


@given(st.integers(0, 10**12))
def test_numbers_have_one_normal_form_however_grouped(number: int) -> None:
    assert {v.normal for v in extract_values(f"x {number:,} y") if v.kind is ValueKind.NUMBER} <= {str(number)}


@pytest.mark.parametrize("unit", ["a", "1", "1,", "A ", "a1", "a@", "$", "two ", "www.", "://", "A-", "1/", "Jan "])
def test_extract_values_finishes_when_the_text_is_hostile(unit: str) -> None:
    with cpu_seconds_below(30):
        extract_values(unit * (200_000 // len(unit)))
