"""Whether a text carries a value: compares normal forms, tolerating spelling, rounding and partial dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import islice

from assay.judges.rubric import ValueKind
from assay.judges.text.words import STOP_WORDS, stem, words
from assay.judges.values.amounts import AmountIndex
from assay.judges.values.arithmetic import list_length
from assay.judges.values.dates import DateSet, epoch_date
from assay.judges.values.extract import measured_values
from assay.judges.values.fractions import decimal, shares_in_words
from assay.judges.values.measures import is_share, measure_of, number_of
from assay.judges.values.numerals import from_roman, numbers_otherwise
from assay.judges.values.operands import Operands
from assay.judges.values.value import AMOUNTS, Value
from assay.judges.values.whole import whole_numbers

MOST_VALUES = 100_000
"""Values read from one set of texts. Of what lies beyond, only the digits are known: enough to carry a number."""

_GROUPS = re.compile(r"(?<![\w.,])\d{1,5}(?:[ \u00a0\u202f-]\(?\d{1,7}\)?){1,6}(?![\w])")
"""A number written in groups: `1 000 000`, `555-1234`."""

_SEASON = re.compile(r"(?<!\d)(1[5-9]|20)\d\d\s?[-–/]\s?(\d\d)(?!\d)")
"""Two years of which the second is short: `2020-21`."""

_LEAST_JOINED = 4
"""Digits of a number that may be written in groups: of shorter ones any two make one."""

_VERSION = re.compile(r"^v\.?(?=\d)")
"""The letter before the number of a version, as in `v2.1`."""

_LONGEST_ACRONYM = 8
_SMALL_WORDS_BETWEEN = r"[\s-]{1,2}(?:(?:of|and|the|for|in|on|to|de|la|&)\s){0,2}"


class ValueIndex:
    """The values of the texts that may carry what a response states."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)

    @cached_property
    def stated(self) -> list[Value]:
        """The values the texts state, names aside. They are read when first asked for: many responses state none."""
        return [value for value, _ in self._located]

    @cached_property
    def _located(self) -> list[tuple[Value, str]]:
        """The values, each with the text it stands in."""
        return list(islice(((value, text) for text in self._texts for value in measured_values(text)), MOST_VALUES))

    @cached_property
    def _amounts(self) -> AmountIndex:
        return AmountIndex(self._located)

    @cached_property
    def _identifiers(self) -> set[str]:
        return {value.normal for value in self.stated if value.kind is ValueKind.IDENTIFIER}

    @cached_property
    def _dates(self) -> DateSet:
        dates = [value.normal for value in self.stated if value.kind is ValueKind.DATE]
        stamps = map(epoch_date, {value.normal for value in self.stated if value.kind is ValueKind.NUMBER})
        return DateSet([*dates, *filter(None, stamps)])

    @cached_property
    def vocabulary(self) -> set[str]:
        """Stems of all words, and maybe the words. A caller that has them already may set them."""
        distinct = {word for text in self._texts for word, _, _ in words(text)}
        return distinct | {stem(word) for word in distinct}

    @cached_property
    def _whole(self) -> set[str]:
        """Numbers in digits that stand whole, also inside codes."""
        return {number for text in self._texts for number in whole_numbers(text)}

    @cached_property
    def _otherwise(self) -> set[str]:
        """Numbers in other numerals and in words of other languages. They are looked for where nothing else is left."""
        return {number for text in self._texts for number in numbers_otherwise(text)}

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
        return Operands(self.stated, self._located)

    @cached_property
    def list_lengths(self) -> frozenset[int]:
        """How many items the lists of each text have."""
        return frozenset(map(list_length, self._texts))

    def states(self, value: Value) -> bool:
        """Whether the indexed texts state exactly this value, with its sign and unit. The spelling may differ."""
        if value.kind is ValueKind.DATE:
            return self._dates.holds(value.normal)
        return value.normal in self._identifiers if value.kind not in AMOUNTS else self._amounts.states(value)

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
        return _digits(value) in self._whole or self._carries(value, before)

    def _carries(self, value: Value, before: str) -> bool:
        """By kind, when digits alone do not tell."""
        if value.kind is ValueKind.IDENTIFIER:
            return value.normal in self._identifiers or _VERSION.sub("", value.normal) in self._folded
        if value.kind is ValueKind.DATE:
            return self._carries_date(value.normal)
        if self._amounts.carries(value, before):
            return True
        number, measure = number_of(value), measure_of(value)
        if measure == "%":
            return self._carries_share(number) or (is_share(value) and self._amounts.nears_share(number))
        return self._is_joined(number, measure, value.text) or number in self._otherwise

    def _is_joined(self, number: str, measure: str, written: str) -> bool:
        """Whether the digits stand in groups: those of a telephone, which count nothing and have no separators."""
        counts = measure or "," in written or "." in written
        return not counts and len(number) >= _LEAST_JOINED and number in self._joined

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
        if word.isdigit() and word in self._whole:
            return True
        return word in self.vocabulary or stem(word) in self.vocabulary

    def _carries_part(self, word: str, name: str) -> bool:
        """Whether a word of a name stands inside another word, or is an acronym of a name the texts spell out."""
        if len(word) > 3 and word in self._folded:
            return True
        if str(from_roman(word)) in self._whole and word.upper() in name:
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
        if date[4:] == "------" and (
            date[:4] in self._whole
            or self._amounts.has(date[:4])
            or date[:4] in self._joined
            or date[:4] in self._otherwise
        ):
            return True
        if self._dates.holds(date):
            return True
        if "?" in date or "-" in (date[0], date[5]):
            return False
        # A full date may be put together from two places: its year in one, its day in another.
        year, rest = f"{date[:4]}------", f"-----{date[5:]}"
        return self._carries_date(year) and self._dates.holds(rest)

    def _carries_share(self, amount: str) -> bool:
        """Whether a percentage is stated as a fraction in words: `half`, `one in four`."""
        wanted = decimal(amount)
        return wanted is not None and str(round(wanted)) in self._shares

    @cached_property
    def _shares(self) -> set[str]:
        """Shares in words, in whole per cent."""
        return {share for text in self._texts for share in shares_in_words(text)}


def _digits(value: Value) -> str:
    """What is enough to find of a number without a unit, and of a year: reading digits costs less than values."""
    if value.kind is ValueKind.NUMBER and not value.unit:
        return value.normal
    return value.normal[:4] if value.kind is ValueKind.DATE and value.normal[4:] == "------" else ""


@lru_cache(maxsize=8)
def value_index(texts: tuple[str, ...]) -> ValueIndex:
    """The index of these texts. The last few are kept, as a judge and the rules after it ask for the same evidence."""
    return ValueIndex(texts)
