"""Numbers of payment cards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.redaction.blanks import without
from assay.judges.redaction.boundaries import BLANK, DASH, NO_NUMBER_BEFORE
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.redaction.time_limit import TimeLimit

_GAP = rf"(?:{BLANK}{{0,2}}(?:[{DASH}./·_+|,:]{BLANK}{{0,2}}|\*|[\"']{{1,2}}[,;]?{BLANK}?[\"']|\r?\n{BLANK}{{0,2}})?)"
"""What a card, a page or a table puts between groups, e.g. ` `, `-`, ` | `, a line end."""

_LIST_GAP = re.compile(r"[|,:\"']")
"""What parts the values of a list as well, e.g. `,`: it needs a word for a card, too."""

_CANDIDATE = re.compile(rf"{NO_NUMBER_BEFORE}(?!\d\d?[|,:\"'])[2-689](?:{_GAP}\d){{12,18}}+")
"""Thirteen to nineteen digits as issuers begin them, perhaps in groups, e.g. `4111 1111 1111 1111`."""

_PLAIN = re.compile(r"\d(?:[ \u00a0\u2009\u202f-]?\d){12,18}")
"""A number with the usual gaps, e.g. `41 1111 1111 1111 11`: any groups will do. With others they must be a card's."""

_ISSUERS = re.compile(
    r"(?P<n16>4|5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|6011|64[4-9]|65|9792|220[0-4]|35(?:2[89]|[3-8]\d)|62|81)"
    r"|(?P<n15>3[47])|(?P<n14>30[0-5]|36|38)|(?P<n12>50[1-3]\d|5[6-9]|6304|67)"
)
"""How the numbers of an issuer begin, e.g. `4`, `51`, `34`. The group says how many digits they have at least."""

_GROUPED = re.compile(rf"\d{{4}}(?P<gap>{_GAP})\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}|3\d{{3}}{_GAP}\d{{6}}{_GAP}\d{{4,5}}")
"""Groups as they stand on a card, e.g. `4111-1111-1111-1111`."""

_LABEL = re.compile(
    r"card|karte|\b(?:cc|pan)\b|visa|master|amex|american express|tarjeta|carte|carta|cartão|卡", re.IGNORECASE
)
"""What says that a card's number follows, e.g. `card`."""

_LOOK_BACK = 30

_GROUP = re.compile(r"\d+")
"""Digits in a row, e.g. `4111`."""

_THOUSAND = 3

_DIGITS_OF_ARTICLE = 13

_USUAL = {"n16": (16, 17, 18, 19), "n15": (15,), "n14": (14,), "n12": (14, 15, 16, 17, 18, 19)}
"""Digits of numbers in use, by issuer. Others need a word for a card: 14 digits that begin with `4` are an order's."""


def cards(text: str, limit: TimeLimit) -> Iterator[PrivateValue]:
    """Card numbers in a text, in order.

    The check digit tells them from other long numbers. A wrong one is let pass where the groups are a card's, or the
    text says that it is a card: one wrong digit does not make the other fifteen public.
    """
    values = list(_cards(text, limit))
    yield from values
    if values:  # `4111111111111111-5555555555554444`: the second one begins behind the first
        yield from _cards(without(text, values), limit)


def _cards(text: str, limit: TimeLimit) -> Iterator[PrivateValue]:
    position = 0
    while candidate := _CANDIDATE.search(text, position):
        limit.check()
        value = _value(text, candidate)
        # What was matched beyond the number may be the next one.
        position = value.end if value else _GROUP.match(text, candidate.start()).end()  # type: ignore[union-attr]
        if value:
            yield value


def _value(text: str, candidate: re.Match[str]) -> PrivateValue | None:
    """A card's number that begins as the candidate does. None: it is another number."""
    start = candidate.start()
    if not _ISSUERS.match("".join(filter(str.isdigit, candidate.group()))):
        return None
    is_named = _LABEL.search(text, max(0, start - _LOOK_BACK), start) is not None
    values = [
        PrivateValue("credit_card", start, end, digits, is_named or is_sure)
        for end, digits, is_sure in _numbers(text, candidate)
    ]
    return next((value for value in values if value.is_sure), values[0] if values else None)


def _numbers(text: str, candidate: re.Match[str]) -> Iterator[tuple[int, str, bool]]:
    """Numbers of issuers that begin as the candidate does: end, digits, and whether it is a card's without a word."""
    start = candidate.start()
    grouped, plain = _GROUPED.match(text, start), _PLAIN.match(text, start)
    if grouped is None and plain is None:
        return
    for end in _ends(text, candidate):
        written = text[start:end]
        digits = "".join(filter(str.isdigit, written))
        is_shaped = grouped is not None and grouped.end() == end
        is_plain = plain is not None and plain.end() >= end
        if _is_issued(digits) and (is_shaped or is_plain):
            is_printed = is_shaped and is_plain and not written.isdecimal()
            is_listed = _LIST_GAP.search(written) is not None
            is_usual = not _is_article(digits) and not is_listed and _is_usual(digits)
            is_checked = is_usual and (is_shaped or _is_even(written)) and _is_checked(digits)
            yield end, digits, is_printed or is_checked


def _is_article(digits: str) -> bool:
    """Whether it may be the number of an article: they have thirteen digits, and no card in use has."""
    return len(digits) == _DIGITS_OF_ARTICLE


def _ends(text: str, candidate: re.Match[str]) -> Iterator[int]:
    """Where a number may end: after thirteen digits or more, and not inside a group. The usual length comes first."""
    sizes = {}
    count = 0
    for position in range(candidate.start() + 1, candidate.end() + 1):
        count += text[position - 1].isdigit()
        if text[position - 1].isdigit() and not text[position : position + 1].isalnum() and count >= _DIGITS_OF_ARTICLE:
            sizes[position] = count
    usual = [end for end, size in sizes.items() if size in (15, 16)]
    yield from dict.fromkeys([*usual, *reversed(sizes)])


def _is_issued(digits: str) -> bool:
    issuer = _ISSUERS.match(digits)
    if issuer is None or len(digits) < 13:
        return False
    return len(digits) == int(issuer.lastgroup[1:]) if issuer.lastgroup in ("n15", "n14") else True


def is_issued_and_checked(written: str) -> bool:
    """Whether a number has as many digits as its issuer's have, in groups as they are written, and the check digit."""
    digits = "".join(filter(str.isdigit, written))
    is_grouped = _GROUPED.fullmatch(written) is not None or _is_even(written)
    return is_grouped and _is_usual(digits) and _is_checked(digits)


def _is_usual(digits: str) -> bool:
    issuer = _ISSUERS.match(digits)
    return issuer is not None and len(digits) in _USUAL[str(issuer.lastgroup)]


def _is_even(written: str) -> bool:
    """Whether the groups but the first and the last are of one length: `41 1111 1111 1111 11`.

    A row of numbers has others (`2 3 5 7 11 13`), or is an amount (`4 874 410 400 503 906`).
    """
    first, *others = map(len, _GROUP.findall(written))
    is_amount = len(others) > 1 and first <= _THOUSAND and set(others) == {_THOUSAND}
    return len(set(others[:-1])) <= 1 and not is_amount


def _is_checked(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (Luhn, ISO/IEC 7812)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
