"""The words of a text in another language, in the form by which a sentence is held against its passage."""

from __future__ import annotations

import re
from typing import NamedTuple

from assay.judges.text.bounded_marks import normalized
from assay.judges.text.languages import UNSPACED
from assay.judges.text.words import WordTable
from assay.judges.values.numerals import numbers_otherwise

_MARKS = r"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\u200c\u200d"
"""Vowel signs and accents written as characters of their own, and the letters of India without their full stop."""

_HAN_NUMERALS = "〇零一二两兩三四五六七八九十百千万萬億亿"

_WORD = re.compile(rf"[{_HAN_NUMERALS}]{{1,20}}|[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W_]|[{_MARKS}]){{1,64}}")
"""A word with its vowel signs, e.g. `कुत्तों`; in a script without blanks a character or a number, `語`, `三百`."""

_REPLY = re.compile(
    r"\W{0,4}(?:ja|jo|nein|doch|oui|non|si|sí|no|sì|sim|não|nee|nej|nei|jah|tak|nie|ano|ne|áno|igen|nem|da|nu|evet"
    r"|hayır|kyllä|ei|ya|tidak|да|нет|так|ні|ναι|όχι|نعم|لا|हाँ|हां|नहीं|네|아니요|はい|いいえ|是的|不|对)[.,!:،，。、！]{1,2}\s{0,2}",
    re.IGNORECASE,
)
"""The word that answers before a statement, e.g. `Nein, `. It denies the question and not what follows."""

_STOPS = re.compile(r"[,;:.!?…–—()\[\]«»،؛。、，；：！？（）「」।|\n]")
"""What parts two clauses, e.g. `,`."""

_OF_A_WOMAN = ("in", "innen", "ora", "ka", "ка")
"""Endings that make another person of the one named, as in `Lehrerin`."""

_UNSPACED = re.compile(f"[{UNSPACED}]")
"""A character of a script without blanks between words, e.g. `語`."""

_LEAST_STEM = 4
_LONGEST_ENDING = 2


class Words(NamedTuple):
    """The words of a text: the form each is compared by, and whether a stop stands before it.

    A number has the form `#9`, in words or in digits.
    """

    forms: tuple[str, ...]
    parted: tuple[bool, ...]


def read_words(text: str) -> Words:
    """The words of a text in order, without the answer to a question that leads it."""
    text = normalized("NFKC", text)
    reply = _REPLY.match(text)
    read = reply.end() if reply else 0
    forms, parted = [], []
    for match in _WORD.finditer(text, read):
        forms.append(_FORMS[match.group().lower()])
        parted.append(_STOPS.search(text, read, match.start()) is not None)
        read = match.end()
    return Words(tuple(forms), tuple(parted))


def _form(word: str) -> str:
    if word.isdecimal():
        return f"#{int(word)}"
    numbers = set(numbers_otherwise(word)) if len(word) > 1 or word in _HAN_NUMERALS else set[str]()
    return f"#{numbers.pop()}" if len(numbers) == 1 else word


_FORMS = WordTable(_form)


def is_unspaced(words: Words) -> bool:
    """Whether most of the text is in a script without blanks between words."""
    return 2 * sum(_UNSPACED.match(form) is not None for form in words.forms) > len(words.forms)


def is_number(form: str) -> bool:
    """Whether a form is that of a number."""
    return form.startswith("#")


def same_word(first: str, second: str) -> bool:
    """Whether two forms are one word: equal, or one is the other with an ending of at most two letters."""
    if first == second:
        return True
    short, long = (first, second) if len(first) < len(second) else (second, first)
    if len(short) < _LEAST_STEM or is_number(short) or not long.startswith(short):
        return False
    return len(long) - len(short) <= _LONGEST_ENDING and not long.endswith(_OF_A_WOMAN)
