"""Vectors of texts: the same everywhere, alike where words are, and nobody's text."""

from __future__ import annotations

import base64
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.text.fingerprints import DIMENSIONS, HASHED, READ, hashed_vector, unit_vectors
from assay.judges.text.languages import told
from assay.judges.text.languages.told import told_language

REFUND = "A refund of a ticket for the night ferry takes up to ten days after the form has arrived."
SAME_TOPIC = "Ferry tickets: the refund takes ten days once we have received your form."
OTHER_TOPIC = "The museum opens its sculpture garden at nine and shows paintings of the baroque."
WRITTEN = "5xkZMwAAAM0ZABnnTADNGbQAAJoAGecz"
"""How the vector of `REFUND` begins."""


def cosine(first: str, second: str) -> float:
    rows = unit_vectors([hashed_vector(first), hashed_vector(second)])
    return float(rows[0] @ rows[1])


def test_texts_that_share_words_point_the_same_way() -> None:
    assert cosine(REFUND, SAME_TOPIC) > cosine(REFUND, OTHER_TOPIC) + 0.2
    assert cosine(REFUND, REFUND.upper()) == pytest.approx(1.0, abs=1e-5)
    weather = "今天天气很好我们去公园"
    assert cosine(weather, "今天天气很好我们去海边") > cosine(weather, "退款需要十个工作日")


def test_vector_is_the_same_in_every_process_and_version() -> None:
    """It is written down here: another one would need another name than `hashed-1`."""
    code = f"from assay.judges.text.fingerprints import hashed_vector; print(hashed_vector({REFUND!r}))"
    written = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert written == hashed_vector(REFUND)
    assert HASHED == "hashed-1"
    assert written.startswith(WRITTEN)


@given(st.text(max_size=300))
def test_any_text_has_a_vector_of_64_bytes_or_none(text: str) -> None:
    written = hashed_vector(text)
    if written is None:
        return
    assert len(written) == 88
    numbers = np.frombuffer(base64.b64decode(written), dtype=np.int8)
    assert numbers.size == DIMENSIONS
    assert np.abs(numbers.astype(int)).max() == 127
    assert np.linalg.norm(unit_vectors([written])[0]) == pytest.approx(1.0, abs=1e-5)


def test_what_is_no_vector_is_a_row_of_unknowns() -> None:
    rows = unit_vectors([None, "no base64!", base64.b64encode(b"short").decode(), "", hashed_vector(REFUND)])
    assert np.isnan(rows[:4]).all()
    assert not np.isnan(rows[4]).any()
    assert np.isnan(unit_vectors([base64.b64encode(bytes(DIMENSIONS)).decode()])).all()
    assert unit_vectors([]).shape == (0, DIMENSIONS)


def test_text_without_words_has_none_and_half_of_a_surrogate_pair_breaks_nothing() -> None:
    assert [hashed_vector(text) for text in ("", "  \n", "12 34 ?!", "a b c")] == [None] * 4
    assert hashed_vector("broken \ud83d surrogate") is not None


def test_a_huge_text_takes_no_longer_than_its_beginning() -> None:
    words = " ".join(f"word{n:x}letters" for n in range(200_000))
    began = time.process_time()
    assert hashed_vector(words) == hashed_vector(words[:READ])
    assert told_language(words) == told_language(words[:READ])
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (REFUND, "en"),
        ("Die Erstattung dauert zehn Tage, und das Formular ist nicht da.", "de"),
        ("Возврат билета занимает десять дней", "ru"),
        ("今天天气很好", "zh"),
        ("", None),
        ("12 34", None),
    ],
)
def test_language_is_one_name(text: str, language: str | None) -> None:
    assert told_language(text) == language


def test_languages_that_cannot_be_told_apart_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "likely_languages", lambda text: frozenset(text.split()))
    assert told_language("pt es") == "es/pt"
    assert told_language("pt es it fr") is None
