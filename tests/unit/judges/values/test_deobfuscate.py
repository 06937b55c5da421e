"""Values as a reader sees them: what hides or disguises a number is seen through, and offsets stay exact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.schema import Claim, ClaimVerdict, Sample, Span, Tier, Turn, Verdict
from assay.judges.values import ValueIndex, extract_values
from assay.judges.values.deobfuscate import visible
from tests.examples import examples
from tests.waiting import cpu_seconds_below

TEXTS = st.text(
    alphabet=st.sampled_from(list("09 .,%aé中ไ٣३３\u200b\u200d\u00ad\u0336\ufe0f\u20e3\u202e\U000e0041")), max_size=40
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("３０", "30"),
        ("٣٠", "30"),
        ("३०", "30"),
        ("𝟑𝟎", "30"),
        ("3\u200b0", "30"),
        ("3\u200d0", "30"),
        ("3\u00ad0", "30"),
        ("3\u03360\u0336", "30"),
        ("3\ufe0f\u20e30\ufe0f\u20e3", "30"),
        ("3\U000e00300", "30"),
        ("1\u202e5", "15"),
        ("３．５", "3.5"),
        ("1，５00", "1500"),
    ],
)
def test_extract_values_reads_a_disguised_number(written: str, normal: str) -> None:
    text = f"It takes {written} days."
    (value,) = extract_values(text)
    assert value.normal == normal
    assert (value.text, value.unit != "") == (text[value.span.start : value.span.end], True)
    assert value.text.startswith(written[0])
    assert ValueIndex([f"{normal} days"]).carries(value)


@pytest.mark.parametrize(
    ("text", "normal"), [("保証は30日です", "30"), ("ประกัน 2ปี", "2"), ("환불은 14일 걸립니다", "14")]
)
def test_extract_values_finds_numbers_in_scripts_without_spaces(text: str, normal: str) -> None:
    assert normal in {value.normal for value in extract_values(text)}
    other = next(value for value in extract_values(text.replace(normal, "77")) if value.normal == "77")
    assert not ValueIndex([text]).carries(other)


@pytest.mark.parametrize("text", ["", "30 days", "naïve 3½ – 10²", "note³ ① one", "e\u0301 5"])
def test_visible_leaves_ordinary_text_as_it_is(text: str) -> None:
    assert visible(text) == (text, None)


@settings(max_examples=examples(400))
@given(TEXTS)
def test_visible_keeps_every_offset(text: str) -> None:
    shown = visible(text)
    if shown.origin is None:
        return
    places = [shown.original(at, at + 1) for at in range(len(shown.text))]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    for value in extract_values(text):
        assert text[value.span.start : value.span.end] == value.text


@pytest.mark.parametrize("unit", ["3\u200b", "３", "\u0336", "3\u0336", "中3", "\U000e0041", "3\u200d"])
def test_visible_finishes_when_the_text_is_hostile(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    with cpu_seconds_below(30):
        shown = visible(text)
    assert len(shown.text) <= 2 * len(text)


HALF = "half \ud800 of a pair"


def test_records_of_foreign_text_can_be_hashed_and_stored() -> None:
    sample = Sample(id="s", question=HALF, history=(Turn(role="user", content=HALF),), contexts=(HALF,), response=HALF)
    assert len(sample.content_hash()) == 64
    assert Sample.model_validate_json(sample.model_dump_json()) == sample
    assert sample.response == HALF.replace("\ud800", "\ufffd")
    assert len(sample.response) == len(HALF)
    claim = Claim(text=HALF, span=Span(start=0, end=4), verdict=ClaimVerdict.NOT_FOUND, source="llm", reason=HALF)
    verdict = Verdict(judge="llm", tier=Tier.LLM, claims=(claim,), model_served=HALF, system_fingerprint="\udfff")
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
