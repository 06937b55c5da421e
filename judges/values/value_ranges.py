"""What a number shares with the other end of its range, and with digits that a space parts from it."""

from __future__ import annotations

import re

from assay.judges.values.currencies import currency
from assay.judges.values.numbers import scaled
from assay.judges.values.value_pattern import (
    DASHES,
    RANGE_AFTER,
    RANGE_BEFORE,
    RANGE_MAGNITUDE,
    RANGE_SIGNS,
    RANGE_STARTS,
)

_GROUPED_BY_SPACE = re.compile(r"([1-9]\d{0,2}) (\d{3})")
"""Digits that may be one number or two: `48 300`."""

_JOINS = frozenset("-–—tT")
"""What a range goes on with after a number with or without a space, e.g. the `t` of `5 to 10 million`."""

_GROUP_AT_END = re.compile(r"(?<![\d.,])([1-9]\d{0,2}) (\d{3})$")
"""The same where a text ends, as ` 48 300`."""


def shared_unit(match: re.Match[str], text: str) -> str:
    """What a number shares with the other end of its range: the sign in `5-10 %` or `$5-10`. Empty where nothing."""
    after = _range_after(match.end(), text)
    if after and not after.group("unit"):
        return "%" if after.group("percent") else currency(after.group("currency"))
    before = text[max(0, match.start() - 30) : match.start()]
    if before[-1:] not in DASHES or not before.rstrip().lower().endswith(RANGE_SIGNS):
        return ""
    first = RANGE_BEFORE.search(before)
    return currency(first.group("sign").strip()) if first else ""


def _range_after(end: int, text: str) -> re.Match[str] | None:
    """The rest of a range after its first number, which ends there. Most numbers are followed by something else."""
    follows = text[end : end + 2].lstrip(" ")
    return RANGE_AFTER.match(text, end, end + 60) if follows and follows[0] in RANGE_STARTS else None


def range_unit(match: re.Match[str], text: str) -> str:
    """The unit that a bare number shares with the end of its range: °F in `36–46 °F`."""
    if not match.group("number") or match.group("scale") or match.group("percent") or match.group("currency"):
        return ""
    after = _range_after(match.end(), text)
    return (after.group("unit") or "") if after else ""


def shared_magnitude(match: re.Match[str], text: str) -> str:
    """The normal form of the first number of a range with the magnitude that may be meant for both."""
    digits = match.group("number") or match.group("money")
    if not digits or match.group("scale") or match.group("money_scale") or match.group("unit"):
        return ""
    if text[match.end() : match.end() + 1] == " " or text[match.start() - 1 : match.start()] == " ":
        grouped = _grouped(text, match.start(), match.end())
        if grouped:
            return grouped
    follows = text[match.end() : match.end() + 2].lstrip()
    range_ = RANGE_MAGNITUDE.match(text, match.end(), match.end() + 60) if follows[:1] in _JOINS else None
    if range_ is None:
        return ""
    number = scaled(digits, range_.group("scale").strip(" -\t\n\u00a0"))
    sign = match.group("sign") or range_.group("currency")
    return f"{number} {currency(sign)}" if sign else number


def _grouped(text: str, start: int, end: int) -> str:
    """The number that two of three digits may be together, of either of them: `48 300` → 48300. Else empty."""
    if end - start > 3 or not text[start:end].isdecimal():
        return ""
    group = _GROUPED_BY_SPACE.fullmatch(text, start, end + 4) if text[end : end + 1] == " " else None
    if group is None and end - start == 3 and text[start - 1 : start] == " ":
        first = max(0, start - 5)
        group = _GROUP_AT_END.search(text, first, end) if not text[end : end + 1].isdigit() else None
    return "".join(group.groups()) if group and not text[group.end() : group.end() + 1].isdigit() else ""
