"""Normal forms of texts with any number of marks."""

from __future__ import annotations

import sys
import time
import unicodedata
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.lexical_overlap import content_terms
from assay.judges.local.other_languages.words import read_words
from assay.judges.models.prompt_bound import prompt_bound
from assay.judges.text.bounded_marks import MOST_MARKS, normalized

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")
MARKS = "\u0300\u0316\u0323\u0345\u05b0\u064b\u0f73\u3099\uff9e\U0001d165"
"""Marks of several orders, among them one that is a letter until it is levelled."""

LETTERS = "ae\u00e9\u1e9b\u304b\u1100\u1161\ufb01\u2460 .\u2014"
SECONDS = 0.5
"""Far above what 80,000 marks take in proportion (0.02 s), far below what they take in order (5 s)."""


@pytest.mark.parametrize("form", FORMS)
@given(pieces=st.lists(st.tuples(st.text(LETTERS, min_size=1, max_size=3), st.text(MARKS, max_size=14)), max_size=9))
def test_what_any_language_writes_has_its_exact_form(form: Form, pieces: list[tuple[str, str]]) -> None:
    text = "".join(letters + marks for letters, marks in pieces)
    assert normalized(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", FORMS)
@given(marks=st.text(MARKS, min_size=MOST_MARKS, max_size=200))
def test_no_mark_is_lost(form: Form, marks: str) -> None:
    whole = unicodedata.normalize("NFKD", f"a{marks}b")
    assert sorted(unicodedata.normalize("NFKD", normalized(form, f"a{marks}b"))) == sorted(whole)


@settings(max_examples=20, deadline=None)
@given(first=st.sampled_from(MARKS), second=st.sampled_from(MARKS))
def test_a_long_run_takes_time_in_proportion(first: str, second: str) -> None:
    text = "a" + (first + second) * 40_000
    begun = time.process_time()
    normalized("NFKC", text)
    assert time.process_time() - begun < SECONDS


def test_whoever_reads_a_long_run_takes_time_in_proportion() -> None:
    text = "a" + "\u0300\u0316" * 40_000
    begun = time.process_time()
    content_terms(text)
    read_words(text)
    prompt_bound(text.encode())
    assert time.process_time() - begun < 3 * SECONDS


def test_every_mark_of_unicode_may_end_a_run() -> None:
    """A mark that a full run holds back stays where it stands: nothing is sorted past 30 others."""
    overlay = "\u0334"
    for character in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.combining(unicodedata.normalize("NFKD", character)[0]):
            assert normalized("NFKD", f"a{character * MOST_MARKS}{overlay}").endswith(overlay), hex(ord(character))
