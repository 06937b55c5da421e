"""Whether a text carries a value: compares normal forms, tolerating spelling, rounding and partial dates."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import islice
from string import digits

from assay.judges.rubric import ValueKind
from assay.judges.text.words import STOP_WORDS, stem, words
from assay.judges.values.arithmetic import Operands, list_length
from assay.judges.values.dates import DateSet
from assay.judges.values.extract import Value, measured_values
from assay.judges.values.fractions import decimal, shares_in_words
from assay.judges.values.numbers import plain
from assay.judges.values.units import Quantities

_APPROXIMATE = re.compile(
    r"(?:about|around|approximately|approx\.?|roughly|nearly|almost|over|more than|less than|under|some|circa|close to"
    r"|~|≈)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that is rounded: `about `."""

MOST_VALUES = 100_000
"""Values read from one set of texts. Of what lies beyond, only the digits are known: enough to carry a number."""

_ROUNDING = Decimal("0.05")
_LONGEST_RUN = 30
_DIGIT_RUN = re.compile(rf"\d{{1,{_LONGEST_RUN}}}")
"""Digits in a row: `2024`."""

_DIGIT_BYTES = bytes(byte if chr(byte) in digits else ord(" ") for byte in range(256))
"""What becomes of each byte: digits stay, all else is a space."""

_GROUPS = re.compile(r"(?<![\w.,])\d{1,5}(?:[ \u00a0\u202f-]\(?\d{1,7}\)?){1,6}(?![\w])")
"""A number written in groups: `1 000 000`, `555-1234`."""

_SEASON = re.compile(r"(?<!\d)(1[5-9]|20)\d\d\s?[-–/]\s?(\d\d)(?!\d)")
"""Two years of which the second is short: `2020-21`."""

_LEAST_JOINED = 4
"""Digits of a number that may be written in groups: of shorter ones any two make one."""

_VERSION = re.compile(r"^v\.?(?=\d)")
"""The letter before the number of a version, as in `v2.1`."""

_FEW_DIGITS = 2
"""Significant digits a number must show to be taken for the rounded form of a longer one."""

_LONGEST_ACRONYM = 8
_SMALL_WORDS_BETWEEN = r"[\s-]{1,2}(?:(?:of|and|the|for|in|on|to|de|la|&)\s){0,2}"

_EITHER = re.compile(r"\d{1,3}\.\d{3}")
"""A number that is a thousand to some and one to others: `1.000`."""


