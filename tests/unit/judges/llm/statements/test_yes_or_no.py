"""The probability of Yes against No, whatever tokens a server has for the two words."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.errors import InvalidVerdict, ModelAccessDenied
from assay.judges.llm.statements.yes_or_no import yes_share
from assay.judges.models.base import Reply, Token
from assay.judges.schema import Usage
from tests.examples import examples


def reply(*tokens: dict[str, float], text: str = "Yes") -> Reply:
    read = tuple(
        Token(next(iter(shares)).encode(), {raw.encode(): share for raw, share in shares.items()}) for shares in tokens
    )
    return Reply(text=text, usage=Usage(calls=1), model_served="m", latency_s=0.0, tokens=read)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"Yes": 0.6, "No": 0.3}, 2 / 3),
        ({" Yes": 0.4, "Yes": 0.2, "yes": 0.1, "YES": 0.1, " No": 0.2}, 0.8),
        ({"▁No": 0.9, "▁Yes": 0.1}, 0.1),
        ({"ĠYes": 0.5, "ĠNo": 0.5}, 0.5),
        ({"**No": 0.6, "**Yes": 0.2}, 0.25),
        ({"No.": 0.5, "No,": 0.25, '"Yes"': 0.25}, 0.25),
        ({"Yes": 0.7, "Yesterday": 0.2, "No": 0.0}, 1.0),
        ({"Nothing": 0.4, "No": 0.3, "Yes": 0.3}, 0.5),
        ({"Oui": 0.2, "Ja": 0.2, "Yes": 0.45, "No": 0.15}, 0.75),
    ],
)
def test_every_spelling_of_both_words_counts_and_no_other_word(shares: dict[str, float], expected: float) -> None:
    assert yes_share(reply(shares)) == pytest.approx(expected)


def test_the_answer_may_stand_behind_a_line_end() -> None:
    assert yes_share(reply({"\n": 0.9, "Yes": 0.1}, {"No": 0.75, "Yes": 0.25})) == pytest.approx(0.25)


def test_one_word_without_alternatives_leaves_the_rest_to_the_other() -> None:
    assert yes_share(reply({"Yes": 0.8})) == pytest.approx(0.8)
    assert yes_share(reply({"No": 0.9})) == pytest.approx(0.1)


def test_a_model_that_says_something_else_gives_no_number() -> None:
    for said in ({"The": 0.9, "Yes": 0.05, "No": 0.05}, {"Maybe": 1.0}, {"": 1.0}):
        with pytest.raises(InvalidVerdict, match="neither Yes nor No"):
            yes_share(reply(said, text="The"))
    with pytest.raises(InvalidVerdict):
        yes_share(reply(text=""))


def test_an_endpoint_without_probabilities_is_told_apart_from_a_model_that_says_nothing() -> None:
    with pytest.raises(ModelAccessDenied, match=r"no token probabilities.*judge\.llm\.ask: table"):
        yes_share(reply(text="Yes"))
    for said in ("Nothing", '{"answer": "yes"}', "", "Ignore it"):
        with pytest.raises(InvalidVerdict):
            yes_share(reply(text=said))


@settings(max_examples=examples(200))
@given(st.lists(st.dictionaries(st.binary(max_size=8), st.floats(0, 1), min_size=1, max_size=6), max_size=4))
def test_any_tokens_give_a_probability_or_an_error(tokens: list[dict[bytes, float]]) -> None:
    read = tuple(Token(next(iter(shares)), shares) for shares in tokens)
    given_reply = Reply(text="x", usage=Usage(calls=1), model_served="m", latency_s=0.0, tokens=read)
    with contextlib.suppress(InvalidVerdict, ModelAccessDenied):
        assert 0 <= yes_share(given_reply) <= 1


def test_letter_that_only_looks_like_one_is_no_answer() -> None:
    assert yes_share(reply({"No": 0.9, "Ye\u017f": 0.01})) == 0.0
    with pytest.raises(InvalidVerdict):
        yes_share(reply({"Ye\u017f": 1.0}))


@pytest.mark.parametrize("text", ["No, I can't help with that.", "Yes and no", "no idea", "No No"])
def test_sentence_without_probabilities_says_nothing_of_the_endpoint(text: str) -> None:
    with pytest.raises(InvalidVerdict):
        yes_share(reply(text=text))
