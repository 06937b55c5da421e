"""The text with everything that is form blanked, and the sentences that are left."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from assay.judges.schema import Span
from assay.judges.text.form.closing import closing_lines
from assay.judges.text.form.courtesy import is_courtesy
from assay.judges.text.form.headings import rules_and_headings
from assay.judges.text.form.json_shell import without_json_shell
from assay.judges.text.form.lead_ins import lead_ins
from assay.judges.text.form.links import link_parts
from assay.judges.text.form.lists import list_numbers
from assay.judges.text.form.marks import citation_marks, leads
from assay.judges.text.form.markup import markup, plain_numbers
from assay.judges.text.form.named_marks import named_marks
from assay.judges.text.form.source_list import source_lists
from assay.judges.text.form.spaces import blank
from assay.judges.text.form.table_rows import about_cells, row_numbers
from assay.judges.text.form.tags import tags
from assay.judges.text.sentences import sentence_ranges


@lru_cache(maxsize=16)
def without_form(text: str) -> str:
    """The text with spaces over everything that is form; of the same length, so that offsets stay true.

    A text that is nothing but form is left as it is: `[3]` and `**Paris**` may be the whole answer.
    """
    shown = _without_marks(text)
    for start, end, dash in list_numbers("".join(shown)):
        blank(shown, start, end)
        if dash:
            shown[start] = "-"
    for ranges in (row_numbers, about_cells, rules_and_headings, lead_ins):
        for start, end in ranges("".join(shown)):
            blank(shown, start, end)
    blanked = "".join(shown)
    return blanked if any(map(str.isalnum, blanked)) else text


def _without_marks(text: str) -> list[str]:
    """The characters of the text without shells, links, lists of sources and marks."""
    # Lists of sources go before and after links: `[Handbook](https://…)` looks like a source, `Handbook` may not.
    shown = list(without_json_shell(text))
    for ranges in (markup, closing_lines, source_lists, link_parts, source_lists):
        for start, end in ranges("".join(shown)):
            blank(shown, start, end)
    text = "".join(shown)
    for start, end, number in plain_numbers(text):
        shown[start:end] = number.ljust(end - start)
    text = "".join(shown)
    for start, end in (lead_ranges := list(leads(text))):
        blank(shown, start, end)
    for _, end in lead_ranges:
        _begin_sentence(shown, end)
    marks = sorted(mark.range for mark in (*citation_marks(text), *named_marks(text)))
    for start, end in (*(_with_dressing(text, *mark) for mark in marks), *_between(text, marks), *tags(text)):
        blank(shown, start, end)
    return shown


_JOINT = re.compile(r"\s?[-–,;/&]\s?")
"""What joins two marks, e.g. `, ` in `[1], [2]`."""


def _between(text: str, marks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What joins marks that stand side by side."""
    for (_, end), (start, _) in pairwise(marks):
        if end < start <= end + 3 and _JOINT.fullmatch(text, end, start):
            yield end, start


def _with_dressing(text: str, start: int, end: int) -> tuple[int, int]:
    """A mark with what sets it off: `~~[1]~~`, `` `[1]` ``, and the sign before `🔗[1]`."""
    for _ in range(3):
        before, after = text[start - 1 : start], text[end : end + 1]
        if before == after and before in ("~", "`", "_"):
            start, end = start - 1, end + 1
    while start and (text[start - 1] in "\ufe0f" or unicodedata.category(text[start - 1]) == "So"):
        start -= 1
    return start, end


def _begin_sentence(shown: list[str], position: int) -> None:
    """Write what follows a blanked lead as the start of a sentence, which it is without the lead."""
    while position < len(shown) and shown[position] == " ":
        position += 1
    if position < len(shown) and len(capital := shown[position].upper()) == 1:
        shown[position] = capital


def statement_ranges(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences of a response that state something: those that are more than form, in order."""
    blanked = without_form(text)
    return [
        (start, end)
        for start, end in sentence_ranges(blanked)
        if any(map(str.isalnum, blanked[start:end])) and not is_courtesy(as_read(blanked[start:end]))
    ]


_LOOSE_STOP = re.compile(r"(?<=\S)[ \t]+(?=[.,;:!?。，)\]])|(?<=[ \t])[ \t]+")
"""The gap a blanked mark leaves before a stop, or between words, as in `1932   .`."""


def as_read(blanked: str) -> str:
    """A stretch of blanked text as one would have written it without the marks: no gaps where they stood."""
    if blanked.count("|") >= 2:
        blanked = blanked.replace("|", " ").strip()
    return _LOOSE_STOP.sub("", blanked) if "  " in blanked or " ." in blanked else blanked


def statements(text: str) -> list[Span]:
    """What `statement_ranges` gives, as spans."""
    return [Span(start=start, end=end) for start, end in statement_ranges(text)]
