"""Numbers in a notation of their own: powers of ten, fractions, feet and inches, hours and minutes, hexadecimal."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from assay.judges.values.numbers import plain

_FRACTIONS = "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
_TO_DIGITS = str.maketrans(_SUPERSCRIPTS, "0123456789-")
_MOST_EXPONENT = 60
"""Powers of ten that are calculated. Beyond them the notation alone is compared."""

_LONGEST = 80
"""Characters of a number that are kept."""

SPECIAL = (
    r"(?:(?=\d)(?:"
    r"0x[0-9a-f]{1,12}\b"
    r"|\d{1,6}(?:\.\d{1,15})?(?:e[+-]?\d{1,3}(?!\w)"
    rf"|\s?(?:[×x*·]|\\times)\s?10(?:\^\{{?[-−]?\d{{1,3}}\}}?|[{_SUPERSCRIPTS}]{{1,4}}))"
    rf"|10(?:\^\{{?[-−]?\d{{1,3}}\}}?|[{_SUPERSCRIPTS}]{{1,4}})"
    r"|\d{1,2}\s?['’′]\s?\d{1,2}\s?(?:[\"”″]|'')"
    r"|\d{1,3}\s?h(?:rs?)?\s?\d{1,2}\s?m(?:ins?)?\b"
    rf"|\d{{1,4}}[\s-]?[{_FRACTIONS}]"
    r"|(?:\d{1,3}\s)?\d{1,2}/(?:[2-689]|1[06])(?=\s(?:of\s)?(?:cups?|teaspoons?|tablespoons?|tsp|tbsp|inch|inches|miles?"
    r"|hours?|pounds?|ounces?|oz|lbs?|the|a|an)\b))"
    rf"|[{_FRACTIONS}])"
)
"""A number as `5.97e24`, `2×10³`, `10^6`, `5'9"`, `1h 30m`, `1½`, `1 1/2` before what it measures, `0x7C3`."""

_POWER = re.compile(
    r"(?P<factor>[\d.]*?)\s?(?:(?:[×x*·]|\\times)\s?10|(?<![\d.])10|e)\^?\{?(?P<power>[-+\d]+)\}?", re.IGNORECASE
)
"""A power of ten: `3.2 × 10^5`, `1e6`."""

_PAIR = re.compile(r"(\d{1,3})\s?(['’′]|h)\D{0,4}(\d{1,2})", re.IGNORECASE)
"""A number of two units: `5'11`, `2h30`."""

_RATIO = re.compile(r"(?:(\d{1,3})\s)?(\d{1,2})/(\d{1,2})")
"""A fraction, perhaps after a whole number: `1 1/2`."""


def special_number(written: str) -> tuple[str, str]:
    """The plain form of such a number, and the unit that its notation has."""
    low = written.lower()
    if low.startswith("0x"):
        return str(int(low, 16)), ""
    pair = _PAIR.fullmatch(low.rstrip("\"”″' mins"))
    if pair:
        larger, mark, smaller = pair.groups()
        hours = mark == "h"
        return str(int(larger) * (60 if hours else 12) + int(smaller)), "minute" if hours else "inch"
    ratio = _RATIO.fullmatch(low)
    if ratio:
        whole, part, of = ratio.groups()
        return _plain(int(whole or 0) + Decimal(part) / Decimal(of)), ""
    if low[-1] in _FRACTIONS:
        return _plain(Decimal(low[:-1].strip(" -") or 0) + Decimal(str(unicodedata.numeric(low[-1])))), ""
    return _power(low.translate(_TO_DIGITS).replace("−", "-")), ""


def special_unit(written: str | None) -> str:
    """The unit of measurement that a notation has: `5'9"` is in inches. Empty for most."""
    return special_number(written)[1] if written else ""


def _power(written: str) -> str:
    match = _POWER.fullmatch(written)
    if match is None or abs(int(match.group("power"))) > _MOST_EXPONENT:
        return written
    return _plain(Decimal(match.group("factor") or 1).scaleb(int(match.group("power"))))


def _plain(amount: Decimal) -> str:
    return plain(f"{amount:f}"[:_LONGEST])
