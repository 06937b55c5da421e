"""Words before an amount that say how exactly it is meant: `about`, `more than`, `at most`, `exactly`."""

from __future__ import annotations

import re
from typing import Literal

_REACH = 28
"""Characters before an amount among which such words stand."""

_APPROXIMATE = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|some|circa|ca\.?|close to|etwa|rund|ungefähr|zirka|environ"
    r"|quelque|à peu près|aproximadamente|unos|unas|alrededor de|cerca d[ei]|circa|cirka|omkring|ungefär|omtrent"
    r"|ongeveer|około|около|примерно|приблизительно)|~|≈)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that is rounded: `about `."""

_NEARLY = re.compile(
    r"\b(?:nearly|almost|just under|not quite|fast|beinahe|knapp|presque|près de|casi|quasi|næsten|nästan|bijna|prawie"
    r"|почти)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that is rounded up, e.g. `nearly `."""

_EXACT = re.compile(
    r"\b(?:exactly|precisely|genau|exakt|exactement|exactamente|esattamente|præcis|ровно)\s*$", re.IGNORECASE
)
"""What stands before a value that is not rounded, e.g. `exactly `."""

_LESS = r"(?:less|fewer|lower|smaller|weniger|moins|menos|meno|mindre|færre|färre|minder|mniej|менее|меньше)"
_MORE = r"(?:more|greater|higher|mehr|plus|más|mais|più|mere|flere|mer|fler|meer|więcej|более|больше)"
_THAN = r"(?:\s(?:than|als|de|que|di|do|end|än|enn|dan|niż|чем))?"
_NOT = r"(?:no|not|nicht|pas|non|ikke|inte|niet|nie|не)\s"
_LESS_THAN = rf"{_LESS}{_THAN}|under|below|unter"
_MORE_THAN = rf"{_MORE}{_THAN}|over|above|upwards of|in excess of|über|oltre|över|ponad|свыше"
_AT_MOST = (
    rf"{_NOT}{_MORE}{_THAN}|(?:at most|up to|at maximum|a maximum of|höchstens|maximal"
    r"|bis zu|au (?:plus|maximum)|jusqu['’]à|como máximo|hasta|al massimo|fino a|no máximo|até|højst|op til|högst"
    r"|upp till"
    r"|hoogstens|maximaal|tot|najwyżej|do|максимум|до)"
)
_AT_LEAST = (
    rf"{_NOT}{_LESS}{_THAN}|(?:at least|a minimum of|mindestens"
    r"|wenigstens|au moins|al menos|por lo menos|almeno|pelo menos|mindst|minst|minstens|co najmniej|минимум)"
)
_BOUND = re.compile(
    rf"(?<!\w)(?:(?P<most>{_AT_MOST})|(?P<least>{_AT_LEAST})|(?P<less>{_LESS_THAN})|(?P<more>{_MORE_THAN}))\s$",
    re.IGNORECASE,
)
"""What stands before an amount that is a bound of another one, e.g. `more than `, `höchstens `."""

Exactness = Literal["exact", "about", "nearly", "less", "more", "most", "least", ""]


def exactness(before: str) -> Exactness:
    """How exactly an amount is meant, by what stands just before it. Empty where nothing says so.

    `less` and `more` are told of an amount on that side, `most` and `least` mostly name a limit themselves.
    """
    words = before[-_REACH:]
    if not words or words[-1] not in " ~≈\u00a0\n":
        return ""
    bound = _BOUND.search(words)
    if bound:
        return next(side for side in _SIDES if bound.group(side))
    if _NEARLY.search(words):
        return "nearly"
    if _APPROXIMATE.search(words):
        return "about"
    return "exact" if _EXACT.search(words) else ""


_SIDES: tuple[Literal["less", "more", "most", "least"], ...] = ("most", "least", "less", "more")
