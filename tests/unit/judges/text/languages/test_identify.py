"""Which language a text may be in: known, known to be foreign, or unknown, and never a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.text.languages import OTHER, likely_languages, same_language
from tests.waiting import cpu_seconds_below


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("Napoleon drew its blueprints.", {"en"}),
        ("Refunds take 14 days.", {"en"}),
        ("Der Minister hat sie feierlich eröffnet.", {"de"}),
        ("Oui, vous êtes remboursé tout de suite.", {"fr"}),
        ("Om sommeren græsser får under pillerne.", {"da", "no"}),
        ("Bu ücretsizdir.", {OTHER}),
        ("Marta Kline", set()),
        ("1932", set()),
        ("橋は開通した。", {"ja"}),
        ("这座桥开放了。", {"zh"}),
        ("다리를 열었다.", {"hangul"}),
        ("Доставка бесплатна.", {"ru"}),
        ("Доставка та повернення це не складно, але його ще немає", {"uk"}),
        ("Shірріng іs frее", set()),
    ],
)
def test_script_and_small_words_tell_the_language(text: str, languages: set[str]) -> None:
    assert likely_languages(text) == languages


def test_unknown_or_foreign_without_a_name_is_never_the_same_language() -> None:
    assert same_language("The shop is open.", "Shops open on Sundays.")
    assert not same_language("Marta Kline", "Marta Kline")
    assert not same_language("Bu ücretsizdir.", "Bu ücretsizdir.")


@given(st.text(max_size=80))
def test_every_text_has_an_answer(text: str) -> None:
    assert isinstance(likely_languages(text), frozenset)


def test_a_megabyte_takes_no_long_time() -> None:
    with cpu_seconds_below(10):
        for unit in ("word ", "字", "é", "и "):
            likely_languages(unit * 500_000)
