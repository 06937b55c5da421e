"""Foreign text in a terminal: visible, short, in what the terminal can show."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.reporting.terminal.text import clipped, json_text
from assay.worker.reporting.terminal.visible import is_hidden, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "⟨U+001B⟩[31m"),
        ("\x9b2J", "⟨U+009B⟩2J"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\u200f\u200b\ufeff", "⟨U+200F⟩⟨U+200B⟩⟨U+FEFF⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("x\U000e0101", "x⟨U+E0101⟩"),
        ("\ud83d", "⟨U+D83D⟩"),
    ],
)
def test_what_a_terminal_obeys_or_hides_stands_there_by_its_number(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Größe 5 µm",
        "東京\u3000都",
        "10\xa0000 €",
        "می\u200cخواهم",
        "👩\u200d🔬 ❤\ufe0f",
        "שלום עולם",
        "a\tb\nc",
        "e\u0301",
    ],
)
def test_other_languages_and_emoji_stay_as_they_are(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    assert not any(map(is_hidden, visible(text)))
    assert not any(map(is_hidden, clipped(text, 20)))


@given(st.text(), st.integers(1, 50))
def test_a_cut_text_is_on_one_line_and_begins_as_the_text_does(text: str, limit: int) -> None:
    shown = clipped(text, limit)
    assert "\n" not in shown
    if len(text) <= limit:
        assert shown == visible(" ".join(text.split()))


def test_the_length_of_a_longer_text_is_told() -> None:
    assert clipped("ab " * 1000, 10) == "ab ab ab a… (3,000 characters)"
    assert clipped(" " * 1000 + "a", 10).endswith("(1,001 characters)")


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["ascii", "utf-8"]))
def test_escaped_json_means_the_same(text: str, encoding: str) -> None:
    for indent in (None, 2):
        shown = json_text(json.dumps({"a": text}, ensure_ascii=False, indent=indent), encoding)
        assert json.loads(shown) == {"a": text}
        shown.encode(encoding)
        assert not any(map(is_hidden, shown))
