"""How telephone numbers are written: patterns, and how many digits each may have."""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.judges.redaction.boundaries import BLANK, DASH, NO_NUMBER_AFTER, NO_NUMBER_BEFORE

_GAP = rf"(?:{BLANK}?[{DASH}./·]{BLANK}?|{BLANK}|\*|[{DASH}]\r?\n{BLANK}?)"
"""What stands between groups, e.g. ` `, ` / `, a dash at the end of a line."""

_NEXT = rf"(?:{_GAP}?\(?\d{{1,8}}+\)?)"

_EXTENSION = (
    r"(?:(?:[ ,;]{0,2}(?:ext\.?=?|extension|x|durchwahl|dw\.?|#)[ :]?|/(?=\d{4}(?![\d/-])))(?P<extension>\d{1,5}))?"
)
"""What a switchboard is told, e.g. ` ext. 89`."""

_NO_SUM_BEFORE = r"(?<![\d+＋])(?!(?<=[A-Za-z])\+\+)"
"""Nor is the plus that of a language, as in `C++11 2011 2012`."""

_NO_NAME_OR_SUM = rf"(?<![A-Za-z][+＋])(?<!\d{BLANK}[+＋])"
"""Before a blank the plus is not that of a name or a sum: `Google+ 2011 2012`, `1 + 12345678`."""

INTERNATIONAL = re.compile(
    rf"(?:{_NO_SUM_BEFORE}(?P<plus>\(?[+＋]{{1,2}})(?:{_NO_NAME_OR_SUM}{BLANK})?"
    rf"|{NO_NUMBER_BEFORE}(?:(?P<exit>011)[ -]|00|(?<!\d,)00{BLANK}))"
    rf"(?=\(?[1-9])(?P<number>\(?\d{{1,8}}+\)?(?:(?:{_GAP}?\(?\d{{1,3}}\)?){{1,2}}\r?\n(?=\d{{3}}(?:{_GAP}?\d){{3}})|(?<!\d{{4}})\r?\n(?=[\d(]))?{_NEXT}{{0,14}}){_EXTENSION}",
    re.IGNORECASE,
)
"""With the code of a country, e.g. `+49 (0)30 1234567`, `0044 20 7946 0958`, `011-44-20-7946-0958`. After the first
short groups the line may end."""

NORTH_AMERICAN = re.compile(
    rf"{NO_NUMBER_BEFORE}(?P<number>(?:1{BLANK}?[{DASH}. ])?"
    rf"(?:\([2-9]\d\d\){BLANK}{{0,2}}(?:[{DASH}]{BLANK}?)?|[2-9]\d\d{BLANK}?[{DASH}./](?:{BLANK}|\r?\n)?"
    rf"|(?!\d00)[2-9]\d\d{BLANK}(?!\d00))"
    rf"[2-9]\d\d(?:{BLANK}?[{DASH}.]{BLANK}?|{BLANK}|-\r?\n)\d{{4}}){_EXTENSION}(?![\d]|[{DASH}]\d|\.\d)",
    re.IGNORECASE,
)
"""Three, three and four digits, e.g. `(555) 234-5678`, `555 - 234 - 5678`."""

NATIONAL = re.compile(
    rf"{NO_NUMBER_BEFORE}(?P<number>\(?0(?:{BLANK}?\()?[1-9]\d{{0,4}}+\)?{_NEXT}{{1,8}}){_EXTENSION}{NO_NUMBER_AFTER}",
    re.IGNORECASE,
)
"""With the zero of a long distance call, e.g. `030 1234567`, `06 12 34 56 78`, `0 (532) 123 45 67`."""

UNGROUPED = re.compile(
    rf"{NO_NUMBER_BEFORE}(?<!/)(?P<number>0[1-9]\d{{8,9}}|1[3-9]\d[ -]?\d{{4}}[ -]?\d{{4}}|[6-9]\d{{4}}[ -]\d{{5}}"
    r"|8[ -]?\(\d{3}\) ?\d{3}[ -]\d\d[ -]?\d\d|8[ -]\d{3}[ -]\d{3}[ -]\d\d[ -]\d\d|\(\d\d\) ?\d{4,5}-\d{4})"
    rf"(?P<extension>(?!))?{NO_NUMBER_AFTER}(?!-\w)"
)
"""Numbers of some countries, e.g. `01701234567`, `138 1234 5678`, `98765 43210`, `8 (495) 123-45-67`."""

_LABEL = (
    r"(?P<label>\b(?:t[eé]l(?! aviv)(?:[eé]f[oó]n\w{0,3}|[eé]phone|efoon|ef?\b|\.|\b)|tlf\b|puh\b|phone|fon"
    r"|(?:i)?mobil\w{0,3}|cell\w{0,5}|handy\w{0,7}|fax|whatsapp|wa\.me|hotline|call(?:ing|ed)?\b|dial\b|text\b|sms|ring\b|r[uü]fnummer"
    r"|anruf\w{0,3}|rufen|portable|m[oó]vil|cellulare|телефон\w{0,3}|тел\b|(?:ph|mob)\b(?=[.:]|\s?[\d(])"
    r"|(?:my|his|her|our|their)\snumber\b(?!\sof)|(?:reach|contact)\s(?:me|him|her|them|us)\s(?:on|at)\b|contact(?=:)"
    r"|(?<!\S)[TMF](?=:\s?(?:\d\s?){8})(?!:\s?\d{1,3}(?:\s\d{3}){2}(?!\d)))(?!\.\d)|电话|電話|手机|手機|携帯|전화|هاتف)"
)
"""A word that a number follows, e.g. `Tel.`."""

LABELLED = re.compile(
    rf"{_LABEL}(?P<between>[^\d\n+]{{0,24}}?(?:(?<=[:.])\s{{0,2}}\r?\n\s{{0,2}})?)(?<![^\W_][-–])"
    rf"(?P<number>[+＋]?\(?\d{{2,13}}+\)?{_NEXT}{{0,6}}|\d(?: \d){{6,14}}){_EXTENSION}{NO_NUMBER_AFTER}(?!,\d)",
    re.IGNORECASE,
)
"""After a word for it, e.g. `Tel. 612 345 678`, `call us at 5552345678`. A line may end after `Phone:`."""

LONGEST = 15
"""Digits of the longest number with its country's code (E.164)."""


class Form(NamedTuple):
    """A form of numbers, and how many digits one has. `most` is None where the country says it."""

    pattern: re.Pattern[str]
    fewest: int
    most: int | None
    may_be_moment: bool = False
    may_be_other: bool = False


FORMS = (
    Form(INTERNATIONAL, 8, None, may_be_other=True),
    Form(NORTH_AMERICAN, 10, 11),
    Form(NATIONAL, 9, 12, may_be_moment=True, may_be_other=True),
    Form(UNGROUPED, 10, 11, may_be_other=True),
    Form(LABELLED, 6, LONGEST, may_be_moment=True),
)
"""All of them. What an earlier one finds is closed to the later ones."""
