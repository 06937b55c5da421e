from __future__ import annotations

import csv
import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rules.records import check_records
from assay.judges.rules.step import Progress
from assay.judges.schema import Claim, ClaimVerdict, Evidence, Sample, Span, Tier, Verdict


def checked(response: str, *contexts: str, question: str = "") -> Claim:
    claim = Claim(text=response, span=Span(start=0, end=len(response)), verdict=ClaimVerdict.SUPPORTED, source="llm")
    sample = Sample(id="s", question=question, contexts=contexts, response=response)
    return check_records(sample, Progress(Verdict(judge="llm", tier=Tier.LLM, claims=(claim,)))).verdict.claims[0]


CSV = "plan,price_usd,users\nbasic,9,5\npro,29,50"
FORMS = {
    "csv": CSV,
    "tsv": CSV.replace(",", "\t"),
    "markdown": "| Plan | Price | Users |\n|---|---|---|\n| Basic | $9 | 5 |\n| Pro | $29 | 50 |",
    "html": "<table><tr><th>Plan</th><th>Price</th><th>Users</th></tr>"
    "<tr><td>Basic</td><td>$9</td><td>5</td></tr><tr><td>Pro</td><td>$29</td><td>50</td></tr></table>",
    "json": '[{"plan": "basic", "price": 9, "users": 5}, {"plan": "pro", "price": 29, "users": 50}]',
    "nested json": '{"basic": {"price": 9, "users": 5}, "pro": {"price": 29, "users": 50}}',
    "labels": "Basic: $9/month, 5 users. Pro: $29/month, 50 users.",
    "lines": "Basic: $9/month, 5 users\nPro: $29/month, 50 users",
    "blocks": "name: Basic\nprice: $9\nusers: 5\n\nname: Pro\nprice: $29\nusers: 50",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "response",
    ["The pro plan costs 9 USD.", "Pro has 5 users.", "Basic costs $29 and Pro costs $9.", "Basic is for 50 users."],
)
def test_a_value_of_another_row_contradicts(form: str, response: str) -> None:
    claim = checked(response, FORMS[form])
    assert claim.verdict is ClaimVerdict.CONTRADICTED
    assert claim.source == "rule:records"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "response",
    [
        "The pro plan costs 29 USD.",
        "Pro has 50 users and costs $29.",
        "Basic costs $9 and Pro costs $29.",
        "Basic and Pro cost $9 and $29 respectively.",
        "Pro costs more than the 9 USD of the other plan.",
        "Plans cost from 9 to 29 USD.",
        "Pro costs 20 USD.",
    ],
)
def test_what_a_row_says_or_nobody_says_is_left_alone(form: str, response: str) -> None:
    assert checked(response, FORMS[form]).verdict is ClaimVerdict.SUPPORTED


def test_the_reason_names_the_row_and_the_evidence_is_the_row() -> None:
    claim = checked("The pro plan costs 9 USD.", CSV)
    assert claim.reason == "'9 USD' where the evidence says '29' of 'pro'"
    assert claim.evidence == (Evidence(context=0, start=CSV.index("pro,"), end=len(CSV)),)


def test_the_question_may_name_the_row() -> None:
    assert checked("It costs 9 USD.", CSV, question="What does Pro cost?").verdict is ClaimVerdict.CONTRADICTED
    assert checked("It costs 9 USD.", CSV, question="What does Basic cost?").verdict is ClaimVerdict.SUPPORTED
    assert checked("It costs 9 USD.", CSV, question="What do they cost?").verdict is ClaimVerdict.SUPPORTED


def test_nothing_is_proven_where_other_evidence_has_the_number() -> None:
    assert checked("Pro costs 9 USD.", CSV, "Until May, Pro is 9 USD.").verdict is ClaimVerdict.SUPPORTED


@pytest.mark.parametrize(
    ("response", "values"),
    [("The pro plan costs 29 USD.", ["29 USD"]), ("The pro plan costs 29 EUR.", []), ("Pro costs 9 USD.", [])],
)
def test_what_its_own_row_has_is_vouched_for(response: str, values: list[str]) -> None:
    claim = Claim(text=response, span=Span(start=0, end=len(response)), verdict=ClaimVerdict.SUPPORTED, source="llm")
    sample = Sample(id="s", question="", contexts=(CSV,), response=response)
    ruled = check_records(sample, Progress(Verdict(judge="llm", tier=Tier.LLM, claims=(claim,))))
    assert [response[span.start : span.end] for span in ruled.vouched] == values


HOURS = '{"name": "Cafe", "hours": {"Monday": "8:0-22:0", "Tuesday": "9:0-21:0", "Sunday": "10:0-14:30"}}'


def test_times_of_another_weekday_contradict() -> None:
    assert checked("On Monday it is open from 9 AM to 9 PM.", HOURS).verdict is ClaimVerdict.CONTRADICTED
    assert checked("On Monday it is open from 8 AM to 10 PM.", HOURS).verdict is ClaimVerdict.SUPPORTED
    assert checked("It opens at 8 AM Monday through Tuesday.", HOURS).verdict is ClaimVerdict.SUPPORTED


def test_a_text_of_another_row_is_doubt() -> None:
    cities = "name,city\nAlice,Paris\nBob,Rome"
    claim = checked("Alice lives in Rome.", cities)
    assert claim.verdict is ClaimVerdict.NOT_FOUND
    assert claim.p_supported == 0.5
    assert checked("Alice lives in Paris.", cities).verdict is ClaimVerdict.SUPPORTED


NAMES = ["Amber", "Birch", "Cedar", "Douglas", "Elm"]


@given(
    prices=st.lists(st.integers(20, 9999), min_size=2, max_size=5, unique=True),
    form=st.sampled_from(["csv", "json", "lines"]),
    draw=st.data(),
)
def test_own_values_stand_and_those_of_other_rows_fall(prices: list[int], form: str, draw: st.DataObject) -> None:
    rows: list[dict[str, str | int]] = [
        {"item": name, "price": price} for name, price in zip(NAMES, prices, strict=False)
    ]
    evidence = written(rows, form)
    first, second = draw.draw(st.permutations(rows))[:2]
    assert checked(f"The {first['item']} costs {first['price']}.", evidence).verdict is ClaimVerdict.SUPPORTED
    if abs(int(first["price"]) - int(second["price"])) > 0.02 * int(first["price"]):
        claim = checked(f"The {first['item']} costs {second['price']}.", evidence)
        assert claim.verdict is ClaimVerdict.CONTRADICTED


def written(rows: list[dict[str, str | int]], form: str) -> str:
    if form == "json":
        return json.dumps(rows)
    if form == "lines":
        return "\n".join(f"{row['item']}: {row['price']}" for row in rows)
    stream = io.StringIO()
    table = csv.writer(stream)
    table.writerow(rows[0])
    table.writerows(row.values() for row in rows)
    return stream.getvalue()


@pytest.mark.parametrize(
    "piece", ["a,b\n", '{"a": 1, ', '{"a": "b', "<tr><td>", "Pro: 5 ", "Pro: 5. ", "a|b|", '"a": {']
)
def test_a_long_hostile_text_is_read_in_linear_time(piece: str) -> None:
    start = time.perf_counter()
    checked("Pro costs 9 USD.", piece * 20_000)
    assert time.perf_counter() - start < 5
