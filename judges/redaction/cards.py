"""Numbers of payment cards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.redaction.private_value import PrivateValue

_CANDIDATE = re.compile(r"(?<![\w.,+/-])\d(?:[ \u00a0\u2009\u202f-]?\d){12,18}")
"""Thirteen to nineteen digits, perhaps in groups, e.g. `4111 1111 1111 1111`."""

_ISSUERS = re.compile(
    r"(?P<n16>4|5[1-5]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|6011|64[4-9]|65|35(?:2[89]|[3-8]\d)|62|81)"
    r"|(?P<n15>3[47])|(?P<n14>30[0-5]|36|38)|(?P<n12>50[1-3]\d|5[6-9]|6304|67)"
)
"""How the numbers of an issuer begin, e.g. `4`, `51`, `34`. The group says how many digits they have at least."""

_GROUPED = re.compile(r"\d{4}[ \u00a0-]\d{4}[ \u00a0-]\d{4}[ \u00a0-]\d{4}|3[47]\d\d[ \u00a0-]\d{6}[ \u00a0-]\d{5}")
"""Groups as they stand on a card, e.g. `4111-1111-1111-1111`."""

_LABEL = re.compile(r"card|karte|visa|master|amex|american express|tarjeta|carte|carta|cartão|卡", re.IGNORECASE)
"""What says that a card's number follows, e.g. `card`."""

_LOOK_BACK = 30


def cards(text: str) -> Iterator[PrivateValue]:
    """Card numbers in a text, in order.

    The check digit tells them from other long numbers. A wrong one is let pass where the groups are a card's, or the
    text says that it is a card: one wrong digit does not make the other fifteen public.
    """
    for candidate in _CANDIDATE.finditer(text):
        end = _end(text, candidate)
        if end is not None:
            digits = "".join(filter(str.isdigit, text[candidate.start() : end]))
            yield PrivateValue("credit_card", candidate.start(), end, digits)


def _end(text: str, candidate: re.Match[str]) -> int | None:
    """Where a card's number ends that begins as the candidate does. None: it is another number."""
    start = candidate.start()
    is_named = _LABEL.search(text, max(0, start - _LOOK_BACK), start) is not None
    grouped = _GROUPED.match(text, start)
    for end in _ends(text, candidate):
        digits = "".join(filter(str.isdigit, text[start:end]))
        is_shaped = grouped is not None and grouped.end() == end
        if _is_issued(digits) and (_is_checked(digits) or is_named or is_shaped):
            return end
    return None


def _ends(text: str, candidate: re.Match[str]) -> Iterator[int]:
    """Where a number may end: after thirteen digits or more, and not inside a group. The usual length comes first."""
    ends = [
        position
        for position in range(candidate.start() + 13, candidate.end() + 1)
        if text[position - 1].isdigit() and not text[position : position + 1].isalnum()
    ]
    usual = [end for end in ends if sum(map(str.isdigit, text[candidate.start() : end])) in (15, 16)]
    yield from dict.fromkeys([*usual, *reversed(ends)])


def _is_issued(digits: str) -> bool:
    issuer = _ISSUERS.match(digits)
    if issuer is None or len(digits) < 13:
        return False
    return len(digits) == int(issuer.lastgroup[1:]) if issuer.lastgroup in ("n15", "n14") else True


def _is_checked(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (Luhn, ISO/IEC 7812)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
