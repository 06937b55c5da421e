"""Where values may begin: most words of a text show no digit, sign or number word and are passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, compress

from assay.judges.text.words import WordTable
from assay.judges.values.currencies import CODES
from assay.judges.values.dates import CLOCK_WORDS, FIRST_MONTH_WORDS
from assay.judges.values.fractions import FIRST_PART_WORDS, PART_AFTER_ARTICLE
from assay.judges.values.numbers import FIRST_NUMBER_WORDS, NUMBER_WORD
from assay.judges.values.vague import FIRST_VAGUE_WORDS
from assay.judges.values.value_pattern import VALUE

_TOKEN = re.compile(r"\S+")
"""What stands between white space: `$5,`."""

_START = re.compile(r"\b\w|[$€£¥₹₽₩½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
"""Where a value may begin: at a word or at a sign, as `$` in `($5)`."""

_ARTICLE = re.compile(rf"an?\s++(?!{NUMBER_WORD}|{PART_AFTER_ARTICLE})", re.IGNORECASE)
"""An article that begins no number: `a week`, but not `a million` nor `a week and a half`."""

_TELL = re.compile(r"[\d$€£¥₹₽₩@½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]|://|www\.", re.IGNORECASE)
"""A sign that a token may hold a value: a digit, `$`, `@` or the start of an address."""

_LETTERS = re.compile(r"[\W\d_].*", re.DOTALL)
"""All that follows the first letters of a token: `-five` of `twenty-five`."""

_FIRST_WORDS = (
    FIRST_MONTH_WORDS
    | FIRST_NUMBER_WORDS
    | FIRST_VAGUE_WORDS
    | frozenset(CLOCK_WORDS)
    | FIRST_PART_WORDS
    | {code.lower() for code in CODES.split()}
    | {"rs"}
)
_FIRST_LETTERS = {word[:3] for word in _FIRST_WORDS}


def matches(text: str) -> Iterator[re.Match[str]]:
    """Matches of `VALUE`, tried only inside words that show a digit, a sign or a number word: most do not."""
    done = 0
    for start in _starts(text):
        if start < done or (text[start] in "aA" and _ARTICLE.match(text, start)):
            continue
        match = VALUE.match(text, start)
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
