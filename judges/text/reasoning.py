"""Reasoning that a model wrote before its answer: no part of the answer, so it is neither judged nor believed."""

from __future__ import annotations

import re

_OPENS = re.compile(r"\s*<(think|thinking|thought|thoughts|reasoning|reflection|scratchpad)>", re.IGNORECASE)
"""The beginning of a block of reasoning: `<think>`."""

_NOT_BLANK = re.compile(r"\S")
"""A character that shows: `a`."""


def reasoning_end(text: str) -> int:
    """Where the answer begins: after the blocks of reasoning at the start, 0 where there is none.

    Only blocks at the very start count, in the tags that models in use write: a tag further on is text like any other,
    and hides nothing. A block that is never closed leaves no answer.
    """
    end = 0
    while opened := _OPENS.match(text, end):
        closed = re.compile(rf"</{opened.group(1)}>", re.IGNORECASE).search(text, opened.end())
        if closed is None:
            return len(text)
        end = closed.end()
    return end


def without_reasoning(text: str) -> str:
    """The text with its reasoning blanked out: as long as before, so that offsets into one hold for the other."""
    end = reasoning_end(text)
    return _NOT_BLANK.sub(" ", text[:end]) + text[end:] if end else text
