"""Links: their text is read, their target is form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from assay.judges.text.form.marks import SOURCE_NUMBERS, SOURCE_WORD
from assay.judges.text.form.named_marks import FILE_OR_ADDRESS

_LINK = re.compile(
    r"!?\[(?P<text>(?:[^\[\]\n]|\[[^\[\]\n]{0,20}\]){0,300})\]"
    r"\(\s?<?(?:[^()\s<>]|\([^()\s]{0,200}\)){1,2000}>?(?:\s\"(?P<title>[^\"\n]{0,200})\")?\s?\)"
)
"""A Markdown link, e.g. `[docs](https://example.org/a)`; or an image, e.g. `![logo](logo.png)`."""

_NAMES_A_SOURCE = re.compile(
    rf"\W{{0,4}}(?:{SOURCE_WORD}|links?|here|url|web\s?site|site|read\smore|learn\smore|more|see|via|wiki(?:pedia)?|mehr|hier|ici"
    rf"|aquí)?[\s#_:.-]{{0,3}}(?:{SOURCE_NUMBERS})?\W{{0,4}}",
    re.IGNORECASE,
)
"""A link's text that says nothing but that there is a source, e.g. `source 2`, `here`, `[1]`."""


def link_parts(text: str) -> Iterator[tuple[int, int]]:
    """What is form of each link: its brackets and its target, and its text where that only names a source."""
    if "](" not in text:
        return
    for match in _LINK.finditer(text):
        start, end = match.span()
        first, last = match.span("text")
        if text[start] == "!" or any(
            named.fullmatch(text, first, last) for named in (_NAMES_A_SOURCE, FILE_OR_ADDRESS)
        ):
            first = last = -1
        # A title is shown beside the link, so it is read as its text is.
        yield from _outside(
            _with_brackets(text, start, end) if last < 0 else (start, end), [(first, last), match.span("title")]
        )


def _outside(whole: tuple[int, int], read: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of a link around what is read of it. A part that is not there begins at -1."""
    position = whole[0]
    for first, last in read:
        if first >= 0:
            yield position, first
            position = last
    yield position, whole[1]


def _with_brackets(text: str, start: int, end: int) -> tuple[int, int]:
    """The range, and the round or square brackets right around it: `([source](https://…))`."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return (start - 1, end + 1) if (before, after) in (("(", ")"), ("[", "]")) else (start, end)
