"""A pattern that is tried at the starts of lines finds what it finds when tried everywhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.text.form import closing, headings, json_shell, lead_ins, lists, table_rows
from assay.judges.text.form.line_starts import at_line_starts

PATTERNS = [
    *(headings._FENCE, headings._HASHES, headings._UNDERLINED, headings._RULE_LINE, headings._HEADING),
    *(closing._CONFIDENCE_LINE, lists._LABEL, lists._NUMBERED, json_shell._OPENING, lead_ins._ITEM_TITLE),
    *(table_rows._ROW, table_rows._HEADER_LINE),
]
PIECES = [
    "\n",
    "\r\n",
    "\u2028",
    "# ",
    "```",
    "---",
    "===",
    "| a | b |",
    "**Title**",
    "1. ",
    "a) ",
    "Step 2: ",
    '{"a": "b"}',
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.pattern[:30])
@given(
    pieces=st.lists(st.sampled_from([*PIECES, "Confidence: 0.9", "- **A**:", "   - x", "It rains. ", " "]), max_size=14)
)
def test_it_finds_the_same(pattern: re.Pattern[str], pieces: list[str]) -> None:
    text = "".join(pieces)
    everywhere = [match.span() for match in pattern.finditer(text)]
    assert [match.span() for match in at_line_starts(pattern, text)] == everywhere
