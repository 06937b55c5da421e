"""What has one meaning only is read, however it is spelt. What could have two is a fault, and never a score."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from assay.judges.errors import InvalidVerdict
from assay.judges.llm.grounding.reply import parse_reply
from assay.judges.llm.reply_object import MAX_REPLY_CHARS
from tests.unit.judges.llm.reply_variants import FAULTS, GOOD, LIST, READ

_MEANT = [(1, "supported", (1, 3), 0.97), (2, "not_found", (), 0.8)]


def read(text: str) -> list[tuple[int, str, tuple[int, ...], float | None]]:
    return [(told.n, told.verdict, told.evidence, told.p) for told in parse_reply(text, (1, 2)).entries]


def test_variants_are_many_and_all_differ() -> None:
    assert len(set(READ.values())) == len(READ) >= 60
    assert len(set(FAULTS.values())) == len(FAULTS) >= 60


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_spelling_with_one_meaning_is_read(text: str) -> None:
    assert read(text) == _MEANT


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS)
def test_spelling_with_two_meanings_or_none_is_a_fault(text: str) -> None:
    with pytest.raises(InvalidVerdict) as caught:
        read(text)
    assert str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("form", ["Sure:\n```json\nFAULT\n```\nDone.", "FAULT<|im_end|>", "<answer>\nFAULT\n</answer>"])
def test_fault_stays_one_in_any_wrapper(fault: str, form: str) -> None:
    with pytest.raises(InvalidVerdict):
        read(form.replace("FAULT", fault))


def test_place_of_the_object_is_said_where_it_stands_once() -> None:
    for text in (GOOD, f"Well: {GOOD} So.", f"```json\n{GOOD}\n```", f"\ufeff{LIST}"):
        start, end = parse_reply(text, (1, 2)).place or (0, 0)
        assert text[start:end] in (GOOD, LIST)
    for text in (f"{GOOD}\n{GOOD}", "\n".join(LIST.strip("[]").replace("}, {", "}\n{").split("\n"))):
        assert parse_reply(text, (1, 2)).place is None


_MB = MAX_REPLY_CHARS - 10
_LONG = {
    "brackets": "[" * _MB,
    "objects that open": '{"a":' * (_MB // 5),
    "braces in prose": "{x " * (_MB // 3),
    "empty lists": "[]" * (_MB // 2),
    "strings that open": '["' * (_MB // 2),
    "single marks": "['" * (_MB // 2),
    "typographic marks": "[“" * (_MB // 2),
    "comments that open": "[/*" * (_MB // 3),
    "line comments": "[//" * (_MB // 3),
    "escapes": '["' + "\\" * (_MB - 2),
    "escaped marks": '{"\\" ' * (_MB // 5),
    "blanks": "[ " * (_MB // 2),
    "digits": "[9e" * (_MB // 3),
    "one number": "[" + "9" * (_MB - 2) + "]",
    "words as keys": "{a:" * (_MB // 3),
    "entries on lines": '{"supported":1}\n' * (_MB // 16),
    "the same object": GOOD * (_MB // len(GOOD)),
    "nearly JSON": "{'a': [" + "{'k': 1}," * (_MB // 9 - 2) + "]}",
    "nearly JSON that breaks off": "{'a': [" + "{'k': 1}," * (_MB // 9 - 2),
    "fences": "```json\n" * (_MB // 8),
    "tags": "<a>" * (_MB // 3),
    "encoded": '{"a":"' + '[\\"' * (_MB // 4) + '"}',
    "one object in words": "It is so. " * (_MB // 10 - 50) + GOOD,
    "long text in a member": GOOD[:-1] + ', "x": "' + "y" * (_MB - len(GOOD) - 10) + '"}',
}


@pytest.mark.parametrize("text", _LONG.values(), ids=_LONG)
def test_a_megabyte_is_read_or_refused_within_a_second(text: str) -> None:
    assert len(text) <= MAX_REPLY_CHARS
    started = time.process_time()
    with suppress(InvalidVerdict):
        assert read(text) == _MEANT
    assert time.process_time() - started < 1.0
