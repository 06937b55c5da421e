"""Finds the values a text states: numbers, percentages, money, dates, names, identifiers."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, compress
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.schema import Span
from assay.judges.text.words import WordTable, word_set
from assay.judges.values.dates import DATE, FIRST_MONTH_WORDS, TIME, normal_date, normal_time
from assay.judges.values.deobfuscate import visible
from assay.judges.values.names import names
from assay.judges.values.numbers import DIGITS, FIRST_NUMBER_WORDS, NUMBER_WORD, NUMBER_WORDS, from_words, scaled
from assay.judges.values.patterns import one_of
from assay.judges.values.units import UNIT, unit_name


class Value(NamedTuple):
    """One value a text states. Two spellings of the same value have the same `normal`.

    `normal` is `1000` for numbers, `5 %`, `1000 EUR`, `2021-03-05` (dashes for parts not stated), `T17:30` for a time
    of day (`T05:30~` where it may mean either half) and the text in lower case for names and identifiers. `unit` is
    the unit of measurement of a number, as `units.py` names it. Empty where it has none. `shared` is another
    normal form, with the magnitude at the end of the range it begins: `5-10 million` may begin at 5 or at 5 million.
    """

    kind: ValueKind
    text: str
    normal: str
    start: int
    unit: str = ""
    shared: str = ""

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(start=self.start, end=self.end)


_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "US$": "USD", "₽": "RUB", "₩": "KRW"}
_WORDS = {
    "dollar": "USD",
    "buck": "USD",
    "euro": "EUR",
    "pound sterling": "GBP",
    "yen": "JPY",
    "rupee": "INR",
    "cent": "cent",
}
_CODES = "USD EUR GBP JPY INR CHF CAD AUD CNY SEK NOK DKK PLN CZK BRL MXN RUB KRW"

_SCALES = "thousand million billion trillion mio mn bn tn"

_MAGNITUDE = rf"(?:[\s-]{{0,2}}{one_of(_SCALES.split())}\b|[kKmMbB]\b)"
_SIGN = r"(?:US\$|[$€£¥₹₽₩])"
_CODE = one_of(_CODES.split())
_CURRENCY = rf"(?:{_SIGN}|{_CODE}\b|(?:US\s)?(?:dollar|euro|buck|yen|rupee|cent|pounds?\ssterling)s?\b)"

_VALUE = re.compile(
    rf"""
    (?P<identifier>
        (?:https?://|www\.)[^\s<>"'()\[\]]{{1,2000}}
      | (?<![\w.+-])[\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,5}}
    )
  | (?<![\w.,/-])(?P<date>{DATE})(?!\w)(?!-\d)(?!\s?{UNIT}(?!\w))
  | (?<![\w.,/:$])(?P<time>{TIME})
  | (?<![\w.])(?!\d)(?P<sign>{_SIGN}|{_CODE}\s)\s?(?P<money>\.?{DIGITS})(?P<money_scale>{_MAGNITUDE})?
  | (?:(?<![\w.,])|(?P<point>(?<=[\s(\[<>=~≈±]\.)))(?P<number>{DIGITS})
        (?:(?P<percent>\s?(?:%|percent\b|per\scent\b|pct\b))
          |(?P<scale>{_MAGNITUDE})?(?:[\s-]{{0,2}}(?:(?P<currency>{_CURRENCY})|(?P<unit>{UNIT})))?(?!\w))
  | (?<!\w)(?=[\w./-]{{0,60}}\d)(?=[\w./-]{{0,60}}[^\W\d_])(?P<code>\w[\w./-]{{1,60}}\w)
  | (?!\d)\b(?P<words>{NUMBER_WORDS})\b(?:\s(?P<words_percent>percent|per\scent)\b|\s(?P<words_currency>{_CURRENCY})
        |[\s-](?P<words_unit>{UNIT})(?!\w))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""A value, as `1,000 EUR`. The group says of what kind it is.

`identifier`: `https://example.org/a`, `me@example.org`. `date`: `5 March 2021`. `time`: `5:30 pm`. `money` after its
sign: `$2.5 million`. `number` with a percentage, currency or unit: `5 %`, `20 euros`, `3 km`. `code`: `RFC-9110`.
`words`: `twenty-five per cent`.
"""

_BETWEEN = r"\s?(?:-|–|—|to|and)\s?"
_RANGE_AFTER = re.compile(
    rf"{_BETWEEN}{DIGITS}(?:(?P<percent>\s?(?:%|percent\b|per\scent\b))|{_MAGNITUDE}?[\s-]{{0,2}}(?P<currency>{_CURRENCY}))",
    re.IGNORECASE,
)
"""The rest of a range whose end has the sign: `-10 %` after the 5 of `5-10 %`."""

_RANGE_MAGNITUDE = re.compile(
    rf"\s?(?:-|–|—|to)\s?{_SIGN}?{DIGITS}(?P<scale>{_MAGNITUDE})(?:[\s-]{{0,2}}(?P<currency>{_CURRENCY}))?",
    re.IGNORECASE,
)
"""The rest of a range whose end has the magnitude: `-10 million` after `$5`."""

_DASHES = "-–— "
_RANGE_SIGNS = ("-", "–", "—", "to", "and")
_RANGE_BEFORE = re.compile(rf"(?P<sign>{_SIGN}|{_CODE}\s)\s?{DIGITS}{_BETWEEN}$", re.IGNORECASE)
"""The beginning of a range that has the sign: `$5-` before 10."""

_LONGEST_KEPT = 100_000
"""Characters of a text whose values are kept for the next caller. A longer text may have very many."""

_TOKEN = re.compile(r"\S+")
"""What stands between white space: `$5,`."""

_START = re.compile(r"\b\w|[$€£¥₹₽₩]")
"""Where a value may begin: at a word or at a sign, as `$` in `($5)`."""

_ARTICLE = re.compile(rf"an?\s++(?!{NUMBER_WORD})", re.IGNORECASE)
"""An article that begins no number: `a week`, but not `a million`."""

_TELL = re.compile(r"[\d$€£¥₹₽₩@]|://|www\.", re.IGNORECASE)
"""A sign that a token may hold a value: a digit, `$`, `@` or the start of an address."""

_LETTERS = re.compile(r"[^a-zA-Z].*", re.DOTALL)
"""All that follows the first letters of a token: `-five` of `twenty-five`."""

_FIRST_WORDS = FIRST_MONTH_WORDS | FIRST_NUMBER_WORDS | {code.lower() for code in _CODES.split()}
_FIRST_LETTERS = {word[:3] for word in _FIRST_WORDS}

_ORDINARY_CODE = re.compile(
    r"\d+(?:st|nd|rd|th|s|d|x|am|pm|a\.m|p\.m|h|km|m|cm|mm|kg|g|mg|ml|l|mb|gb|tb|kb|w|kw|hz|ghz|mhz|ft|in|lb|lbs|oz"
    r"|min|sec|hr|hrs|c|f|k|°\w)?(?:[-/].*)?|[^\W\d_]+[-/]\d{1,2}|.*[^\W\d_]{4,}[-/].*",
    re.IGNORECASE,
)
"""Letters and digits that identify nothing: `21st`, `3pm`, `covid-19`."""

_LIST_NUMBER = re.compile(r"(?:^|[\n\r])[\s>*_#(-]{0,12}$")
"""What stands before the number of a list item, from the start of its line on: `> **`."""

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


def _extracted(text: str) -> tuple[Value, ...]:
    values = list(measured_values(text))
    ends = [value.end for value in values]
    measured = len(values)
    for start, end in names(text):
        after = bisect_right(ends, start)
        if after == measured or values[after].start >= end:
            name = text[start:end]
            values.append(Value(ValueKind.NAME, name, name.casefold(), start))
    return tuple(sorted(values, key=lambda value: value.start))


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
    for match in _matches(text):
        named = _kind_and_normal(match, text)
        if named is None:
            continue
        kind, normal = named
        unit = match.group("unit") or match.group("words_unit")
        # A point before the first digit is looked back at, as numbers are looked for where words begin.
        start = match.start() - (match.group("point") is not None)
        written = text[start : match.end()].rstrip(" .,;:-'’")
        yield Value(kind, written, normal, start, unit_name(unit) if unit else "", _shared_magnitude(match, text))


def _matches(text: str) -> Iterator[re.Match[str]]:
    """Matches of `_VALUE`, tried only inside words that show a digit, a sign or a number word: most do not."""
    done = 0
    for start in _starts(text):
        if start < done or (text[start] in "aA" and _ARTICLE.match(text, start)):
            continue
        match = _VALUE.match(text, start)
        if match:
            done = match.end()
            yield match


def _starts(text: str) -> Iterator[int]:
    """Offsets at which a value may begin, in order."""
    pieces = text.split(" ")
    inside = list(map(_STARTS.__getitem__, pieces))
    if any(inside):
        letters_before = list(accumulate(map(len, pieces), initial=0))
        for spaces in compress(range(len(pieces)), inside):
            begin = letters_before[spaces] + spaces
            for offset in inside[spaces]:
                yield begin + offset


def _starts_in(piece: str) -> tuple[int, ...]:
    """Offsets in what stands between two spaces. Where other white space is left in, its words are cut there."""
    tokens = (token for token in _TOKEN.finditer(piece) if _may_start(token.group()))
    return tuple(start.start() for token in tokens for start in _START.finditer(piece, *token.span()))


def _may_start(token: str) -> bool:
    """Whether a value may begin inside the token."""
    if not token.isalpha():
        if _TELL.search(token):
            return True
        token = _LETTERS.sub("", token.strip("([{\"'“‘*_"))
    return token[:3].lower() in _FIRST_LETTERS and token.lower() in _FIRST_WORDS


_STARTS = WordTable(_starts_in)


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
        return ValueKind.MONEY, f"{scaled(group('money'), _magnitude(match, 'money_scale'))} {_currency(group('sign'))}"
    if group("number"):
        return _number(match, text)
    if group("code"):
        return None if _ORDINARY_CODE.fullmatch(group()) else (ValueKind.IDENTIFIER, _identifier(group()))
    return _worded(match)


def _number(match: re.Match[str], text: str) -> tuple[ValueKind, str] | None:
    """A number in digits: a percentage, money, a plain number, or only the numbering of a list."""
    point = "." if match.group("point") is not None else ""
    number = scaled(point + match.group("number"), _magnitude(match, "scale"))
    if match.group("percent"):
        return ValueKind.PERCENT, f"{number} %"
    if match.group("currency"):
        return ValueKind.MONEY, f"{number} {_currency(match.group('currency'))}"
    if not match.group("unit"):
        shared = _shared_unit(match, text)
        if shared == "%":
            return ValueKind.PERCENT, f"{number} %"
        if shared:
            return ValueKind.MONEY, f"{number} {shared}"
    before = text[max(0, match.start() - 20) : match.start()]
    numbering = text[match.end() : match.end() + 1] in (".", ")", ":") and len(match.group("number")) <= 3
    if (numbering and (not before or _LIST_NUMBER.search(before))) or _labelled(before):
        return None
    return ValueKind.NUMBER, number


def _shared_unit(match: re.Match[str], text: str) -> str:
    """What a number shares with the other end of its range: the sign in `5-10 %` or `$5-10`. Empty where nothing."""
    after = _RANGE_AFTER.match(text, match.end(), match.end() + 60) if match.end() < len(text) else None
    if after:
        return "%" if after.group("percent") else _currency(after.group("currency"))
    before = text[max(0, match.start() - 30) : match.start()]
    if before[-1:] not in _DASHES or not before.rstrip().lower().endswith(_RANGE_SIGNS):
        return ""
    first = _RANGE_BEFORE.search(before)
    return _currency(first.group("sign").strip()) if first else ""


def _shared_magnitude(match: re.Match[str], text: str) -> str:
    """The normal form of the first number of a range with the magnitude that may be meant for both."""
    digits = match.group("number") or match.group("money")
    if not digits or match.group("scale") or match.group("money_scale") or match.group("unit"):
        return ""
    range_ = _RANGE_MAGNITUDE.match(text, match.end(), match.end() + 60)
    if range_ is None:
        return ""
    number = scaled(digits, range_.group("scale").strip(" -\t\n\u00a0"))
    sign = match.group("sign") or range_.group("currency")
    return f"{number} {_currency(sign)}" if sign else number


def _labelled(before: str) -> bool:
    """Whether the text before a number ends in a word that only numbers things, as in `step 2`."""
    last = before.split()[-1:]
    return bool(last) and last[0].lower() in _LABELS and _WORD_JUST_BEFORE.search(before) is not None


def _worded(match: re.Match[str]) -> tuple[ValueKind, str] | None:
    """A number in words. A bare `one` is a pronoun more often than a count."""
    number = from_words(match.group("words"))
    if match.group("words_percent"):
        return ValueKind.PERCENT, f"{number} %"
    if match.group("words_currency"):
        return ValueKind.MONEY, f"{number} {_currency(match.group('words_currency'))}"
    return None if match.group("words").lower() == "one" else (ValueKind.NUMBER, number)


def _magnitude(match: re.Match[str], name: str) -> str:
    """The magnitude word or letter, without the space or hyphen before it."""
    return (match.group(name) or "").strip(" -\t\n\u00a0")


def _currency(written: str) -> str:
    """The code of a currency, however it was written."""
    written = " ".join(written.split())
    if written.upper() in _CODES.split():
        return written.upper()
    singular = written.lower().removeprefix("us ").rstrip("s").replace("pounds sterling", "pound sterling")
    return _SIGNS.get(written.upper(), _WORDS.get(singular, singular))


def _identifier(written: str) -> str:
    """Lower case, without the scheme, the final slash and the full stop of the sentence."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", written.casefold()).rstrip("/.,;:!?*_")
