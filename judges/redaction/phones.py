"""Telephone numbers of many countries, told from dates, hours, amounts and other numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.redaction.blanks import without
from assay.judges.redaction.other_numbers import is_moment, is_other
from assay.judges.redaction.phone_forms import FORMS, INTERNATIONAL, LABELLED, LONGEST, NORTH_AMERICAN, Form
from assay.judges.redaction.phone_numbers import country_code, international_key
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.redaction.time_limit import TimeLimit

_MOST_DIGITS = {
    **dict.fromkeys(("45", "47", "65"), 10),
    **dict.fromkeys(("1", "7", "33", "34", "31", "41", "48", "61", "32", "36", "40", "64", "27"), 11),
    **dict.fromkeys(("44", "91", "351", "353", "420", "30", "81", "82", "90", "971", "972", "380", "39", "46"), 12),
    **dict.fromkeys(("86", "358", "54", "55", "52", "49", "43"), 13),
}
"""Digits of a number with its country's code, where they are bounded. What follows is another number."""

_TRUNK = re.compile(r"\(0\)")
"""The zero that is left out after the code of a country: `(0)`."""

_GROUP = re.compile(r"\d+")
"""Digits in a row, e.g. `7946`."""

_REACH = 100
"""Characters before the first digit in which its word may stand, and after the last one that tell what it is."""

_NEAR_DIGITS = re.compile(rf"\d(?:\D{{0,{2 * _REACH}}}\d)*+")
"""A stretch with digits, e.g. `030 1234567, 040 7654321`. A page of prose without any need not be searched."""

_LONGEST_OF_NORTH_AMERICA = 11
"""`1`, and ten digits."""

_FEWEST_AFTER_EXIT = 10
"""`011` leaves North America only if so many digits follow: it is an area of other countries, too."""


def phones(text: str, limit: TimeLimit) -> Iterator[PrivateValue]:
    """Telephone numbers in a text, and their extensions as values of their own."""
    left = text
    for form in FORMS:
        values = list(_of_form(left, form, limit))
        left = without(left, (value for value in values if value.is_sure))
        yield from values


def _of_form(text: str, form: Form, limit: TimeLimit) -> Iterator[PrivateValue]:
    position = 0
    for near in _NEAR_DIGITS.finditer(text):
        position = max(position, near.start() - _REACH)
        while match := form.pattern.search(text, position, near.end() + _REACH):
            limit.check()
            values = _values(match, form, text)
            # What was matched beyond the number may be the next one.
            position = values[-1].end if values else _after_group(match, text)
            yield from values


def _after_group(match: re.Match[str], text: str) -> int:
    """After the first digits of what is no number."""
    group = _GROUP.search(text, match.start("number"))
    return group.end() if group else match.end()


def _values(match: re.Match[str], form: Form, text: str) -> list[PrivateValue]:
    """The number without the groups after it that belong to another one, and its extension. Empty: it is neither."""
    written = _TRUNK.sub("   ", match.group("number"))
    if (form.may_be_moment and is_moment(match, text)) or _is_area(match, form, written):
        return []
    digits, size = _cut(written, form.most or _most_digits(written))
    if len(digits) < form.fewest:
        digits, size = _cut(written, LONGEST)  # longer than its country has them, and private all the same
    if len(digits) < form.fewest:
        return []
    start = match.start("number") if form.pattern is LABELLED else match.start()
    end = match.start("number") + size
    is_whole = size == len(written.rstrip(" )"))
    end = match.end("number") if is_whole and "(" in text[start:end] else end
    key, is_sure = _key(form, written, digits), not is_other(match, form, text, end)
    values = [PrivateValue("phone", start, end, key, is_sure)]
    if is_whole and match.group("extension"):
        values.append(PrivateValue("phone", *match.span("extension"), f"{key}x{match.group('extension')}", is_sure))
    return values


def _is_area(match: re.Match[str], form: Form, written: str) -> bool:
    """Whether `011` is the area of a number at home, e.g. in `011-2345 6789`."""
    is_exit = form.pattern is INTERNATIONAL and match.group("exit") is not None
    return is_exit and sum(map(str.isdigit, written)) < _FEWEST_AFTER_EXIT


def _key(form: Form, written: str, digits: str) -> str:
    """The digits, with a plus where the country's code is among them."""
    is_north_american = form.pattern is NORTH_AMERICAN and len(digits) == _LONGEST_OF_NORTH_AMERICA
    if form.pattern is INTERNATIONAL or written.startswith(("+", "＋")) or is_north_american:
        return international_key(digits)
    return digits


def _most_digits(written: str) -> int:
    digits = "".join(filter(str.isdigit, written))
    code = country_code(digits)
    return _MOST_DIGITS.get(code, LONGEST) + (digits[len(code) :][:1] == "0")


def _cut(written: str, most: int) -> tuple[str, int]:
    """The digits of the first groups that have no more than so many together, and where they end."""
    digits, end = "", 0
    for group in _GROUP.finditer(written):
        if len(digits) + len(group.group()) > most:
            break
        digits, end = digits + group.group(), group.end()
    return digits, end
