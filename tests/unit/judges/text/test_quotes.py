"""Quotations are found with exact offsets, in other spellings and with few typos, and never with another digit."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.text.quotes import find_quote
from tests.examples import examples
from tests.waiting import cpu_seconds_below

TEXT = "The  warranty covers “normal” use for 24 months after the date of delivery, naïve users included."


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("24 months after", "24 months after"),
        ("the WARRANTY covers", "The  warranty covers"),
        ('"normal" use', "normal” use"),
        ("nai\u0308ve users", "naïve users"),
        ("ﬁne", None),
        ("26 months after", None),
        ("", None),
        (" … ", None),
        (
            "covers normal use for 24 months after the date of delivery",
            "covers “normal” use for 24 months after the date of delivery",
        ),
        ("use for 24 months aftr the date of delivery", "use for 24 months after the date of delivery"),
        ("use for 24 months after teh date of delivery", "use for 24 months after the date of delivery"),
        ("use for 25 months after the date of delivery", None),
        ("use for 2 months after the date of delivery", None),
        ("use for 240 months after the date of delivery", None),
        ("use for months after the date of delivery", None),
        ("use for 24 weeks after the date of delivery", None),
        ("wararnty", None),
    ],
)
def test_quote_is_found_after_normalisation(quote: str, found: str | None) -> None:
    span = find_quote(quote, TEXT)
    assert (None if span is None else TEXT[span.start : span.end]) == found


def test_quote_may_have_three_typos_at_most() -> None:
    text = "abcdefghij klmnopqrst " * 5
    for typos, found in ((3, True), (4, False)):
        quote = list(text[:100])
        for place in range(typos):
            quote[10 * place + 4] = "#"
        assert (find_quote("".join(quote), text) is not None) is found


@settings(max_examples=examples(60))
@given(st.text(min_size=1, max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_a_true_quote_is_found_whatever_stands_around_it(quote: str, before: str, after: str) -> None:
    text = f"{before} {quote} {after}"
    span = find_quote(quote, text)
    folded = unicodedata.normalize("NFKD", quote).casefold().strip()
    if span is None:
        assert not any(char.isalnum() for char in folded) or unicodedata.combining(folded[0])
    else:
        assert 0 <= span.start < span.end <= len(text)


@settings(max_examples=examples(60))
@given(st.text(alphabet="ab1 ", min_size=20, max_size=60), st.text(alphabet="ab2 ", max_size=90))
def test_no_digit_is_ever_made_up(quote: str, text: str) -> None:
    span = find_quote(quote, text)
    if span is not None:
        digits = [char for char in quote.strip() if char.isdigit()]
        assert [char for char in text[span.start : span.end] if char.isdigit()] == digits


def test_hostile_lengths_take_no_long_time() -> None:
    with cpu_seconds_below(20):
        find_quote("a" * 599 + "b", "a" * 16_000)
        find_quote("ab" * 5_000, "ab" * 8_000 + "c")
