"""Objects and lists are found among words, nearly JSON, too. What breaks off is named only where it was a reply."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.text.json_places import holds_object, json_places
from assay.judges.text.loose_json import MOST_CHARS, LooseReader, NearlyJson
from assay.judges.text.strict_json import NotJson, TooDeep, same_value
from tests.examples import examples

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
containers = st.recursive(
    st.lists(scalars, max_size=3) | st.dictionaries(st.text(), scalars, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def values(text: str) -> list[Any]:
    return [place.value for place in json_places(text, None)]


@settings(max_examples=examples(200))
@given(st.lists(containers, max_size=4), st.text(alphabet="ab \n:,.'!?", max_size=8))
def test_every_object_among_words_is_found_in_order(objects: list[Any], words: str) -> None:
    text = words + words.join(f" {json.dumps(value)} " for value in objects)
    places = json_places(text, lambda _: False)
    assert [place.value for place in places] == objects
    assert [json.loads(text[place.start : place.end]) for place in places] == objects


@settings(max_examples=examples(200))
@given(containers)
def test_loose_reading_of_what_keeps_to_the_standard_is_the_same(value: Any) -> None:
    text = json.dumps(value)
    assert LooseReader(text, lambda _: False).read(0) == (value, len(text))


@settings(max_examples=examples(100))
@given(st.dictionaries(st.text(alphabet="abc_", min_size=1, max_size=5), st.integers() | st.booleans() | st.none()))
def test_what_python_prints_is_read(value: dict[str, Any]) -> None:
    assert values(str(value)) == [value]


@settings(max_examples=examples(200))
@given(st.text(alphabet="{}[]\"'“”:,/*#\\%aNn1-. \n", max_size=60))
def test_any_text_is_searched_without_an_exception(text: str) -> None:
    for place in json_places(text, lambda _: True):
        assert 0 <= place.start < place.end <= len(text)
        assert place.flaw or isinstance(place.value, dict | list)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1,}', {"a": 1}),
        ("[1, 2, ]", [1, 2]),
        ("{'a': 'b'}", {"a": "b"}),
        ("{“a”: ‘b’}", {"a": "b"}),
        ("{„a“: 1}", {"a": 1}),
        ("{a: b}", {"a": "b"}),
        ("{'a': True, 'b': None, 'c': FALSE}", {"a": True, "b": None, "c": False}),
        ('{"a": 1 // so\n}', {"a": 1}),
        ('{"a": /* so */ 1}', {"a": 1}),
        ('{"a": 1 # so\n}', {"a": 1}),
        ('{"a": 97%, "b": 5 %}', {"a": "97%", "b": "5%"}),
        ('{"a": "\\ud83d\\ude00", }', {"a": "😀"}),
        ('{"a": "it\\\'s", }', {"a": "it's"}),
        ('{"a": "b\nc"}', {"a": "b\nc"}),
        ("\ufeff{\u200b'a': 1}", {"a": 1}),
        ('{"a": 1, "a": 1}', {"a": 1}),
    ],
)
def test_one_meaning_is_read(text: str, value: Any) -> None:
    assert values(f"so: {text} done") == [value]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{",
            "{]",
            "{a}",
            "{a:}",
            "{:1}",
            "{1: 2}",
            "[1 2]",
            "[1;2]",
            "{'a': 'it's'}",
            '{"a": "b" c}',
            "[--1]",
            "[/* ]",
        ),
        *('{"a": "b', "[+1]", "[,1]", "{,}", '{"a" "b"}', "{a b: 1}", "[..]", "[{]}", "{“a: 1}"),
    ],
)
def test_what_is_no_object_is_none(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"a": 1, "a": 2}', "same key twice"),
        ("{'a': 1, 'a': True}", "same key twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": 1e999}', "too large"),
        ('{"a": 01}', "at character"),
        ('{"a": ' + "9" * 5_000 + "}", "too long"),
        ('"sentences": [1]', "beginning is missing"),
    ],
)
def test_whole_object_with_a_fault_in_it_is_named(text: str, named: str) -> None:
    (place,) = json_places(f"so: {text} done", lambda _: False)
    assert named in (place.flaw or "")


def test_object_that_breaks_off_is_named_where_it_was_a_reply() -> None:
    for text in ('{"a": [{"mark": 1', "{'a': [{'mark': 1}", '{mark: 1 "b"}'):
        (place,) = json_places(text, lambda key: key == "mark")
        assert place.value is None
        assert "at character" in (place.flaw or "")
        assert all(place.flaw is None for place in json_places(text, None))


@pytest.mark.parametrize("text", ["{", '{"sent', '{"a": [', "{'a", '[{"a": 1} {', '{"a": "b', "{a: 1, /* so"])
def test_object_that_is_begun_where_the_text_ends_is_named(text: str) -> None:
    places = json_places(f'{{"a": 1}} and {text}', lambda key: key == "mark")
    assert places[0] == (0, 8, {"a": 1}, None, False)
    assert "does not end" in (places[-1].flaw or "")
    assert all(place.flaw is None for place in json_places(f'{{"a": 1}} and {text}', None))


@pytest.mark.parametrize("words", ["See [1", "so :[", "{x", "{it's", "[0m", "{1, 2}", "{as asked"])
def test_words_that_are_no_object_are_not_named(words: str) -> None:
    assert [place.value for place in json_places(f'{{"a": 1}} {words}.', lambda key: key == "mark")][:1] == [{"a": 1}]
    assert all(place.flaw is None for place in json_places(f'{{"a": 1}} {words}.', lambda key: key == "mark"))


@pytest.mark.parametrize(
    "text",
    [
        *("{mark: 1, a: 'x \"mark\": 2'}", '{mark: 1, a: "b" /* ", mark: 2 */}', "{'mark': 1 # 'mark': 2\n}"),
        *(
            '{mark: 1} {"a": "mark: 2"}',
            '{"mark": 1,} {"a": "x\' \'mark\': 2"}',
            "{'mark': 1, 'a': \"'mark': 2\"}",
            "{mark: 1, a: ‘MARK: 2’}",
        ),
    ],
)
def test_what_may_hide_a_part_of_a_reply_is_named(text: str) -> None:
    places = json_places(text, lambda key: key.lower() == "mark")
    assert places[-1].value is None
    assert "escape every quotation mark" in (places[-1].flaw or "")


@pytest.mark.parametrize("comment", ["both", "E1: as asked", "it's so", "50 % {about} [1]", "mark: 1"])
def test_comment_in_words_is_read(comment: str) -> None:
    for text in (f"{{mark: 1 /* {comment} */}}", f"{{mark: 1 // {comment}\n}}", f"{{mark: 1 # {comment}\n}}"):
        assert [place.flaw for place in json_places(text, lambda key: key == "mark")] == [None]


def test_too_much_is_refused_and_not_read_for_long() -> None:
    with pytest.raises(TooDeep):
        values("[" * 100_000)
    for text in ("[]" * 10_000, "{x " * 100_000):
        with pytest.raises(NotJson, match="too many"):
            values(text)
    with pytest.raises(NearlyJson):
        LooseReader("{'a': [" + "1," * MOST_CHARS, lambda _: False).read(0)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('{"a": 1}', True),
        ('```json\n{"a": 1}\n```', True),
        ('So: {"a": 1} {"a": 1}<|im_end|>', True),
        ('\ufeff[{"a": 1}]', True),
        ('{"a": 1} {"a": 2}', False),
        ('{"a": 1', False),
        ("See [1] and [2].", False),
        ("prose", False),
        ("", False),
        ("[" * 100_000, False),
    ],
)
def test_one_object_among_words_is_told(text: str, holds: bool) -> None:  # a table's column
    assert holds_object(text) is holds


def test_truth_is_no_number_when_compared() -> None:
    assert same_value({"a": [1, 2.0]}, {"a": [1.0, 2]})
    assert not same_value([True], [1])
    assert not same_value({"a": 1}, {"a": 1, "b": 2})
    assert not same_value([1], [1, 2])
