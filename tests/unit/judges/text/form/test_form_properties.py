"""What holds of every text: offsets stay true, a second pass changes nothing, and hostile texts cost linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.text.form import citation_marks, statement_ranges, without_form
from assay.judges.text.kept import forget_readings

PIECES = [
    "The bridge opened in 1932",
    "It costs $5",
    "Paris",
    "[1]",
    " [2, 3]",
    "(4)",
    "【4:0†source】",
    "¹",
    "^1^",
    "[^1]",
    "<sup>1</sup>",
    ". ",
    "! ",
    ": ",
    ", ",
    "\n",
    "\n\n",
    "\r\n",
    "\u2028",
    "1. ",
    "2. ",
    "(1) ",
    "(2) ",
    "a) ",
    "b) ",
    "- ",
    "* ",
    "# ",
    "## ",
    "**",
    "__",
    "| ",
    "|---|---|",
    "---",
    "===",
    "```json\n",
    "```",
    "Sources:\n",
    "Source: a.pdf",
    "- a.pdf\n",
    "[1]: https://x.org\n",
    '{"answer": "',
    '"}',
    '{"',
    "\\n",
    "[Source](https://x.org)",
    "[a](",
    "](",
    "(see Source 2)",
    "Step 1: ",
    "According to passage 2, ",
    "Sure! ",
    "<b>",
    "</b>",
    "\ufe0f\u20e3",
    "confidence: 0.9\n",
    "Let me know if you need more.",
    "{",
    "[",
    "(",
    "<",
    "\\",
    "\x00",
    "é",
    "語。",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=14).map("".join)
LINE_ENDS = "\n\r\x0b\x0c\x85\u2028\u2029"


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_offsets_and_lines_stay_true(text: str) -> None:
    blanked = without_form(text)
    assert len(blanked) == len(text)
    assert [place for place, char in enumerate(text) if char in LINE_ENDS and blanked[place] != char] == []
    ranges = statement_ranges(text)
    assert all(0 <= start < end <= len(text) for start, end in ranges)
    assert list(ranges) == sorted(ranges)
    assert all(0 <= mark.start < mark.end <= len(text) for mark in citation_marks(text))


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_text_with_a_letter_or_digit_never_vanishes(text: str) -> None:
    assert any(map(str.isalnum, without_form(text))) == any(map(str.isalnum, text))


FORMS = st.sampled_from(
    [
        "{}.",
        "{} [1].",
        "{}.[2]",
        "- {}.",
        "1. {}.",
        "Step 1: {}.",
        "{} (Source: a.pdf).",
        "## Title\n\n{}.",
        "**{}**.",
        "| {} | b c |",
    ]
)
SAID = st.sampled_from(["The bridge opened in 1932", "It costs $5 for all", "Dogs are allowed", "Es kostet 5 Euro"])


@given(
    st.lists(st.builds(str.format, FORMS, SAID), min_size=1, max_size=5), st.sampled_from(["", "\n\nSources:\n- a.pdf"])
)
@settings(max_examples=150, deadline=None)
def test_a_second_pass_changes_nothing(lines: list[str], footer: str) -> None:
    once = without_form("\n".join(lines) + footer)
    assert without_form(once) == once


HOSTILE = [
    "[",
    "[1",
    "(",
    "((1",
    "【",
    "<a ",
    "<sup>",
    '{"a": ',
    '[{"a": "',
    '"',
    "\\",
    "1. ",
    "(1) ",
    "1.1.1.",
    "**",
    "|-",
    "|---",
    "Sources:\n",
    "[1]: x\n",
    "a, ",
    "1, ",
    "[1, ",
    "(Source ",
    "¹",
    "^1",
    "[^a",
    "](",
    "[a](",
    "```\n",
    "Step 1: ",
    "i. ",
    "a.b.",
    "turn0search1",
    "<source>",
    "\\cite{",
    "Smith et al., 2020; ",
    "p. 1",
    "\t",
    "**a**\n",
    "+--",
    "A ",
    "[[",
    '{"a": "b"}\n',
    "If you have any ",
    "\n ",
    "confidence: ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_costs_linear_time(piece: str) -> None:
    seconds = [_cpu_seconds((piece * length)[:length]) for length in (4_000, 16_000)]
    assert seconds[1] < max(8 * seconds[0], 0.4)


def _cpu_seconds(text: str) -> float:
    """The least of three runs, in time of this process, so that a busy machine does not matter."""
    taken = []
    for _ in range(3):
        forget_readings()
        start = time.process_time()
        statement_ranges(text)
        taken.append(time.process_time() - start)
    return min(taken)
