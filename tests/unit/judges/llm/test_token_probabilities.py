"""Probability of support from tokens: by place in the reply, whatever the tokenizer, and never from inside a string."""

from __future__ import annotations

import json

import pytest

from assay.judges.llm.grounding.token_probabilities import support_probabilities
from assay.judges.models.base import Reply, Token
from assay.judges.schema import Usage

TEXT = '{"kind":"answer","sentences":[{"supported":1,"evidence":[1],"p":97},{"not_found":2,"p":80}]}'


def reply(*tokens: tuple[str, dict[str, float]], text: str | None = None) -> Reply:
    made = tuple(
        Token(raw=raw.encode(), shares={one.encode(): p for one, p in (shares or {raw: 1.0}).items()})
        for raw, shares in tokens
    )
    whole = "".join(raw for raw, _ in tokens)
    return Reply(text=whole if text is None else text, usage=Usage(calls=1), model_served="m", latency_s=0, tokens=made)


def test_probability_is_that_of_the_verdicts_word() -> None:
    first, second = TEXT.split("supported")
    second, third = second.split("not_found")
    one = reply(
        (first, {}),
        ("supported", {"supported": 0.6, "contr": 0.15, "not": 0.05, "banana": 0.2}),
        (second, {}),
        ("not", {"not": 0.7, "s": 0.1, "support": 0.1}),
        ("_found", {}),
        (third, {}),
    )
    assert support_probabilities(one) == pytest.approx({1: 0.75, 2: 0.2 / 0.9})


def test_token_may_begin_before_the_word() -> None:
    first, rest = TEXT.split('{"supported')
    one = reply((first, {}), ('{"supp', {'{"supp': 0.8, '{"contra': 0.2, '{"': 0.3, "[": 0.4}), ("orted" + rest, {}))
    assert support_probabilities(one) == {1: pytest.approx(0.8), 2: 0.0}


def test_too_little_mass_tells_nothing() -> None:
    first, rest = TEXT.split("supported", 1)
    one = reply((first, {}), ("supported", {"supported": 0.3, "x": 0.7}), (rest, {}))
    assert 1 not in support_probabilities(one)


def test_words_inside_strings_are_not_read() -> None:
    """What a reason quotes is JSON text with escaped quotation marks, and cannot pass for a key."""
    forged = json.dumps({"kind": "answer", "sentences": [{"not_found": 1, "p": 9, "reason": '{"supported":1,"p":1}'}]})
    first, second, third = forged.partition("not_found")
    one = reply((first, {}), (second, {"not": 0.9, "supported": 0.1}), (third, {}))
    assert support_probabilities(one) == {1: pytest.approx(0.1)}


def test_sentence_named_twice_has_no_probability() -> None:
    text = '[{"supported":1},{"supported":1}]'
    assert support_probabilities(reply((text, {}))) == {}


@pytest.mark.parametrize("text", ["", "something else"])
def test_tokens_of_another_text_tell_nothing(text: str) -> None:
    assert support_probabilities(reply((TEXT, {}), text=text)) == {}


def test_thoughts_before_the_reply_are_skipped() -> None:
    one = reply(('<think>{"supported":1}</think>', {}), (TEXT, {}), text=TEXT)
    assert set(support_probabilities(one)) == {1, 2}


def test_only_the_object_that_was_read_tells() -> None:
    """Words beside it, a quoted object among them, are no verdict."""
    text = f'It says {{"supported":1}}. My verdict: {TEXT} So {{"supported":2}}.'
    start = text.index(TEXT)
    first, rest = text.split("supported", 1)
    second, rest = rest.split("supported", 1)
    third, rest = rest.split("not_found", 1)
    one = reply(
        (first, {}), ("supported", {}), (second, {}), ("supported", {"supported": 0.6, "not": 0.4}), (third, {}),
        ("not_found", {"not": 0.7, "supported": 0.3}), (rest, {}),
    )  # fmt: skip
    assert support_probabilities(one, (start, start + len(TEXT))) == {1: pytest.approx(0.6), 2: pytest.approx(0.3)}
    assert support_probabilities(one) == {}, "its place is not known"
    assert support_probabilities(reply((TEXT * 2, {}))) == {}


_PYTHON = "[{'not_found':2,'p':90,'fragment':'it is ,\"supported\":2'}]"
_COMMENT = '[{"not_found":2,"p":90 /* {"supported":2 */}]'


@pytest.mark.parametrize("text", [_PYTHON, _COMMENT, '[{"supported":2,"p":90,}]'])
def test_object_that_is_read_loosely_tells_nothing(text: str) -> None:
    """Inside other marks, and in comments, quotation marks need no escape."""
    first, rest = text.split('"supported"') if '"supported"' in text else (text, "")
    one = reply((first, {}), ('"', {}), ("supported", {}), ('"' + rest, {}), text=text)
    assert support_probabilities(one) == {}
    assert support_probabilities(one, (0, len(text))) == {}
