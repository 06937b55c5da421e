"""Cutting a text into words: the fast ways give what the plain one gives."""

from __future__ import annotations

import re
from string import ascii_lowercase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.judges.text.words import stem, stems_between, stems_of, surface_words, words
from assay.judges.values.patterns import one_of

TEXT = st.text(st.sampled_from("abcXYZ019'’ _-.,é中\n\t\x1c")) | st.text(st.characters(max_codepoint=127)) | st.text()


@given(TEXT)
@example("rock'n'roll isn't James' 'twas '' a'")
@example("a" * 65 + " " + "b" * 64 + "'" + "c" * 9)
@example("it’s 'x’y")
def test_words_are_the_same_however_they_are_read(text: str) -> None:
    plain = [word for word, _, _ in words(text)]

    assert surface_words(text) == plain
    assert stems_of(plain) == stems_between(text, 0, len(text)) == [stem(word) for word in plain]


@given(TEXT, st.integers(0, 20), st.integers(0, 20))
def test_stems_between_two_places_are_those_of_the_text_there(text: str, start: int, length: int) -> None:
    part = text[start : start + length]

    assert stems_between(text, start, start + length) == stems_between(part, 0, len(part))


@given(st.sets(st.text(ascii_lowercase, min_size=1, max_size=6), min_size=1))
def test_one_of_matches_each_word_whole_and_no_other(listed: set[str]) -> None:
    pattern = re.compile(one_of(listed))

    assert all(pattern.fullmatch(word) for word in listed)
    assert not any(pattern.fullmatch(word + "x") for word in listed if word + "x" not in listed)


@pytest.mark.parametrize("word", ["a.c", "km/h", "x|y"])
def test_one_of_takes_every_character_for_itself(word: str) -> None:
    assert re.fullmatch(one_of([word]), word)
    assert not re.fullmatch(one_of(["a.c"]), "abc")
