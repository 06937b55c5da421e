"""Edits that make a true sentence wrong, by kind: parts of `planted_errors.py`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from assay.judges.schema import Sample
from assay.judges.text.words import words

NUMBER = re.compile(r"(?<![\w.,$€£:/-])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w:/]|[.,]\d|-\d)")
"""A plain number, e.g. `1,500` or `3.5`; no part of a date, a code or an amount of money."""

NO_SHARE = re.compile(r"(?!\s?(?:%|percent|per cent))")
"""What must not follow a number that is given a sign of per cent: `10%%` says no more than `10%`."""

COUNTED = re.compile(r"\s(?!degrees|to\b|of\b)[a-z]{3,}s\b")
"""What must follow a number that is told as a vague one: a plural that it counts, as in `12 members`."""

Edit = Callable[[str, Sample, random.Random], str | None]


def _replace_number(
    rewrite: Callable[[str, random.Random], str],
    before: re.Pattern[str] | None = None,
    fits: Callable[[str], bool] = lambda written: len(re.sub(r"\D", "", written)) >= 2,
) -> Edit:
    """An edit of one plain number that fits, drawn among those of the sentence that stand before `before`.

    By default a number of two digits or more, wherever it stands.
    """

    def edit(text: str, sample: Sample, draw: random.Random) -> str | None:
        found = [
            match
            for match in NUMBER.finditer(text)
            if fits(match.group()) and (before is None or before.match(text, match.end()))
        ]
        if not found:
            return None
        match = draw.choice(found)
        return text[: match.start()] + rewrite(match.group(), draw) + text[match.end() :]

    return edit


def _other_number(text: str, sample: Sample, draw: random.Random) -> str | None:
    own = {match.group() for match in NUMBER.finditer(text)}
    others = sorted({m.group() for c in sample.contexts for m in NUMBER.finditer(c)} - own)
    return _replace_number(lambda _, draw: draw.choice(others))(text, sample, draw) if others else None


def _grouped(number: int) -> str:
    return f"{number:,}"


def _times(factor: int) -> Edit:
    def rewrite(written: str, draw: random.Random) -> str:
        plain = float(written.replace(",", "")) * factor
        return _grouped(int(plain)) if "," in written or plain >= 10_000 else f"{plain:g}"

    return _replace_number(rewrite)


def _plus_one(written: str, _: random.Random) -> str:
    digits = re.sub(r"\D", "", written)
    raised = str(int(digits) + 1)
    return _grouped(int(raised)) if "," in written else raised if "." not in written else f"{float(written) + 1:g}"


def _no_dozens(written: str) -> bool:
    """Whether nobody would call so many dozens."""
    return not 15 <= float(written.replace(",", "")) <= 400


def _last_digit(written: str, draw: random.Random) -> str:
    return written[:-1] + draw.choice([digit for digit in "0123456789" if digit != written[-1]])


def _leading_group_dropped(text: str, sample: Sample, draw: random.Random) -> str | None:
    found = [m for m in NUMBER.finditer(text) if re.fullmatch(r"\d{1,3}(?:,\d{3})+", m.group())]
    if not found:
        return None
    match = draw.choice(found)
    return text[: match.start()] + match.group().partition(",")[2] + text[match.end() :]


_UNITS = {
    "miles": "meters", "kilometers": "meters", "km": "mm", "meters": "kilometers", "feet": "miles", "inches": "feet",
    "minutes": "hours", "hours": "days", "days": "years", "years": "months", "months": "weeks", "weeks": "years",
    "pounds": "tons", "kg": "g", "grams": "kilograms", "mg": "g", "cups": "gallons", "degrees": "percent",
    "percent": "points", "seconds": "minutes", "year": "week", "day": "hour", "week": "month",
}  # fmt: skip
_UNIT = re.compile(rf"(?<=\d )(?:{'|'.join(_UNITS)})\b")


def _unit_swapped(text: str, sample: Sample, draw: random.Random) -> str | None:
    match = _UNIT.search(text)
    return None if match is None else text[: match.start()] + _UNITS[match.group()] + text[match.end() :]


def _currency_swapped(text: str, sample: Sample, draw: random.Random) -> str | None:
    swapped = re.sub(r"\$(?=\d)", "€", text)
    return swapped if swapped != text else None


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _month_swapped(text: str, sample: Sample, draw: random.Random) -> str | None:
    found = [
        m
        for m in re.finditer("|".join(_MONTHS), text)
        if m.group() != "May" or text[m.end() + 1 : m.end() + 2].isdigit()
    ]
    if not found:
        return None
    match = draw.choice(found)
    other = draw.choice([month for month in _MONTHS if month != match.group()])
    return text[: match.start()] + other + text[match.end() :]


_NOT = re.compile(
    r"\b(?:(?P<aux>is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)(?:\s(?:not|never)\b|n['’]t\b))"
)
_AUX = re.compile(r"\b(?:is|are|was|were|has|have|can|could|will|would|should|must)\b(?!\snot)")


def _negation_dropped(text: str, sample: Sample, draw: random.Random) -> str | None:
    match = _NOT.search(text)
    return None if match is None else text[: match.start()] + match.group("aux") + text[match.end() :]


def _negation_added(text: str, sample: Sample, draw: random.Random) -> str | None:
    match = _AUX.search(text)
    return None if match is None or _NOT.search(text) else text[: match.end()] + " not" + text[match.end() :]


def _opposite_word(text: str, sample: Sample, draw: random.Random) -> str | None:
    for word, start, end in words(text):
        pair = _OPPOSITES.get(word)
        if pair:
            return text[:start] + pair + text[end:]
    return None


_OPPOSITES = {}
for _a, _b in (
    ("before", "after"), ("increased", "decreased"), ("increase", "decrease"), ("higher", "lower"), ("more", "less"),
    ("first", "last"), ("open", "closed"), ("included", "excluded"), ("allowed", "prohibited"), ("above", "below"),
    ("with", "without"), ("best", "worst"), ("good", "bad"), ("north", "south"), ("east", "west"), ("always", "never"),
    ("increases", "decreases"), ("large", "small"), ("largest", "smallest"), ("won", "lost"), ("early", "late"),
    ("high", "low"), ("old", "new"), ("left", "right"), ("cold", "hot"), ("easy", "difficult"), ("safe", "dangerous"),
):  # fmt: skip
    _OPPOSITES[_a], _OPPOSITES[_b] = _b, _a
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][a-z]{2,}(?:\s[A-Z][a-z]{2,}){0,2}\b")


def _exchange(pattern: re.Pattern[str]) -> Edit:
    """An edit of two different stretches that match: they change places."""

    def edit(text: str, sample: Sample, draw: random.Random) -> str | None:
        matches = list(pattern.finditer(text))
        distinct = [(a, b) for n, a in enumerate(matches) for b in matches[n + 1 :] if a.group() != b.group()]
        if not distinct:
            return None
        a, b = draw.choice(distinct)
        return text[: a.start()] + b.group() + text[a.end() : b.start()] + a.group() + text[b.end() :]

    return edit


EDITS: dict[str, Edit] = {
    "another number of evidence": _other_number,
    "two numbers exchanged": _exchange(NUMBER),
    "last digit": _replace_number(_last_digit),
    "plus 1": _replace_number(_plus_one),
    "x 10": _times(10),
    "x 1000": _times(1000),
    "leading group dropped": _leading_group_dropped,
    "'million' added": _replace_number(lambda w, _: f"{w} million"),
    "% added": _replace_number(lambda w, _: f"{w}%", NO_SHARE),
    "minus added": _replace_number(lambda w, _: f"-{w}"),
    "'three' instead": _replace_number(lambda w, _: "three"),
    "'dozens of' instead": _replace_number(lambda w, _: "dozens of", COUNTED, _no_dozens),
    "unit swapped": _unit_swapped,
    "currency swapped": _currency_swapped,
    "month swapped": _month_swapped,
    "negation dropped": _negation_dropped,
    "negation added": _negation_added,
    "opposite word": _opposite_word,
    "two names swapped": _exchange(_NAME),
}
