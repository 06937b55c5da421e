"""Telephone numbers of many countries, told from dates, hours, amounts and other numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from assay.judges.redaction.private_value import PrivateValue

_GAP = r"[ \u00a0\u2009\u202f.\-‐‑–/·]"
_NEXT = rf"(?:{_GAP}{{0,2}}\(?\d{{1,8}}+\)?)"
_EXTENSION = r"(?:[ ,]{0,2}(?:ext\.?|extension|x|durchwahl|dw\.?)[ :]?(?P<extension>\d{1,5}))?"
_END = r"(?![\w%€$£]|[.,:]\d)"

_INTERNATIONAL = re.compile(
    rf"(?<![\w+.,])(?:[+＋]{_GAP}?|00(?=[1-9]))(?=[1-9])"
    rf"(?P<number>\(?\d{{1,8}}+\)?{_NEXT}{{0,7}}){_EXTENSION}",
    re.IGNORECASE,
)
"""With the code of a country, e.g. `+49 (0)30 1234567`, `0044 20 7946 0958`."""

_NORTH_AMERICAN = re.compile(
    r"(?<![\w+.,-])(?P<number>(?:1[-. ])?"
    r"(?:\([2-9]\d\d\)[ \u00a0-]?|[2-9]\d\d[-.‐‑]|(?!\d00)[2-9]\d\d[ ](?!\d00))[2-9]\d\d[-.‐‑ ]\d{4})"
    rf"{_EXTENSION}(?![\d-]|\.\d)",
    re.IGNORECASE,
)
"""Three, three and four digits, e.g. `(555) 234-5678`."""

_NATIONAL = re.compile(
    rf"(?<![\w+.,:/-])(?P<number>\(?0[1-9]\d{{0,4}}+\)?{_NEXT}{{1,5}}){_EXTENSION}{_END}", re.IGNORECASE
)
"""With the zero of a long distance call, e.g. `030 1234567`, `06 12 34 56 78`."""

_UNGROUPED = re.compile(
    r"(?<![\w+.,:/-])(?P<number>0[1-9]\d{8,9}|1[3-9]\d[ -]?\d{4}[ -]?\d{4}|[6-9]\d{4}[ -]\d{5}"
    r"|8 ?\(\d{3}\) ?\d{3}[ -]\d\d[ -]?\d\d)(?P<extension>(?!))?(?![\w-]|[.,:]\d)"
)
"""Numbers of some countries, e.g. `01701234567`, `138 1234 5678`, `98765 43210`, `8 (495) 123-45-67`."""

_LABELLED = re.compile(
    r"(?:\b(?:tel(?:ef[oó]n\w{0,3}|ephone|efoon|\.|\b)|t[ée]l[ée]phone|phone|(?:i)?mobil\w{0,3}|cell\w{0,5}"
    r"|handy\w{0,7}|fax|whatsapp|hotline|call(?:ing|ed)?\b|dial\b|text\b|sms|ring\b|r[uü]fnummer|anruf\w{0,3}|rufen"
    r"|portable|m[oó]vil|cellulare|телефон\w{0,3})(?!\.\d)|电话|電話|手机|手機|携帯|전화|هاتف)[^\d\n+]{0,24}?"
    rf"(?P<number>[+＋]?\(?\d{{2,13}}+\)?{_NEXT}{{0,6}}){_EXTENSION}{_END}",
    re.IGNORECASE,
)
"""After a word for it, e.g. `Tel. 612 345 678`, `call us at 5552345678`."""

_MOMENT = re.compile(
    r"\d{1,2}[./](?:19|20)\d\d(?!\d)|\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d\d(?!\d)"
    r"|\d{1,2}\.\d\d ?[-–] ?\d{1,2}\.\d\d(?!\d)"
    r"|(?:19|20)\d\d ?[-–./] ?(?:(?:19|20)\d\d|\d\d?[-–./]\d\d?)(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2}(?!\d|[./ -]\d\d)"
)
"""A date or hours at the start, e.g. `01.02.2026`, `09.00-17.00`."""

_OTHER_NUMBER = re.compile(
    r"(?:\border|bestell\w{0,10}|\binvoice|rechnung\w{0,8}|\bid|\bref(?:erence)?|\bisbn|\bean|\bsku|\barticle"
    r"|artikel\w{0,7}"
    r"|\bticket|\bcase|\bcustomer|kunden\w{0,7}|\bserial|\bpart|\bmodel|\baccount|konto\w{0,7}|\btracking|sendung\w{0,9}"
    r"|\bcommande|\bpedido|vorgang\w{0,8}|\bversion|\bpolicy|vertrag\w{0,8}|\bcontract|#)[^\d\n]{0,14}$",
    re.IGNORECASE,
)
"""What says that a number without gaps is another one, e.g. `order no. `."""

_MOST_DIGITS = {
    **dict.fromkeys(("45", "47", "65"), 10),
    **dict.fromkeys(("1", "7", "33", "34", "31", "41", "48", "61", "32", "36", "40", "64", "27"), 11),
    **dict.fromkeys(
        ("44", "91", "351", "353", "420", "30", "52", "81", "82", "90", "971", "972", "380", "39", "46"), 12
    ),
    **dict.fromkeys(("86", "358", "54", "55", "49", "43"), 13),
}
"""Digits of a number with its country's code, where they are bounded. What follows is another number."""

