"""Which sentences surely state something, and which only look like a question or a label."""

from __future__ import annotations

import pytest

from assay.judges.text.assertions import asks, asserts, is_label


@pytest.mark.parametrize(
    "sentence",
    [
        "Dragons guard the castle at night.",
        "Wizards repair the moat every morning.",
        "Napoleon personally drew its blueprints.",
    ],
)
def test_a_sentence_about_the_world_asserts(sentence: str) -> None:
    assert asserts(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I can help you with your order today.",
        "Would dragons guard the castle at night?",
        "That movie was really great fun.",
        "The documents do not mention dragons, castles or moats.",
        "Let me know if the castle needs repair.",
        "It is fun.",
        "Dragon, castle, moat",
        "Drachen bewachen nachts die Burg und das Tor.",
    ],
)
def test_talk_questions_taste_and_other_languages_assert_nothing_for_sure(sentence: str) -> None:
    assert not asserts(sentence)


def test_a_value_in_the_order_of_a_statement_is_no_question_and_no_label() -> None:
    assert not asks("Admission is 99 dollars and dogs are welcome?")
    assert asks("Is admission 99 dollars?")
    assert not is_label("Admission is 99 dollars and dogs are welcome:")
    assert is_label("The 3 main points are:")
    assert is_label("Ingredients:")
