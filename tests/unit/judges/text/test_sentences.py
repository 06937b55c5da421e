from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.text.sentences import split_sentences
from tests.waiting import cpu_seconds_below


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("no punctuation at all", ["no punctuation at all"]),
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Mr. J. R. Jones. They spoke.", ["Dr. Smith met Mr. J. R. Jones.", "They spoke."]),
        ("It costs 3.50 euros, i.e. 3.9 dollars. Cheap.", ["It costs 3.50 euros, i.e. 3.9 dollars.", "Cheap."]),
        ("He lives in the U.S. The law is old.", ["He lives in the U.S.", "The law is old."]),
        ("The U.S. Army left at 5 p.m. on Monday.", ["The U.S. Army left at 5 p.m. on Monday."]),
        ("See e.g. Paris, Rome, etc. for more. Done.", ["See e.g. Paris, Rome, etc. for more.", "Done."]),
        ("Acme Inc. was sold. It paid.", ["Acme Inc. was sold.", "It paid."]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("all lower case here. it still splits. ok", ["all lower case here.", "it still splits.", "ok"]),
        ("Yahoo! is a firm. Visit example.com today.", ["Yahoo! is a firm.", "Visit example.com today."]),
        ("你好。今天是3.5度！真的吗？是", ["你好。", "今天是3.5度！", "真的吗？", "是"]),
        ("- one\n- two. Three.\n1. four\n2) five", ["- one", "- two.", "Three.", "1. four", "2) five"]),
        ("Wrapped text that goes\non here. Next\none.", ["Wrapped text that goes\non here.", "Next\none."]),
        ("the city of\nParis is old.", ["the city of\nParis is old."]),
        ("# Title\nText follows.", ["# Title", "Text follows."]),
        ("| a. B | c |\n|---|---|\n| 1 | 2 |", ["| a. B | c |\n|---|---|", "| 1 | 2 |"]),
        ("```\nx = 1. Y\n\ny = 2\n```\nText.", ["```\nx = 1. Y", "y = 2\n```", "Text."]),
        ("---\nHello.\n***", ["---\nHello.\n***"]),
        ("😀 👍", ["😀 👍"]),
        ("**Bold.** Next *one.* End", ["**Bold.**", "Next *one.*", "End"]),
        ("He has plan B. It works.", ["He has plan B.", "It works."]),
    ],
)
def test_split_sentences_finds_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


PROSE = st.text(alphabet=st.sampled_from(list("aB1 .!?…。\n\r\t|`-*\"')’é中\u200b\x1c\x85#")), max_size=120)


@given(st.one_of(st.text(max_size=200), PROSE))
def test_split_sentences_covers_every_visible_character(text: str) -> None:
    spans = split_sentences(text)
    covered = "".join(text[span.start : span.end] for span in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    for span in spans:
        assert not text[span.start].isspace()
        assert not text[span.end - 1].isspace()


@given(PROSE)
def test_split_sentences_gives_each_sentence_a_word_when_the_text_has_one(text: str) -> None:
    found = sentences(text)
    if any(c.isalnum() for c in text):
        assert all(any(c.isalnum() for c in sentence) for sentence in found)


@pytest.mark.parametrize(
    "unit", ["word ", "A b. ", ".", "... ", "\n", "|", "a.", " ", "\"'", "1. ", "a\n", "?!)", "\t", "```\n"]
)
def test_split_sentences_finishes_when_the_text_is_hostile(unit: str) -> None:
    text = unit * (400_000 // len(unit))
    with cpu_seconds_below(30):
        spans = split_sentences(text)
    assert sum(span.end - span.start for span in spans) <= len(text)
