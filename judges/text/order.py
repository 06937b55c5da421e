"""The words of a statement in order, without what never tells who does what to whom."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from assay.judges.text.negation import NEGATION_STEMS
from assay.judges.text.words import STOP_WORDS, WordTable, stem, surface_words, word_set, words

_SILENT = word_set(
    "a an the this that these those its his her their our your my also now then currently recently later already"
)
"""Words that may come and go: `the`, `also`."""

BE = "be"
_FORMS_OF_BE = word_set("is are was were be been being am")

_CUTS = word_set("and but while whereas whilst though although or yet")
"""Words at which a new clause may begin: `and` in `A is red and B is blue`."""

_CUT_STEMS = frozenset(map(stem, _CUTS))

_MARK = re.compile(r"[,;:.!?()|\n—–]")
"""A mark between two words after which something else may begin: the comma of `A, B and C`."""

_HARD_MARK = re.compile(r"[;:.!?|\n—–]")
"""A mark that parts statements: `;`."""

MOST_TOKENS = 60
"""Words of a statement that are read. A longer one is not compared."""

_LONGEST_KEPT = 1_000
"""Characters of a text whose words are kept. A sentence is shorter, and a text of so many has too many words anyway."""

_NO_CONTENT = STOP_WORDS | frozenset(map(stem, STOP_WORDS)) | NEGATION_STEMS | {BE, "have"}


class Token(NamedTuple):
    """One word: its stem, whether it begins with a capital, and whether a mark stands before it."""

    term: str
    capital: bool = False
    apart: bool = False
    clause: bool = False

    @property
    def content(self) -> bool:
        """Whether the word carries a claim by itself; a number does."""
        return self.term not in _NO_CONTENT


def tokens_of(text: str) -> tuple[Token, ...]:
    """The words of a text in order; none of a text that is too long."""
    return _kept(text) if len(text) <= _LONGEST_KEPT else _read(text)


@lru_cache(maxsize=256)
def _kept(text: str) -> tuple[Token, ...]:
    """The words of the last texts, as the rules of one sample ask for the same claims and passages one by one."""
    return _read(text)


def _read(text: str) -> tuple[Token, ...]:
    read: list[Token] = []
    end = 0
    for word, start, after in words(text):
        if word in _SILENT:
            continue
        between = text[end:start]  # with the silent words, as a mark may stand before one
        end = after
        if len(read) == MOST_TOKENS:
            return ()
        token, capital = _UNMARKED[word], text[start].isupper()
        if not read:
            token = Token(token.term, capital)
        elif between != " " or capital:
            clause = token.clause or _HARD_MARK.search(between) is not None
            token = Token(token.term, capital, _MARK.search(between) is not None, clause)
        read.append(token)
    return tuple(read)


_UNMARKED = WordTable(lambda word: Token(BE if word in _FORMS_OF_BE else stem(word), clause=word in _CUTS))
"""Each word as it is in small letters with nothing but a space before it: most are, and share one token."""


def written_terms(text: str, carries: WordTable[bool]) -> frozenset[str]:
    """The terms of `tokens_of` that a table says carry something. It costs less than the tokens, which few ask for."""
    return frozenset(filter(carries.__getitem__, _kept_terms(text) if len(text) <= _LONGEST_KEPT else _terms(text)))


@lru_cache(maxsize=256)
def _kept_terms(text: str) -> tuple[str, ...]:
    """The terms of the last texts, as more than one rule asks for those of the same claims."""
    return _terms(text)


def _terms(text: str) -> tuple[str, ...]:
    spoken = [word for word in surface_words(text) if word not in _SILENT]
    return tuple(_UNMARKED[word].term for word in spoken) if len(spoken) <= MOST_TOKENS else ()


CONTENT = WordTable(lambda term: Token(term).content)
"""Whether a term carries a claim by itself."""


def clauses(tokens: Sequence[Token]) -> list[tuple[Token, ...]]:
    """The clauses of a statement: what stands between `and`, `but`, `while` and semicolons."""
    cut: list[list[Token]] = [[]]
    for token in tokens:
        if token.clause and cut[-1]:
            cut.append([])
        if token.term not in _CUT_STEMS:
            cut[-1].append(token)
    return [tuple(clause) for clause in cut if clause]
