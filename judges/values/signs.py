"""The sign of an amount: a minus that is written, and a fall that is told in words."""

from __future__ import annotations

import re

from assay.judges.text.words import word_set

_DASHES = "-−–"
_OPENING = " \t\u00a0([{<>=≈~:|,\"'*_`$€£¥"
"""What may stand before a minus. After a letter or a digit the dash joins: `covid-19`, `5-10`."""

_MINUS_WORD = re.compile(r"\b(?:minus|negative)\s{1,2}$", re.IGNORECASE)
"""A minus in words, right before the number, e.g. `minus `."""

_FALL_BEFORE = word_set(
    "fell fall falls falling fallen drop drops dropped dropping decline declines declined declining decrease "
    "decreases decreased decreasing down lose loses lost losing loss losses reduce reduces reduced reducing "
    "reduction shrank shrink shrinks shrunk shrinking sank slid slump slumped plunge plunged cut cuts deficit "
    "below under minus negative lower lowered less fewer contracted contraction withdrew withdrawn withdrawal "
    "debit debited gesunken gefallen baisse perte cayó caída"
)
"""Words before an amount that tell of a fall: `fell by 5 %`."""

_FALL_AFTER = word_set("below under drop decline decrease loss fall reduction lower less fewer deficit down cut")
"""Words behind it that do: `a 5 % drop`, `5 degrees below zero`."""

_AFTER = 4
"""Words behind an amount among which a fall may be told."""

_WORDS = re.compile(r"[^\W\d_]+").findall

_REACH = 48
"""Characters before an amount among which a fall may be told."""


def minus_before(text: str, start: int) -> int:
    """How many characters before `start` are the number's minus sign. A range, a bullet and a hyphen are none.

    `-5 °C` and `(-5)` have one; `5-10`, `pages 5 -10`, `covid-19` and a list item `-5 apples` on a line of its own
    have none.
    """
    if start == 0 or text[start - 1] not in _DASHES:
        ends = text[max(0, start - 3) : start].rstrip()[-1:]
        word = _MINUS_WORD.search(text, max(0, start - 12), start) if ends in ("s", "S", "e", "E") else None
        return start - word.start() if word else 0
    if start == 1:
        return 1
    before = text[start - 2]
    is_mark_of_length = before in "\"'" and text[start - 3 : start - 2].isdigit()  # `5'3"-5'4"` is a range
    if before not in _OPENING or is_mark_of_length:
        return 0
    last = text[max(0, start - 8) : start - 1].rstrip(" \t\u00a0")[-1:]
    return 0 if before in " \t\u00a0" and (not last or last.isdigit() or last in "%)\n\r") else 1


def falls(text: str, start: int, end: int) -> bool:
    """Whether the words beside an amount tell of a fall, a loss or a value below zero."""
    if not _FALL_BEFORE.isdisjoint(_WORDS(text[max(0, start - _REACH) : start].lower())):
        return True
    return not _FALL_AFTER.isdisjoint(_WORDS(text[end : end + _REACH].lower())[:_AFTER])
