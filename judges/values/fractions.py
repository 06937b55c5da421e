"""Shares stated in words: `half`, `a third`, `one in four`."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from assay.judges.values.numbers import from_words

_SHARES = {
    "half": 50,
    "third": 33,
    "thirds": 67,
    "quarter": 25,
    "quarters": 75,
    "fifth": 20,
    "tenth": 10,
}
_SHARE = re.compile(r"\b(half|(?:a|one|two|three)[\s-](?:thirds?|quarters?|fifth|tenth))\b", re.IGNORECASE)
"""A share in words: `a third`, `two-thirds`, `half`."""

_OUT_OF = re.compile(r"\b(\w{1,6})\s(?:in|out\sof)\s(?:every\s)?(\w{1,6})\b", re.IGNORECASE)
"""A share of a number: `one in four`, `3 out of 5`."""


def shares_in_words(text: str) -> set[str]:
    """The shares a text states in words, in whole per cent."""
    shares = {str(_SHARES[re.split(r"[\s-]", share.lower())[-1]]) for share in _SHARE.findall(text)}
    for part, whole in _OUT_OF.findall(text):
        some, all_of = (decimal(word if word.isdigit() else from_words(word)) for word in (part, whole))
        if some and all_of and some < all_of:
            shares.add(str(round(100 * some / all_of)))
    return shares


def decimal(amount: str) -> Decimal | None:
    """The amount as a number to calculate with. None where it is none."""
    try:
        return Decimal(amount)
    except InvalidOperation:
        return None
