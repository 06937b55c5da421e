"""Numbers that stand whole in a text, found without reading its values: most of what is asked for is among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.values.signs import minus_before

LONGEST_RUN = 30
"""Digits of a number that is looked for. Longer ones are cut."""

_FROM_DIGIT = re.compile(r"[0-9]\S*")
"""A token from its first digit on: `1987)` in `(1987)`."""

_GLUED_LINK = re.compile(r"(?<=[0-9])(?:https?:|www\.)", re.IGNORECASE)
"""A link glued to a number, as scraped text has it: `208-4832https://lib.org`."""

_RUN = re.compile(r"[0-9]+")
"""Digits in a row: `1191`."""

_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?![0-9])")
"""Digits grouped by commas, as one number has them: `1,191`."""


def whole_numbers(text: str) -> Iterator[str]:
    """Digits that are all the digits of their token: `1987` of `(1987)`, `9001` of `ISO9001`, cells of `Pro,29,50`.

    The parts of `1,191`, `2021-03-05`, `3.14` and `-5` are not among them.
    """
    for token in _FROM_DIGIT.finditer(text):
        written, start = token.group(), token.start()
        written = _GLUED_LINK.split(written, maxsplit=1)[0]
        first = _RUN.match(written)
        if first is None or _part_before(text, start):
            continue
        if not _RUN.search(written, first.end()):
            if first.end() <= LONGEST_RUN:
                yield first.group()
        elif "," in written:
            yield from _cells(text, start, written)


def _part_before(text: str, start: int) -> bool:
    """Whether the digits are the end of something longer: `.5`, `-5`."""
    before = text[start - 1 : start]
    if before == ".":
        return not text[max(0, start - 2) : start - 1].isalpha()
    return before in "-−–" and before != "" and minus_before(text, start) > 0


def _cells(text: str, start: int, written: str) -> Iterator[str]:
    """The whole numbers among values parted by commas without spaces. Grouped digits are one number and no cells."""
    glued = text[start - 1 : start] == "," and text[max(0, start - 2) : start - 1].isalnum()
    cells = written.rstrip(".,;:)").split(",")
    if not glued and (_GROUPED.match(written) or len(cells) < 3):
        return
    yield from (cell for cell in cells if cell.isdecimal() and cell.isascii() and len(cell) <= LONGEST_RUN)
