"""Last lines that tell about the answer: how long it is, how sure it is, what it was tagged with, whence it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.line_starts import at_line_starts
from assay.judges.text.form.marks import SOURCE_NUMBERS, SOURCE_WORD
from assay.judges.text.form.named_marks import FILE_OR_ADDRESS
from assay.judges.text.form.predicates import tells
from assay.judges.text.form.topics import names_document

_LEVEL = r"(?:\d{1,3}(?:\.\d{1,6})?[ \t]?%?(?:[ \t]?/[ \t]?\d{1,3})?|(?:very[ \t])?(?:high|medium|low))"

_CONFIDENCE_LINE = re.compile(
    rf"""(?:^|(?<=\n))[ \t>*_(\[-]{{0,8}}(?:
      (?:confidence|certainty|relevance)(?:[ _](?:score|level
          |rating))?[*_]{{0,2}}[ \t]?[:=][*_]{{0,2}}[ \t]{{0,3}}{_LEVEL}
        (?:[ \t]?\(\s?{_LEVEL}\s?\))?(?:[ \t]?[–—-][ \t](?:directly|explicitly|clearly|fully)?[ \t]?
        (?:stated|supported|mentioned|found|given)[ \t](?:in
            |by)[ \t](?:the[ \t])?{SOURCE_WORD}(?:[ \t]{SOURCE_NUMBERS})?)?
      | score[*_]{{0,2}}[ \t]?[:=][*_]{{0,2}}[ \t]{{0,3}}[01]?\.\d{{1,6}}
      )[ \t.*_)\]]{{0,4}}(?=\n|$)""",
    re.VERBOSE | re.IGNORECASE,
)
"""A line that tells how sure the answer is, e.g. `Confidence: 9/10`; it may stand anywhere."""

_ABOUT_LINE = re.compile(
    r"""(?:^|(?<=\n))[ \t>*_(\[-]{0,8}(?:
        (?:word|token|character)s?[ \t]count[*_]{0,2}:[*_]{0,2}[ \t]?\d{1,5}
      | last[ \t](?:updated|modified|reviewed)[*_]{0,2}:?[*_]{0,2}[ \t](?:on[ \t])?[\w,./ -]{4,24}
      | (?:\#[^\W\d_]\w{1,30}[ \t]{0,2})(?:\#\w{2,30}[ \t]{0,2}){1,15}
      )[ \t.*_)\]]{0,4}(?=\n|$)""",
    re.VERBOSE | re.IGNORECASE,
)
"""A line about the answer, e.g. `(Word count: 42)`, `#bridge #sydney`."""

_DASHED = re.compile(r"[ \t>*_]{0,4}(?:[–—]{1,2}|--)[ \t](?P<source>[^\n]{3,120})")
"""A last line that names whence the answer is, e.g. `— Bridge Handbook, p. 17`."""

_PLACE = re.compile(
    r"(?:,\s?(?:p{1,2}\.|page|section|§|S\.|chapter)\s?\d{1,4}(?:[.–-]\d{1,4}){0,3})\W*$", re.IGNORECASE
)
"""The place after a title, e.g. `, p. 17`."""

_CLOSING_LINES = 4


def closing_lines(text: str) -> Iterator[tuple[int, int]]:
    """The lines about the answer among its last ones, and a last line with a dash that names a source."""
    for match in at_line_starts(_CONFIDENCE_LINE, text):
        yield match.span()
    lines = [match.span() for match in re.finditer(r"[^\n]*\w[^\n]*", text[-4000:])]
    skipped = max(0, len(text) - 4000)
    for first, end in lines[-_CLOSING_LINES:]:
        line = _ABOUT_LINE.match(text, skipped + first, skipped + end)
        if line and any(map(str.isalnum, text[: line.start()])):
            yield line.span()
    if len(lines) > 1:
        start, end = skipped + lines[-1][0], skipped + lines[-1][1]
        dashed = _DASHED.fullmatch(text, start, end)
        if dashed and _is_source(dashed.group("source")) and not _is_item(text, start):
            yield start, end


def _is_source(named: str) -> bool:
    if tells(named):
        return False
    return FILE_OR_ADDRESS.fullmatch(named) is not None or (
        _PLACE.search(named) is not None and (names_document(named) or named.istitle())
    )


def _is_item(text: str, start: int) -> bool:
    """Whether the line before is an item too: then the dash is that of a list."""
    return text[max(0, start - 300) : start].rstrip().rpartition("\n")[2].lstrip()[:1] in ("-", "–", "—")
