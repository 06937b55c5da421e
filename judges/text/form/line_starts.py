"""Patterns that match only where a line begins are tried only there: most of a text is no beginning of a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.spaces import LINE_ENDS

_LINE_END = re.compile(f"[{LINE_ENDS}]")
"""A character that ends a line, as `\\n`."""


def at_line_starts(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """What `pattern.finditer(text)` gives for a pattern that begins where the text or a line does.

    Its matches are never empty.
    """
    done = 0
    for start in (0, *(end.end() for end in _LINE_END.finditer(text))):
        match = pattern.match(text, start) if start >= done else None
        if match is not None:
            yield match
            done = match.end()
