"""Bank account numbers of the international form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.redaction.boundaries import BLANK, DASH, NO_WORD_BEFORE
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.redaction.time_limit import TimeLimit

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
        "25": "LY PT ST AO CV GW MZ",
        "26": "IS TR DZ IR",
        "27": "FR GR IT MC MR SM BI DJ CF CG CM GA GQ KM MG TD",
        "28": "AL AZ BY CY DO GT HU LB NI PL SV HN MA SN CI BF BJ ML NE TG",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
}
"""How many characters the number of a country has, by the registry of SWIFT (ISO 13616) and beyond, e.g. `DZ`."""

_LENGTH_OF = {country: length for length, countries in _LENGTHS.items() for country in countries}

_WIDE_GAP = rf"{BLANK}{{0,2}}\n?{BLANK}?[{DASH}./+_|,:;\"']{{0,3}}{BLANK}{{0,2}}"

_START = re.compile(
    rf"(?:{NO_WORD_BEFORE}|(?<=IBAN))(?P<country>[A-Z]{{2}})[ \u00a0-]?\d\d(?={_WIDE_GAP}[0-9A-Z])", re.IGNORECASE
)
"""Country and check digits, and what follows, e.g. `DE89 3704`."""

_GAP = rf"(?:{BLANK}|[\n\r{DASH}./+_|,:;\"']){{1,4}}"
_NUMBERS = {n: re.compile(rf"[A-Za-z0-9](?:(?:{_GAP})?+[A-Za-z0-9]){{{n - 1}}}") for n in set(_LENGTH_OF.values())}
"""So many letters and digits, with what pages and tables put between groups, e.g. ` / `, ` | `, a line end."""

_PLAIN = re.compile(r"[A-Za-z0-9](?:[ \u00a0\u2009\u202f-]?[A-Za-z0-9])*+")
"""A number with gaps of one blank or dash, e.g. `DE89 3704`. With others its check digits must be right."""

_YEARS = re.compile(r"[A-Z]{2}\d\d(?:(?:19|20)\d\d)+")
"""A series of years, its gaps taken out, e.g. `AT202020202120222023`."""

_LABEL = re.compile(r"iban[^\n]{0,8}$", re.IGNORECASE)
"""What says that an account number follows, e.g. `IBAN: `."""


def ibans(text: str, limit: TimeLimit) -> Iterator[PrivateValue]:
    """Account numbers in a text, in order. The check digits may be wrong: a mistyped number is as private."""
    position = 0
    while start := _START.search(text, position):
        limit.check()
        position = start.start() + 1
        length = _LENGTH_OF.get(start.group("country").upper())
        value = _value(text, start.start(), length) if length else None
        if value is not None:
            position = value.end
            yield value


def _value(text: str, start: int, length: int) -> PrivateValue | None:
    """The number that has so many letters and digits. None: it has fewer, or more, or is something else."""
    written = _NUMBERS[length].match(text, start)
    if written is None:
        return None
    end = written.end()
    key = "".join(letter for letter in written.group() if letter.isascii() and letter.isalnum()).upper()
    if sum(map(str.isdigit, key)) < length // 2:
        return None
    is_named = _LABEL.search(text[max(0, start - 14) : start]) is not None
    goes_on = text[end : end + 1].isalnum()
    is_plain = _PLAIN.fullmatch(written.group()) is not None and not _YEARS.fullmatch(key)
    is_certain = is_plain and not goes_on and text[start : start + 2].isupper()
    return PrivateValue("iban", start, end, key) if is_certain or is_named or _is_checked(key) else None


def _is_checked(key: str) -> bool:
    """Whether the check digits are those of the others (ISO 7064, mod 97)."""
    return int("".join(str(int(letter, 36)) for letter in key[4:] + key[:4])) % 97 == 1
