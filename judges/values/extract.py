"""Finds the values a text states: numbers, percentages, money, dates, names, identifiers."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter

from assay.judges.rubric import ValueKind
from assay.judges.text.words import word_set
from assay.judges.values.currencies import currency
from assay.judges.values.dates import normal_date, normal_time
from assay.judges.values.deobfuscate import visible
from assay.judges.values.fractions import decimal, share_of_words
from assay.judges.values.names import names
from assay.judges.values.notation import special_number, special_unit
from assay.judges.values.numbers import from_words, plain, scaled
from assay.judges.values.signs import falls, minus_before
from assay.judges.values.units import in_unit, is_part, unit_name
from assay.judges.values.vague import vague_normal
from assay.judges.values.value import AMOUNTS, Value
from assay.judges.values.value_ranges import range_unit, shared_magnitude, shared_unit
from assay.judges.values.value_starts import matches

_SUM_OF_UNITS = re.compile(r"[ \u00a0]?(?:,[ ]|and[ ]|,[ ]and[ ])?")
"""What stands between the parts of a sum of units: ` and ` in `2 hours and 15 minutes`."""

_TRAILING = " .,;:-'’"
"""What does not belong to a value at its end: the full stop of the sentence."""

_LONGEST_KEPT = 100_000
"""Characters of a text whose values are kept for the next caller. A longer text may have very many."""

_ORDINARY_CODE = re.compile(
    r"\d+(?:st|nd|rd|th|s|d|x|am|pm|a\.m|p\.m|h|km|m|cm|mm|kg|g|mg|ml|l|mb|gb|tb|kb|w|kw|hz|ghz|mhz|ft|in|lb|lbs|oz"
    r"|min|sec|hr|hrs|c|f|k|°\w)?(?:[-/].*)?|[^\W\d_]+[-/]\d{1,2}|.*[^\W\d_]{4,}[-/].*",
    re.IGNORECASE,
)
"""Letters and digits that identify nothing: `21st`, `3pm`, `covid-19`."""

_LIST_NUMBER = re.compile(r"(?:^|[\n\r])[\s>*_#(-]{0,12}$")
"""What stands before the number of a list item, from the start of its line on: `> **`."""

_FREEZING = re.compile(r"\b(?:below|above)\szero$", re.IGNORECASE)
"""What tells a sign and is no amount itself: `5 degrees below zero`."""

_WHICH = re.compile(
    r"\b(?:the|this|that|each|either|other|same|first|second|third|last|latter|top|bottom)\s$", re.IGNORECASE
)
"""What makes of a share one of two or three pieces: `the ` before `half of the game`."""

_LABELS = word_set(
    "step option passage section chapter part figure table item point question document source number no no. #"
)
_WORD_JUST_BEFORE = re.compile(r"\S\s?$")
"""A word, and nothing but a space after it: `step `."""


def extract_values(text: str) -> list[Value]:
    """Values in `text`, in order. List numbering, ordinals and labels such as `step 2` are not values."""
    return list(_kept(text) if len(text) <= _LONGEST_KEPT else _extracted(text))


@lru_cache(maxsize=8)
def _kept(text: str) -> tuple[Value, ...]:
    """The values of the last few texts, as a judge and the rules after it ask for those of the same response."""
    return _extracted(text)


def extract_amounts(text: str) -> list[Value]:
    """What `extract_values` gives without the names: who compares numbers, dates and identifiers asks for these."""
    return sorted(_amounts(text), key=_start_of)


_start_of = attrgetter("start")


def _amounts(text: str) -> tuple[Value, ...]:
    return _kept_amounts(text) if len(text) <= _LONGEST_KEPT else _read_amounts(text)


@lru_cache(maxsize=8)
def _kept_amounts(text: str) -> tuple[Value, ...]:
    """The same of the last few texts: of a response without amounts nobody asks for the names."""
    return _read_amounts(text)


def _read_amounts(text: str) -> tuple[Value, ...]:
    return tuple(
        value._replace(falls=True) if value.kind in AMOUNTS and falls(text, value.start, value.end) else value
        for value in measured_values(text)
    )


def _extracted(text: str) -> tuple[Value, ...]:
    values = list(_amounts(text))
    ends = [value.end for value in values]
    measured = len(values)
    for start, end in names(text):
        after = bisect_right(ends, start)
        if after == measured or values[after].start >= end:
            name = text[start:end]
            values.append(Value(ValueKind.NAME, name, name.casefold(), start))
    return tuple(sorted(values, key=_start_of))


def measured_values(text: str) -> Iterator[Value]:
    """Values of `text` in order, names aside. It is read as a person sees it, with offsets into it as it is."""
    shown = visible(text)
    for value in _measured(shown.text):
        if shown.origin is None:
            yield value
        else:
            start, end = shown.original(value.start, value.end)
            yield value._replace(text=text[start:end], start=start)


def _measured(text: str) -> Iterator[Value]:
    """The values, those of a sum of units with the whole sum: `2 hours and 15 minutes` are 135 minutes."""
    last: Value | None = None
    for value in _single(text):
        if last is not None:
            if last.unit and value.unit and _SUM_OF_UNITS.fullmatch(text, last.end, value.start):
                last, value = _summed(last, value)  # noqa: PLW2901 - the same value, with the sum
            yield last
        last = value
    if last is not None:
        yield last


def _summed(larger: Value, smaller: Value) -> tuple[Value, Value]:
    """Both values of a sum of units, with the sum in the unit of each. Unchanged where they are no sum."""
    amounts = [decimal(value.normal) for value in (larger, smaller)]
    if amounts[0] is None or amounts[1] is None or not is_part(smaller.unit, larger.unit):
        return larger, smaller
    more, less = (in_unit(amounts[0], larger.unit, smaller.unit), in_unit(amounts[1], smaller.unit, larger.unit))
    if more is None or less is None:
        return larger, smaller
    total, in_larger = plain(f"{more + amounts[1]:f}"), plain(f"{round(amounts[0] + less, 9):f}")
    return larger._replace(shared=in_larger), smaller._replace(shared=total)


def _single(text: str) -> Iterator[Value]:
    """The values one by one, none seen together with the next."""
    for match in matches(text):
        named = _kind_and_normal(match, text)
        if named is not None:
            kind, normal = named
            if kind in AMOUNTS:
                yield _amount(match, text, kind, normal)
            else:
                yield from _moment_or_code(match, text, kind, normal)


def _amount(match: re.Match[str], text: str, kind: ValueKind, normal: str) -> Value:
    """An amount with its sign and its unit."""
    unit, words_unit, vague_unit, special_unit_, special, point = match.group(
        "unit", "words_unit", "vague_unit", "special_unit", "special", "point"
    )
    told = unit or words_unit or vague_unit or special_unit_ or match.group("some_unit")
    told = told or (special_unit(special) if special else range_unit(match, text))
    # A point before the first digit is looked back at, as numbers are looked for where words begin.
    start = match.start() - (point is not None)
    minus = minus_before(text, start)
    start -= minus
    if minus and normal[0] != "0":
        normal = f"-{normal}"
    written = text[start : match.end()].rstrip(_TRAILING)
    return Value(kind, written, normal, start, unit_name(told) if told else "", shared_magnitude(match, text))


def _moment_or_code(match: re.Match[str], text: str, kind: ValueKind, normal: str) -> Iterator[Value]:
    """A date, a time of day, both as in `2025-03-04T14:30`, or an identifier."""
    time = match.group("iso_time")
    start = match.start()
    end = match.start("iso_time") - 1 if time else match.end()
    yield Value(kind, text[start:end].rstrip(_TRAILING), normal, start)
    if time:
        start = match.start("iso_time")
        yield Value(ValueKind.DATE, text[start : match.end()], normal_time(time, exact=True), start)


def _kind_and_normal(match: re.Match[str], text: str) -> tuple[ValueKind, str] | None:  # noqa: PLR0911 - one per kind
    """What kind of value the match is, and its normal form. None where it is no value at all."""
    group = match.group
    if group("identifier"):
        return ValueKind.IDENTIFIER, _identifier(group())
    if group("date"):
        return ValueKind.DATE, normal_date(match)
    if group("time"):
        return ValueKind.DATE, normal_time(group("time"))
    if group("money"):
        return ValueKind.MONEY, f"{scaled(group('money'), _magnitude(match, 'money_scale'))} {currency(group('sign'))}"
    if group("special"):
        return ValueKind.NUMBER, special_number(group("special"))[0]
    if group("number"):
        return _number(match, text)
    if group("share") or group("some_unit"):
        return _in_parts(match, text)
    if group("vague"):
        return ValueKind.NUMBER, vague_normal(group("vague"))
    if group("code"):
        return None if _ORDINARY_CODE.fullmatch(group()) else (ValueKind.IDENTIFIER, _identifier(group()))
    return None if _FREEZING.search(text, max(0, match.start() - 7), match.end()) else _worded(match)


def _number(match: re.Match[str], text: str) -> tuple[ValueKind, str] | None:
    """A number in digits: a percentage, money, a plain number, or only the numbering of a list."""
    point = "." if match.group("point") is not None else ""
    number = scaled(point + match.group("number"), _magnitude(match, "scale"))
    if match.group("percent"):
        return ValueKind.PERCENT, f"{number} %"
    if match.group("currency") and not (match.group("currency") == "$" and _in_formula(text, match.start())):
        return ValueKind.MONEY, f"{number} {currency(match.group('currency'))}"
    if not match.group("unit"):
        shared = shared_unit(match, text)
        if shared == "%":
            return ValueKind.PERCENT, f"{number} %"
        if shared:
            return ValueKind.MONEY, f"{number} {shared}"
    before = text[max(0, match.start() - 20) : match.start()]
    numbering = text[match.end() : match.end() + 1] in (".", ")", ":") and len(match.group("number")) <= 3
    if (numbering and (not before or _LIST_NUMBER.search(before))) or _labelled(before):
        return None
    return ValueKind.NUMBER, number


def _in_formula(text: str, start: int) -> bool:
    """Whether a dollar sign after a number closes a formula: `$x = 2$`."""
    line = text[max(0, start - 200) : start].rpartition("\n")[2]
    return line.count("$") % 2 == 1


def _in_parts(match: re.Match[str], text: str) -> tuple[ValueKind, str] | None:
    """A share in words, in whole per cent, or a part of a unit: `two thirds of`, `half an hour`."""
    share, some, and_part = match.group("share", "some", "and_part")
    if share:
        is_piece = _WHICH.search(text, max(0, match.start() - 12), match.start())
        return None if is_piece else (ValueKind.PERCENT, f"{round(100 * share_of_words(share))} %")
    parts = share_of_words(some) if some else 1 + share_of_words(and_part or "")
    return ValueKind.NUMBER, plain(f"{parts:f}")


def _labelled(before: str) -> bool:
    """Whether the text before a number ends in a word that only numbers things, as in `step 2`."""
    last = before.split()[-1:]
    return bool(last) and last[0].lower() in _LABELS and _WORD_JUST_BEFORE.search(before) is not None


def _worded(match: re.Match[str]) -> tuple[ValueKind, str] | None:
    """A number in words. A bare `one` is a pronoun more often than a count."""
    number = from_words(match.group("words"))
    if match.group("words_part"):
        number = plain(f"{Decimal(number) + share_of_words(match.group('words_part')[4:]):f}")
    if match.group("words_percent"):
        return ValueKind.PERCENT, f"{number} %"
    if match.group("words_currency"):
        return ValueKind.MONEY, f"{number} {currency(match.group('words_currency'))}"
    return None if match.group("words").lower() == "one" else (ValueKind.NUMBER, number)


def _magnitude(match: re.Match[str], name: str) -> str:
    """The magnitude word or letter, without the space or hyphen before it."""
    return (match.group(name) or "").strip(" -\t\n\u00a0")


def _identifier(written: str) -> str:
    """Lower case, without the scheme, the final slash and the full stop of the sentence."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", written.casefold()).rstrip("/.,;:!?*_")
