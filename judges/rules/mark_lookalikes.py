"""What looks like a citation mark and is none: an index in code, an interval, an article of a law, a power."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from assay.judges.text.form import CitationMark
from assay.judges.text.words import surface_words

_PROSE = frozenset({"", "json", "jsonc", "markdown", "md", "text", "txt", "html", "xml", "yaml", "yml"})
"""What a fenced block may be that holds the answer itself."""

_LANGUAGE = re.compile(r"[ \t]{0,4}([\w+#.-]{0,20})")
"""The language behind the opening of a fenced block, e.g. `python`."""

_INLINE_CODE = re.compile(r"\x60[^\x60\n]{1,200}\x60")
"""Code within a line in its backticks, e.g. `\\u0060items[5]\\u0060`."""

_VARIABLE = re.compile(
    r"(?:\b[A-Za-z]{0,40}_\w{1,40}|\b[a-z]{1,40}[A-Z]\w{0,40}|\b[a-z]|[\"']\]|=\s{0,2}[\w.]{1,60})\Z"
)
"""What an index in code follows, e.g. `row_names`, `x = rows`, `a`."""

_LETTERS = re.compile(r"[^\W\d_]{1,40}\Z")
"""A word right before a mark, e.g. `bridge`."""

_OF_NUMBERS = re.compile(
    r"(?:\b(?:intervals?|ranges?|ages?|aged|vectors?|arrays?|lists?|tuples?|sets?|sequences?|series|matrix|row|column"
    r"|coordinates?|points?|pairs?|values?|scores?|numbers?|digits|bounds?|group|bracket|is|are|equals?|between|returns?"
    r"|intervall|bereich|alter|vektor|liste|menge|intervalle|âges?|vecteur|ensemble|intervalo|edad|lista|conjunto)"
    r"|[=∈≈])[ \t]{0,2}\Z",
    re.IGNORECASE,
)
"""What several numbers in brackets follow that are the thing itself, e.g. `The interval `."""

_GOES_ON = re.compile(r"\s{1,2}[^\W_]")
"""A sentence that goes on, e.g. ` is`."""

_MARK_OR_STOP = re.compile(r"[ \t]{0,2}(?:[.!?;:,。、，\[\])(（【*|\n\"”»]|$)")
"""What follows a mark at the end of a statement, e.g. `.`."""

_LAW_OR_NOTE = re.compile(r"[\[(（]\s?(?:see\s|cf\.?\s)?(articles?|art\.|(?:foot)?notes?|pages?|pp?\.)", re.IGNORECASE)
"""What a mark names that is seldom a passage: an article of a law, a note, a page, e.g. `(Article`."""

_BEFORE = 90


class Lookalikes:
    """Tells marks of one answer from what only looks like them."""

    def __init__(self, text: str, contexts: Sequence[str], most: int) -> None:
        """Read where the answer has code.

        Args:
            text: the answer.
            contexts: the evidence. A word of it before brackets is no name of a variable.
            most: how many passages there are.
        """
        self._text = text
        self._contexts = contexts
        self._most = most
        self._codes = sorted(_code_ranges(text))

    def has(self, mark: CitationMark) -> bool:
        """Whether a mark with a number that no passage has may be something else."""
        place = bisect_right(self._codes, (mark.start, len(self._text))) - 1
        if place >= 0 and mark.start < self._codes[place][1]:
            return True
        if self._text[mark.start] != "[":
            return False
        before = self._text[max(0, mark.start - _BEFORE) : mark.start]
        return self._is_index(mark, before) or self._is_of_numbers(mark, before)

    def _is_index(self, mark: CitationMark, before: str) -> bool:
        """Whether the brackets index what stands right before them.

        A word may be a variable where the sentence goes on after the brackets and the evidence does not have the word.
        """
        if _VARIABLE.search(before):
            return True
        word = _LETTERS.search(before)
        if word is None or _MARK_OR_STOP.match(self._text, mark.end):
            return False
        return word.group().lower() not in self._known

    def _is_of_numbers(self, mark: CitationMark, before: str) -> bool:
        """Whether the brackets hold numbers that are the thing itself, as an interval or a vector."""
        inside = self._text[mark.start : mark.end]
        if len(mark.sources) < 2 or any(map(str.isalpha, inside)):
            return False
        if _OF_NUMBERS.search(before):
            return True
        return min(mark.sources) > self._most and _GOES_ON.match(self._text, mark.end) is not None

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(word for context in self._contexts for word in surface_words(context))


def _code_ranges(text: str) -> Iterator[tuple[int, int]]:
    """Where code stands: fenced blocks in a language of programs, and between backticks. A mark alone there is none."""
    fences = [match.start() for match in re.finditer("```", text)]
    for start, end in list(pairwise([*fences, len(text)]))[::2]:
        language = _LANGUAGE.match(text, start + 3)
        if language and language.group(1).lower() not in _PROSE:
            yield start, end
    for match in _INLINE_CODE.finditer(text):
        if match.group()[1] not in "[【(":
            yield match.span()


def names_law_or_note(text: str, mark: CitationMark) -> str:
    """The word of a mark that seldom names a passage, as `article`. Empty for any other mark."""
    named = _LAW_OR_NOTE.match(text, mark.start)
    return named.group(1).lower().rstrip("s.") if named else ""
