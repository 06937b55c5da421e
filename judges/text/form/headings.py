"""Headings, rules, code fences and table headers: lines that lay a text out and state nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

_START = r"(?:^|(?<=[\n\r\x0b\x0c\x85\u2028\u2029]))"

_RULE_LINE = re.compile(
    rf"{_START}[ \t]{{0,8}}(?:\|?(?:[ \t]{{0,4}}:?-{{2,}}+:?[ \t]{{0,4}}[|+]){{1,40}}(?:[ \t]{{0,4}}:?-{{2,}}+:?)?"
    r"|\+(?:[-=]{2,}+\+){1,40}|[-*_=~+]{3,}+)[ \t]{0,8}(?=[\n\r]|$)"
)
"""The rule under a table's header, e.g. `|---|:--:|`, or between sections, e.g. `***`."""

_ROW_NUMBER = re.compile(
    r"(?:^|(?<=\n))[ \t]{0,8}\|[ \t*_]{0,6}(?P<number>\#?\d{1,3}[.)]?)[ \t*_]{0,6}(?=\|[^\n|]{0,2000}[^\W\d_]{3})"
)
"""The number of a table's row in its first cell, e.g. `| 2 | Basic | $9 |`."""

_HEADING = re.compile(
    r"(?:^|(?<=\n))[ \t>]{0,8}(?:#{1,6}[ \t]+[^\n.!?]{1,100}|\*\*[^\n*.!?]{1,80}\*\*:?|__[^\n_.!?]{1,80}__:?)"
    r"[ \t#*_:]{0,8}(?=\n|$)"
)
"""A line that is nothing but a heading, e.g. `## Opening hours`, `**Overview**`."""

_UNDERLINED = re.compile(r"(?:^|(?<=\n))[ \t]{0,3}(?P<title>[^\n.!?|]{1,80})\n={3,}+[ \t]{0,8}(?=\n|$)")
"""A heading that is underlined, e.g. `Opening hours\n=====`."""

FINITE_VERB = re.compile(
    r"\b(?:is|are|was|were|isn['’]t|aren['’]t|has|have|had|will|can|cannot|could|should|must|did|does|do|said|built|invented"
    r"|founded|opened|closed|became|costs?|includes?|requires?|lasts?|died|won|lost|made|shows?|allowed|ist|sind|war|est"
    r"|sont|es|son|è|sono|é|são)\b",
    re.IGNORECASE,
)
"""A verb that makes a line a sentence, e.g. `is`, `opened`. Common ones of five languages: enough to be careful by."""

_LIMITS = re.compile(
    r"\b(?:not|no|none|never|without|free|only|always|all|nicht|kein\w{0,2}|nur|ohne|pas|sans|sin|non|senza|não|sem)\b",
    re.IGNORECASE,
)
"""A word by which a title without a verb states something, e.g. `No refunds`."""

_FENCE = re.compile(rf"{_START}[ \t]{{0,8}}(?:```|~~~)[\w+#.-]{{0,20}}[ \t]{{0,8}}(?=[\n\r]|$)")
"""The line that opens or closes a block of code, e.g. `~~~`."""

_HASHES = re.compile(rf"{_START}[ \t>]{{0,8}}#{{1,6}}(?=\s)")
"""What marks a heading, e.g. `## `."""


def rules_and_headings(text: str) -> Iterator[tuple[int, int]]:
    """Rules of tables and sections, code fences, headings, the header of a table, and numbers of its rows."""
    for pattern in (_FENCE, _HASHES):
        for match in pattern.finditer(text):
            yield match.span()
    for match in _UNDERLINED.finditer(text) if "===" in text else ():
        if not states(match.group("title")) and _leads_on(text, match.end()):
            yield match.span("title")
    for match in _RULE_LINE.finditer(text):
        yield match.span()
        if "|" in match.group():
            yield _header_before(text, match.start())
    for match in _ROW_NUMBER.finditer(text) if "|" in text else ():
        yield match.span("number")
    for match in _HEADING.finditer(text):
        if not states(match.group()) and _leads_on(text, match.end()) and not _answers(text, match.start()):
            yield match.span()


def states(line: str) -> bool:
    """Whether a heading states something: it has a value in digits, a verb, or a word that allows or forbids."""
    return any(map(str.isdigit, line)) or any(pattern.search(line) for pattern in (FINITE_VERB, _LIMITS))


def _leads_on(text: str, position: int) -> bool:
    """Whether the line after is there and no bold line too: a last line, or a list of bold names, is no heading."""
    rest = text[position : position + 400].lstrip()
    return bool(rest) and not (text.startswith("\n**", position) or text.startswith("\n__", position))


def _answers(text: str, position: int) -> bool:
    """Whether the line before ends with a colon: what follows is what it announces."""
    return text[max(0, position - 40) : position].rstrip().endswith((":", "："))


def _header_before(text: str, position: int) -> tuple[int, int]:
    """The line before a table's rule, which names its columns; nothing where it is no row, or states something."""
    end = text.rfind("\n", 0, position)
    start = text.rfind("\n", 0, max(0, end)) + 1
    line = text[start:end] if end > 0 else ""
    return (start, end) if "|" in line and not states(line) else (position, position)
