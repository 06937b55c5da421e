"""Numbers as they are written: separators, magnitudes and number words, brought to one plain decimal form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from assay.judges.values.patterns import one_of
from assay.judges.values.scales import factor_of

_GAPS = r"[1-9]\d{0,2}(?:[ ]\d{3}(?!\d)){2,8}(?:[.,]\d{1,6}(?!\d))?"
_GAP = r"[1-9]\d{0,2}[ ]\d{3}"
SPACED = rf"(?:{_GAPS}|{_GAP}[.,]\d{{1,2}}(?![\d,]))"
"""Digits in groups parted by plain spaces, where they are surely one number: `2 450 000`, `2 300,50`."""

SPACED_ONCE = rf"{_GAP}(?!\d)"
"""The same with one gap: one number beside a unit or a currency, `48 300 km`, and maybe two elsewhere."""

GAP_AHEAD = r"(?=\d{1,3}+[ ]\d{3}(?!\d))"
"""What tells at once that a number has no such gap, as most have none."""

DIGITS = r"\d{1,30}(?:[,.]\d{1,30}|(?:[\u00a0\u202f\u2009'’_]|\{,\}|\\,)\d{3}(?!\d)){0,10}"
"""A number in digits with its separators: `1,000.5`, `1_987`, `299{,}792`. Only a full stop may follow it."""

MAGNITUDES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
MAGNITUDES |= {"lakh": 10**5, "lac": 10**5, "crore": 10**7}

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_UNITS.split())}
_SMALL |= {word: 10 * (value + 2) for value, word in enumerate(_TENS.split())}

FIRST_NUMBER_WORDS = frozenset([*_SMALL, *MAGNITUDES, "dozen", "half", "a", "an"])
"""Lower-case words a number may begin with."""


def _any_of(listed: Iterable[str]) -> str:
    """A pattern of the words, whole ones only."""
    return rf"{one_of(listed)}\b"


_SPACE = r"[\s-]{1,3}"
_AND = rf"(?:\s{{1,3}}and\s{{1,3}}|{_SPACE})"
_ONES = _any_of(word for word, value in _SMALL.items() if 0 < value < 10)
_SCALE = _any_of(word for word in MAGNITUDES if word != "hundred")
_TO_99 = rf"(?:{_any_of(_TENS.split())}(?:{_SPACE}{_ONES})?|{_any_of(_UNITS.split())})"
_TO_999 = rf"(?:{_TO_99}{_SPACE}dozen\b|(?:{_TO_99}{_SPACE})?hundred\b(?:{_AND}{_TO_99})?|{_TO_99}|dozen\b)"
_SCALED = rf"(?:(?:{_TO_999}{_SPACE})?{_SCALE}(?:{_SPACE}{_SCALE}){{0,2}})"

NUMBER_WORD = _any_of([*_SMALL, *MAGNITUDES, "dozen"])
NUMBER_WORDS = (
    rf"(?:(?:half\s{{1,3}})?an?\s{{1,3}}(?=hundred|thousand|million|billion|trillion|dozen))?"
    rf"(?>{_SCALED}(?:{_AND}{_SCALED}){{0,3}}(?:{_AND}{_TO_999})?|{_TO_999})"
    r"(?!-(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)\b)"
)
"""A number in English words, e.g. `twenty-five`, `two hundred and six thousand`. `two three-year terms` are two."""

_GROUPED = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3})(?:\.\d+)?")
"""Digits grouped by commas: `1,000.50`, `12,34,567`."""

_GROUPED_BY_POINTS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:\.\d{3})+,\d+")
"""Digits grouped by points: `1.000.000`, `1.000,5`."""

_SPACES = re.compile(r"[ \u00a0\u202f\u2009'’_]|\{,\}|\\,")
"""What else may group digits: `\\u00a0`, `’`, a space."""


def plain(digits: str) -> str:
    """The plain form of a number in digits: `1,000.50` → `1000.5`. A lone `1.000` is read the English way, as 1."""
    if digits.isdecimal():
        return digits.lstrip("0") or "0"
    digits = _SPACES.sub("", digits)
    if _GROUPED.fullmatch(digits):
        digits = digits.replace(",", "")
    elif _GROUPED_BY_POINTS.fullmatch(digits):
        digits = digits.replace(".", "").replace(",", ".")
    elif digits.count(",") == 1 and "." not in digits:
        digits = digits.replace(",", ".")
    if digits.count(".") > 1 or "," in digits:
        return digits
    whole, _, fraction = digits.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def scaled(digits: str, magnitude: str) -> str:
    """`plain(digits)` times the magnitude word or letter beside it: `2.5`, `million` → `2500000`."""
    number = plain(digits)
    factor = factor_of(magnitude)
    if not factor or number.count(".") > 1 or "," in number:
        return number
    return plain(f"{Decimal(number) * factor:f}")


def from_words(written: str) -> str:
    """The plain form of a number in words: `two hundred and six` → `206`."""
    total, current = Decimal(0), Decimal(0)
    for word in re.split(r"[\s-]+", written.lower()):
        if word in _SMALL:
            current += _SMALL[word]
        elif word == "half":
            current = Decimal("0.5")
        elif word == "hundred":
            current = (current or Decimal(1)) * 100
        elif word == "dozen":
            current = (current or Decimal(1)) * 12
        elif word in MAGNITUDES:
            total += (current or Decimal(1)) * MAGNITUDES[word]
            current = Decimal(0)
    return plain(f"{total + current:f}")
