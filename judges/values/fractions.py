"""Shares stated in words: `half`, `a third`, `one in four`."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from assay.judges.values.numbers import from_words

_NAMES = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "nine": 9}
_NAME = "(?:third|quarter|fourth|fifth|sixth|seventh|eighth|ninth|tenth)s?"
_COUNT = "(?:an?|one|two|three|four|five|six|seven|nine)"
_OF_ALL = (
    r"(?=(?:the|all|its|their|his|her|our|your|my|these|those|them|us|every|people|(?!this|always|was|has)[a-z]{3,20}s)\b"
    r"(?!\s(?:year|way|time|day|month|week|century|decade|game|season|match)\b))"
)
SHARE_OF = rf"(?:half|{_COUNT}[\s-]{_NAME})\sof\s{_OF_ALL}"
"""A share of what follows: `two thirds of ` before `the members`."""

SOME_OF = r"(?:half|(?:(?:an?|one|two|three)[\s-])?(?:third|quarter)s?)\s(?:of\s)?(?:an?|one)\s"
"""A part of one of a unit: `half an `, `three quarters of a `."""

AND_A_PART = r"\sand\s(?:a|one|three)[\s-](?:half|third|quarters?)\b"
"""A part beside a whole number: ` and a half`."""

PART_AFTER_ARTICLE = rf"(?:{_NAME}\sof|[a-z]{{3,12}}+{AND_A_PART})\b"
"""What makes a part or a share of an article before it: `third of`, `week and a half`."""

FIRST_PART_WORDS = frozenset(_COUNTS) | {"half", "quarter", "quarters"}
"""Lower-case words a part or a share may begin with."""

_SHARE = re.compile(rf"\b(?:half|{_COUNT}[\s-]{_NAME})\b", re.IGNORECASE)
"""A share in words: `a third`, `two-thirds`, `half`."""

_OUT_OF = re.compile(r"\b(\w{1,6})\s(?:in|out\sof)\s(?:every\s)?(\w{1,6})\b", re.IGNORECASE)
"""A share of a number: `one in four`, `3 out of 5`."""


def shares_in_words(text: str) -> set[str]:
    """The shares a text states in words, in whole per cent."""
    shares = {str(round(100 * share_of_words(share))) for share in _SHARE.findall(text)}
    for part, whole in _OUT_OF.findall(text):
        some, all_of = (decimal(word if word.isdigit() else from_words(word)) for word in (part, whole))
        if some and all_of and some < all_of:
            shares.add(str(round(100 * some / all_of)))
    return shares


def share_of_words(written: str) -> Decimal:
    """The share that words tell, whatever stands among them: `two thirds of the` → 0.667. Zero for none."""
    words = re.split(r"[\s-]+", written.lower().strip())
    parts = (_NAMES.get(word) or _NAMES.get(word.removesuffix("s")) for word in words)
    of = next((part for part in parts if part), 0)
    count = 1 if words[0] == "half" else next((_COUNTS[word] for word in words if word in _COUNTS), 1)
    return Decimal(count) / of if of else Decimal(0)


def decimal(amount: str) -> Decimal | None:
    """The amount as a number to calculate with. None where it is none."""
    try:
        return Decimal(amount)
    except InvalidOperation:
        return None
