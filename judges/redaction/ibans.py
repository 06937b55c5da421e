"""Bank account numbers of the international form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.redaction.private_value import PrivateValue

_LENGTHS = {
    int(length): frozenset(countries.split())
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FO GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH CR HR LI LV",
        "22": "BG BH DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "FR GR IT MC MR SM BI DJ",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
}
"""How many characters the number of a country has, by the registry of SWIFT (ISO 13616)."""

_LENGTH_OF = {country: length for length, countries in _LENGTHS.items() for country in countries}

_START = re.compile(r"(?<!\w)(?P<country>[A-Z]{2})[ \u00a0-]?\d\d(?=[ \u00a0\u2009\u202f-]?[0-9A-Z])", re.IGNORECASE)
"""Country and check digits, and what follows, e.g. `DE89 3704`."""

_BETWEEN = " \u00a0\u2009\u202f-"
"""What may part its groups, one at a time."""


def ibans(text: str) -> Iterator[PrivateValue]:
    """Account numbers in a text, in order. The check digits may be wrong: a mistyped number is as private."""
    for start in _START.finditer(text):
        length = _LENGTH_OF.get(start.group("country").upper())
        end = _end(text, start.start(), length) if length else None
        if end is not None:
            written = text[start.start() : end]
            key = "".join(filter(str.isalnum, written)).upper()
            if sum(map(str.isdigit, key)) >= len(key) // 2:
                yield PrivateValue("iban", start.start(), end, key)


def _end(text: str, start: int, length: int) -> int | None:
    """Where the number ends that has so many letters and digits. None: it has fewer, or more."""
    position, count, gap = start, 0, False
    while position < len(text) and count < length:
        letter = text[position]
        if letter.isascii() and letter.isalnum():
            count, gap = count + 1, False
        elif letter in _BETWEEN and not gap:
            gap = True
        else:
            return None
        position += 1
    goes_on = position < len(text) and text[position].isalnum()
    return position if count == length and not goes_on else None
