"""Numbers that look like those of telephones: dates, hours, amounts, series, numbers of orders."""

from __future__ import annotations

import re
from itertools import pairwise

from assay.judges.redaction.boundaries import QUANTITY_AFTER
from assay.judges.redaction.phone_forms import INTERNATIONAL, LABELLED, NATIONAL, NORTH_AMERICAN, Form

_MOMENT = re.compile(
    r"\d{1,2}[./](?:19|20)\d\d(?!\d)|\d{1,2}[./ -]\d{1,2}[./ -](?:19|20)\d\d(?!\d)"
    r"|\d{1,2}\.\d\d ?[-–] ?\d{1,2}\.\d\d(?!\d)"
    r"|(?:19|20)\d\d ?[-–./] ?(?:(?:19|20)\d\d|\d\d?[-–./]\d\d?)(?!\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2}(?!\d|[./ -]\d\d)"
)
"""A date or hours at the start, e.g. `01.02.2026`, `09.00-17.00`."""

_HOURS = re.compile(r"(?:(?:[01]\d|2[0-4])(?:00|15|30|45)[ –-]{0,3}){2,}")
"""Hours without a colon, e.g. `0900-1700`."""

_OTHER_NUMBER = re.compile(
    r"(?:\border|bestell\w{0,10}|\binvoice|rechnung\w{0,8}|\bid|\bref(?:erence)?|\bisbn|\bean|\bsku|\barticle"
    r"|artikel\w{0,7}"
    r"|\bticket|\bcase|\bcustomer|kunden\w{0,7}|\bserial|\bpart|\bmodel|\baccount|konto\w{0,7}|\btracking|sendung\w{0,9}"
    r"|\bcommande|\bpedido|vorgang\w{0,8}|\bversion|\bpolicy|vertrag\w{0,8}|\bcontract|#)[^\d\n]{0,14}$",
    re.IGNORECASE,
)
"""What says that a number without gaps is another one, e.g. `order no. `."""

_VARIABLE = re.compile(r"[a-z]$", re.IGNORECASE | re.ASCII)
"""What makes a plus that of a sum, where the number is short: `x` in `x+12345678`."""

_POSTAL_CODE = re.compile(r"(?:zip|postal)[^\n]{0,24}$|\b[A-Z]{2}\s$", re.IGNORECASE)
"""What goes before a postal code of the United States, e.g. `MA ` in `MA 02139-4307`."""

_QUANTITY = re.compile(QUANTITY_AFTER, re.IGNORECASE)
"""What says that the number before is an amount, e.g. ` users`."""

_THOUSANDS = re.compile(r"\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3}){2,}")
"""An amount in groups of three digits, e.g. `12 345 678`."""

_HEAD = re.compile(r"(?<![\d.,])\d{1,3}[ \u00a0\u2009\u202f]$")
"""The first group of an amount, right before others, e.g. `12 ` in `12 050 000 000`."""

_FEWEST_WITH_COUNTRY = 10
"""A number in groups of three that has fewer digits is an amount."""

_LARGEST_OF_LOTTERY = 49
_NUMBERS_OF_LOTTERY = 5
_LOOK_BACK = 32


def is_moment(match: re.Match[str], text: str) -> bool:
    """Whether a date begins here, or it is hours. The date may go on after the match: `2026-11-21T18`."""
    written = match.group("number")
    start = match.start("number") + (written[:1] == "(")
    return _MOMENT.match(text, start) is not None or _HOURS.fullmatch(written) is not None


def is_other(match: re.Match[str], form: Form, text: str, end: int) -> bool:
    """Whether a number is probably another one. It is one of a telephone only if another place says so."""
    written = text[match.start("number") : end]
    before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
    is_bare = form.may_be_other and text[match.start()] not in "+＋(" and match.group("number").isdecimal()
    if is_bare and _OTHER_NUMBER.search(before):
        return True
    if form.pattern is NATIONAL:
        is_rest = _is_rest_of_amount(written, before) and _is_round_or_counted(written, text, end)
        return is_rest or _is_series(written) or _is_postal_code(written, before)
    return _is_amount(match, form, text, end)


def _is_amount(match: re.Match[str], form: Form, text: str, end: int) -> bool:
    written = text[match.start("number") : end].lstrip("+＋(")
    is_counted = _QUANTITY.match(text, end) is not None
    if form.pattern is INTERNATIONAL:
        digits = sum(map(str.isdigit, written))
        is_short = digits < _FEWEST_WITH_COUNTRY + written.startswith("1")
        is_round = written.endswith("000") or is_short
        if is_short and written.isdecimal() and _VARIABLE.search(text, max(0, match.start() - 1), match.start()):
            return True
        if written.isdecimal():
            return is_counted and is_round
        return _THOUSANDS.fullmatch(written) is not None and (is_counted or is_round)
    if form.pattern is LABELLED:
        is_announced = match.group("between")[:1] in (":", ".") or match.group("label").endswith(".")
        groups = re.findall(r"\d+", written)
        is_round = groups[-1].endswith("000") and groups[0][:1] != "0" and not is_announced
        return is_counted or is_round
    return form.pattern is NORTH_AMERICAN and is_counted


def _is_rest_of_amount(written: str, before: str) -> bool:
    """Whether it goes on with an amount, e.g. `050 000 000` in `12 050 000 000 EUR`."""
    return _HEAD.search(before) is not None and _THOUSANDS.fullmatch(written) is not None


def _is_round_or_counted(written: str, text: str, end: int) -> bool:
    return written.endswith("000") or _QUANTITY.match(text, end) is not None


def _is_series(written: str) -> bool:
    """Whether it is a series, e.g. `03 12 23 34 45` of a lottery."""
    groups = re.findall(r"\d+", written)
    if len(groups) < _NUMBERS_OF_LOTTERY or any(len(group) != 2 for group in groups):
        return False
    numbers = [int(group) for group in groups]
    return numbers[-1] <= _LARGEST_OF_LOTTERY and all(low < high for low, high in pairwise(numbers))


def _is_postal_code(written: str, before: str) -> bool:
    return re.fullmatch(r"\d{5}-\d{4}", written) is not None and _POSTAL_CODE.search(before) is not None
