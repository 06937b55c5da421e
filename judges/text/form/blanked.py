"""The text with everything that is form blanked, and the sentences that are left."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
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
from assay.judges.text.kept import KeptReadings
from assay.judges.text.sentences import sentence_ranges


def without_form(text: str) -> str:
    """The text with spaces over everything that is form; of the same length, so that offsets stay true.

    A text that is nothing but form is left as it is: `[3]` and `**Paris**` may be the whole answer.
    """
    return _KEPT_BLANKED(text)


def _read(text: str) -> str:
    shown = _with_list_marks(_without_marks(text))
    for ranges in (row_numbers, about_cells, rules_and_headings, lead_ins):
        shown = _blanked(shown, ranges(shown))
    return shown if any(map(str.isalnum, shown)) else text


_KEPT_BLANKED = KeptReadings(_read, weigh=len)


def _blanked(text: str, ranges: Iterable[tuple[int, int]]) -> str:
    """The text with spaces over the ranges. Mostly there are none, and it is the same text."""
    places = list(ranges)
    if not places:
        return text
    shown = list(text)
    for start, end in places:
        blank(shown, start, end)
    return "".join(shown)


def _with_list_marks(text: str) -> str:
    """The text without the numbers of lists, with a dash where one keeps the line an item."""
    numbers = list(list_numbers(text))
    if not numbers:
        return text
    shown = list(text)
    for start, end, dash in numbers:
        blank(shown, start, end)
        if dash:
            shown[start] = "-"
    return "".join(shown)


def _without_marks(text: str) -> str:
    """The text without shells, links, lists of sources and marks."""
    # Lists of sources go before and after links: `[Handbook](https://…)` looks like a source, `Handbook` may not.
    text = without_json_shell(text)
    for ranges in (markup, closing_lines):
        text = _blanked(text, ranges(text))
    listed = _blanked(text, source_lists(text))
    linked = _blanked(listed, link_parts(listed))
    text = text if linked is text else _blanked(linked, source_lists(linked))
    shown = list(text)
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
    return "".join(shown)


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


def statement_ranges(text: str) -> Sequence[tuple[int, int]]:
    """Offsets of the sentences of a response that state something: those that are more than form, in order."""
    return _KEPT_RANGES(text)


def _ranges_of_statements(text: str) -> Sequence[tuple[int, int]]:
    blanked = without_form(text)
    return tuple(
        (start, end)
        for start, end in sentence_ranges(blanked)
        if any(map(str.isalnum, blanked[start:end])) and not is_courtesy(as_read(blanked[start:end]))
    )


_KEPT_RANGES = KeptReadings(_ranges_of_statements, weigh=lambda ranges: 120 * len(ranges))

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