class ValueIndex:
    """The values of the texts that may carry what a response states."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)

    @cached_property
    def stated(self) -> list[Value]:
        """The values the texts state, names aside. They are read when first asked for: many responses state none."""
        return list(islice((value for text in self._texts for value in measured_values(text)), MOST_VALUES))

    @cached_property
    def _normals(self) -> set[str]:
        """Normal forms, in both readings of what has two."""
        others = (
            f"{reading} {value.normal.partition(' ')[2]}".rstrip()
            for value in self.stated
            if _is_amount(value)
            for reading in _other_reading(value)
        )
        return {*(value.normal for value in self.stated), *others}

    @cached_property
    def _dates(self) -> DateSet:
        return DateSet(value.normal for value in self.stated if value.kind is ValueKind.DATE)

    @cached_property
    def _units(self) -> dict[str, set[str]]:
        """Each amount with the units of measurement it is stated in, empty for none."""
        units: dict[str, set[str]] = defaultdict(set)
        for value in self.stated:
            if _is_amount(value):
                for amount in (value.normal.partition(" ")[0], *_other_reading(value)):
                    units[amount].add(value.unit)
        return dict(units)

    @cached_property
    def _measured(self) -> set[str]:
        """Amounts of money and percentages, without what they are of."""
        parts = (value.normal.partition(" ") for value in self.stated if _is_amount(value))
        return {amount for amount, _, sign in parts if sign}

    @cached_property
    def vocabulary(self) -> set[str]:
        """Stems of all words, and maybe the words. A caller that has them already may set them."""
        distinct = {word for text in self._texts for word, _, _ in words(text)}
        return distinct | {stem(word) for word in distinct}

    @cached_property
    def _digit_runs(self) -> set[str]:
        """All runs of digits, also inside codes and dates."""
        return {run for text in self._texts for run in _runs_of_digits(text)}

    @cached_property
    def _joined(self) -> set[str]:
        """Numbers written in groups (`1 000 000`, telephone and book numbers), and the second year of `2020-21`."""
        groups = (match.group() for text in self._texts for match in _GROUPS.finditer(text))
        seasons = (match.groups() for text in self._texts for match in _SEASON.finditer(text))
        return {re.sub(r"\D", "", group) for group in groups} | {century + year for century, year in seasons}

    @cached_property
    def _folded(self) -> str:
        """All texts in one case, for what only a literal search finds."""
        return "\n".join(self._texts).casefold()

    @cached_property
    def operands(self) -> Operands:
        """What other values may be worked out from."""
        return Operands(self.stated)

    @cached_property
    def list_lengths(self) -> frozenset[int]:
        """How many items the lists of each text have."""
        return frozenset(map(list_length, self._texts))

    def carries(self, value: Value, before: str = "") -> bool:
        """Whether the indexed texts state `value`.

        Args:
            value: from the response.
            before: the response's text just before it. After `about` a rounded value is enough.
        """
        if value.kind is ValueKind.NAME:
            return self._carries_name(value)
        if value.shared and self.carries(value._replace(normal=value.shared, shared="")):
            return True
        return _digits(value) in self._digit_runs or self._carries(value, before)

    def _carries(self, value: Value, before: str) -> bool:
        """By kind, when digits alone do not tell."""
        if value.normal in self._normals and (not value.unit or self._same_unit(value)):
            return True
        if value.kind is ValueKind.IDENTIFIER:
            return _VERSION.sub("", value.normal) in self._folded
        if value.kind is ValueKind.DATE:
            return self._carries_date(value.normal)
        return self._carries_amount(value, before)

    def _carries_name(self, value: Value) -> bool:
        """Each word of the name occurs somewhere, or the acronym and the name spelt out have the same initials."""
        parts = [word for word, _, _ in words(value.text) if word not in STOP_WORDS]
        missing = [word for word in parts if (len(word) > 1 or word.isdigit()) and not self._knows(word)]
        if not missing:
            return True
        acronym = "".join(word[0] for word in parts).upper()
        if len(acronym) > 2 and any(re.search(rf"\b{re.escape(acronym)}\b", text) for text in self._texts):
            return True
        return all(self._carries_part(word, value.text) for word in missing)

    def _knows(self, word: str) -> bool:
        """Whether the word or its stem stands there. A number may stand inside a code: `GPT4` has the 4 of `GPT-4`."""
        if word.isdigit() and word in self._digit_runs:
            return True
        return word in self.vocabulary or stem(word) in self.vocabulary

    def _carries_part(self, word: str, name: str) -> bool:
        """Whether a word of a name stands inside another word, or is an acronym of a name the texts spell out."""
        if len(word) > 3 and word in self._folded:
            return True
        return word.upper() in name and word.isalpha() and self._spelt_out(word.upper())

    def _spelt_out(self, acronym: str) -> bool:
        """Whether capitalised words in a row have these initials, small words between them aside."""
        if not 2 <= len(acronym) <= _LONGEST_ACRONYM:
            return False
        pattern = re.compile(r"\b" + _SMALL_WORDS_BETWEEN.join(rf"{re.escape(letter)}\w{{1,30}}" for letter in acronym))
        return any(pattern.search(text) for text in self._texts)

    def _carries_date(self, date: str) -> bool:
        """The date, or each of its parts somewhere: `March 2021` beside `the 3rd of March`, `2021` as a number."""
        if date[0] == "T":
            return self._dates.holds(date)
        if date[4:] == "------" and any(date[:4] in known for known in (self._digit_runs, self._units, self._joined)):
            return True
        if self._dates.holds(date):
            return True
        if "?" in date or "-" in (date[0], date[5]):
            return False
        # A full date may be put together from two places: its year in one, its day in another.
        year, rest = f"{date[:4]}------", f"-----{date[5:]}"
        return self._carries_date(year) and self._dates.holds(rest)

    def _carries_amount(self, value: Value, before: str) -> bool:  # noqa: PLR0911 - one per way to be carried
        """The same amount without a unit, the same digits anywhere, or near enough where the response says `about`."""
        # From the strictest way to be carried to the loosest: the first that decides is right.
        amount, _, sign = value.normal.partition(" ")
        if value.unit:
            known = self._carries_quantity(value)
            if known is not None:
                return known
        if amount in self._normals or (amount in self._units and not sign):
            return True
        if sign == "%" and self._carries_share(amount):
            return True
        if sign and amount in self._measured:
            return False  # the same amount, but of something else
        if amount in self._digit_runs or self._dates.holds(f"{amount}------"):
            return True
        if len(amount) >= _LEAST_JOINED and amount in self._joined:
            return True
        if self._rounded(amount) or any(reading in self._units for reading in _other_reading(value)):
            return True
        return bool(_APPROXIMATE.search(before[-20:])) and self._near(amount)

    def _same_unit(self, value: Value) -> bool:
        """Whether the amount stands with this unit, or somewhere with none."""
        return not self._units.get(value.normal, {""}).isdisjoint({value.unit, ""})

    def _carries_quantity(self, value: Value) -> bool | None:
        """Whether the quantity is stated in this unit or another one. None where the amount alone has to tell."""
        if value.normal in self._units and self._same_unit(value):
            return True
        amount = decimal(value.normal)
        if amount is None:
            return None
        if self._quantities.hold(amount, value.unit):
            return True
        return False if value.normal in self._units else None

    @cached_property
    def _quantities(self) -> Quantities:
        """Amounts with a unit."""
        measured = {(value.normal, value.unit) for value in self.stated if value.unit}
        return Quantities((amount, unit) for normal, unit in measured if (amount := decimal(normal)) is not None)

    def _carries_share(self, amount: str) -> bool:
        """Whether a percentage is stated as a fraction: `half`, `one in four`, 0.25."""
        wanted = decimal(amount)
        if wanted is None:
            return False
        return _plain(wanted / 100) in self._units or _plain(round(wanted)) in self._shares

    @cached_property
    def _shares(self) -> set[str]:
        """Shares in words, in whole per cent."""
        return {share for text in self._texts for share in shares_in_words(text)}

    def _rounded(self, amount: str) -> bool:
        """Whether a longer decimal fraction is stated that rounds to this one, as 3.14159 to 3.14."""
        whole, _, fraction = amount.partition(".")
        if not fraction or len((whole + fraction).lstrip("0")) < _FEW_DIGITS:
            return False
        return amount in self._roundings.get(len(fraction), ())

    @cached_property
    def _roundings(self) -> dict[int, set[str]]:
        """The stated decimal fractions, rounded to one, two and three places."""
        fractions = [fraction for text in self._units if "." in text and (fraction := decimal(text)) is not None]
        return {places: {f"{fraction:.{places}f}" for fraction in fractions} for places in (1, 2, 3)}

    def _near(self, amount: str) -> bool:
        """Whether an amount within 5 % is stated."""
        wanted = decimal(amount)
        if wanted is None:
            return False
        leeway = _ROUNDING * abs(wanted)
        nearest = bisect_left(self._sorted, wanted - leeway)
        return nearest < len(self._sorted) and self._sorted[nearest] <= wanted + leeway

    @cached_property
    def _sorted(self) -> list[Decimal]:
        """The stated amounts in order."""
        return sorted(amount for text in self._units if (amount := decimal(text)) is not None)


def _runs_of_digits(text: str) -> list[str]:
    """Runs of digits, longer ones cut. For ASCII a table of bytes is used, which is faster than the pattern."""
    if text.isascii():
        runs = text.encode().translate(_DIGIT_BYTES).decode().split()
        if max(map(len, runs), default=0) <= _LONGEST_RUN:
            return runs
    return _DIGIT_RUN.findall(text)


def _is_amount(value: Value) -> bool:
    return value.kind in (ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT)


def _digits(value: Value) -> str:
    """What is enough to find of a number without a unit, and of a year: reading digits costs less than values."""
    if value.kind is ValueKind.NUMBER and not value.unit:
        return value.normal
    return value.normal[:4] if value.kind is ValueKind.DATE and value.normal[4:] == "------" else ""


def _other_reading(value: Value) -> tuple[str, ...]:
    """`1.000` is a thousand to half of the world, and the 5 of `5-10 million` is five million to most."""
    written = value.text.split()[0] if value.text else ""
    thousands = (plain(written.replace(".", "")),) if _EITHER.fullmatch(written) else ()
    return (*thousands, value.shared.partition(" ")[0]) if value.shared else thousands


def _plain(amount: Decimal | int) -> str:
    return plain(f"{amount:f}") if isinstance(amount, Decimal) else str(amount)


@lru_cache(maxsize=8)
def value_index(texts: tuple[str, ...]) -> ValueIndex:
    """The index of these texts. The last few are kept, as a judge and the rules after it ask for the same evidence."""
    return ValueIndex(texts)
