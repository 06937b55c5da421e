"""Headings, rules, code fences and table headers: lines that lay a text out and state nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.line_starts import at_line_starts
from assay.judges.text.form.predicates import states
from assay.judges.text.form.topics import new_words, says_much, section

_START = r"(?:^|(?<=[\n\r\x0b\x0c\x85\u2028\u2029]))"

_RULE_LINE = re.compile(
    rf"{_START}[ \t]{{0,8}}(?:\|?(?:[ \t]{{0,4}}:?-{{2,}}+:?[ \t]{{0,4}}[|+]){{1,40}}(?:[ \t]{{0,4}}:?-{{2,}}+:?)?"
    r"|\+(?:[-=]{2,}+\+){1,40}|[-*_=~+]{3,}+)[ \t]{0,8}(?=[\n\r]|$)"
)
"""The rule under a table's header, e.g. `|---|:--:|`, or between sections, e.g. `***`."""

_HEADING = re.compile(
    r"(?:^|(?<=\n))[ \t>]{0,8}(?:#{1,6}[ \t]+[^\n.!?]{1,100}|\*\*[^\n*.!?]{1,80}\*\*:?|__[^\n_.!?]{1,80}__:?)"
    r"[ \t#*_:]{0,8}(?=\n|$)"
)
"""A line that is nothing but a heading, e.g. `## Opening hours`, `**Overview**`."""

_UNDERLINED = re.compile(
    r"(?:^|(?<=\n))[ \t]{0,3}(?P<title>[^\n.!?|]{1,80})\n(?P<line>={3,}+|-{3,}+)[ \t]{0,8}(?=\n|$)"
)
"""A heading that is underlined, e.g. `Opening hours\n=====`."""

_FENCE = re.compile(rf"{_START}[ \t]{{0,8}}(?:```|~~~)[\w+#.-]{{0,20}}[ \t]{{0,8}}(?=[\n\r]|$)")
"""The line that opens or closes a block of code, e.g. `~~~`."""

_HASHES = re.compile(rf"{_START}[ \t>]{{0,8}}#{{1,6}}(?=\s)")
"""What marks a heading, e.g. `## `."""


def rules_and_headings(text: str) -> Iterator[tuple[int, int]]:
    """Rules of tables and sections, code fences, headings, and the header of a table."""
    for pattern in (_FENCE, _HASHES):
        for match in at_line_starts(pattern, text):
            yield match.span()
    for match in at_line_starts(_UNDERLINED, text) if "===" in text or "---" in text else ():
        # A rule may stand below an answer too, so that only a generic title is one by it.
        generic = match.group("line")[0] == "=" or not new_words(match.group("title"), "")
        if generic and _is_title(text, match.span("title"), match.end()):
            yield match.span("title")
    for match in at_line_starts(_RULE_LINE, text):
        yield match.span()
        if "|" in match.group():
            yield header_before(text, match.start())
    for match in at_line_starts(_HEADING, text):
        if _is_title(text, match.span(), match.end()) and not _answers(text, match.start()):
            yield match.span()


def _is_title(text: str, title: tuple[int, int], end: int) -> bool:
    """Whether a line is the title of what is below it, and says no more than what that is about."""
    line = text[slice(*title)]
    return not states(line) and _leads_on(text, end) and not says_much(line, section(text, title[0]))


def _leads_on(text: str, position: int) -> bool:
    """Whether the line after is there and no bold line too: a last line, or a list of bold names, is no heading."""
    rest = text[position : position + 400].lstrip()
    return bool(rest) and not (text.startswith("\n**", position) or text.startswith("\n__", position))


def _answers(text: str, position: int) -> bool:
    """Whether the line before ends with a colon: what follows is what it announces."""
    return text[max(0, position - 40) : position].rstrip().endswith((":", "："))


def header_before(text: str, position: int) -> tuple[int, int]:
    """The line before a table's rule, which names its columns; nothing where it is no row, or states something."""
    end = text.rfind("\n", 0, position)
    start = text.rfind("\n", 0, max(0, end)) + 1
    line = text[start:end] if end > 0 else ""
    cells = line.split("|")
    return (start, end) if len(cells) > 1 and not any(map(states, cells)) else (position, position)