_LONGEST = 15


class _Form(NamedTuple):
    """A form of numbers, and how many digits one has. `most` is None where the country says it."""

    pattern: re.Pattern[str]
    fewest: int
    most: int | None
    may_be_moment: bool = False
    may_be_other: bool = False


_FORMS = (
    _Form(_INTERNATIONAL, 8, None, may_be_other=True),
    _Form(_NORTH_AMERICAN, 10, 11),
    _Form(_NATIONAL, 9, 12, may_be_moment=True, may_be_other=True),
    _Form(_UNGROUPED, 10, 11, may_be_other=True),
    _Form(_LABELLED, 6, _LONGEST, may_be_moment=True),
)
_TRUNK = re.compile(r"\(0\)")
"""The zero that is left out after the code of a country: `(0)`."""

_GROUP = re.compile(r"\d+")
"""Digits in a row, e.g. `7946`."""

_LOOK_BACK = 32


def phones(text: str) -> Iterator[PrivateValue]:
    """Telephone numbers in a text. One place may be given twice, by two forms."""
    for form in _FORMS:
        position = 0
        while match := form.pattern.search(text, position):
            value = _value(match, form, text)
            # What was matched beyond the number may be the next one.
            position = value.end if value else _after_group(match, text)
            if value:
                yield value


def _after_group(match: re.Match[str], text: str) -> int:
    """After the first digits of what is no number."""
    group = _GROUP.search(text, match.start("number"))
    return group.end() if group else match.end()


def _is_other(match: re.Match[str], text: str) -> bool:
    """Whether a number without gaps is one of an order, an account or the like."""
    if text[match.start()] in "+＋":
        return False
    before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
    return match.group("number").isdecimal() and _OTHER_NUMBER.search(before) is not None


def _most_digits(match: re.Match[str]) -> int:
    digits = "".join(filter(str.isdigit, match.group("number")))
    return next((_MOST_DIGITS[digits[:size]] for size in (3, 2, 1) if digits[:size] in _MOST_DIGITS), _LONGEST)


def _value(match: re.Match[str], form: _Form, text: str) -> PrivateValue | None:
    """The number without the groups after it that belong to another one. None where it is something else."""
    if (form.may_be_moment and _MOMENT.match(match.group("number"))) or (form.may_be_other and _is_other(match, text)):
        return None
    written = _TRUNK.sub("   ", match.group("number"))
    digits, end = _cut(written, form.most or _most_digits(match))
    if len(digits) < form.fewest:
        digits, end = _cut(written, _LONGEST)  # longer than its country has them, and private all the same
    if len(digits) < form.fewest:
        return None
    is_whole = end == len(written.rstrip(" )"))
    is_international = form.pattern is _INTERNATIONAL or written.startswith(("+", "＋"))
    extension = f"x{match.group('extension')}" if is_whole and match.group("extension") else ""
    start = match.start("number") if form.pattern is _LABELLED else match.start()
    end = match.end() if is_whole else match.start("number") + end
    return PrivateValue("phone", start, end, f"{'+' * is_international}{digits}{extension}")


def _cut(written: str, most: int) -> tuple[str, int]:
    """The digits of the first groups that have no more than so many together, and where they end."""
    digits, end = "", 0
    for group in _GROUP.finditer(written):
        if len(digits) + len(group.group()) > most:
            break
        digits, end = digits + group.group(), group.end()
    return digits, end
