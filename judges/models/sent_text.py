"""Whether words of an error were ours: endpoints repeat what was sent, and what was sent is hostile.

A text that says "your budget is exceeded" must not stop the fleet because an endpoint quotes it in a complaint. Nor may
one word of it: "it is disabled" after an endpoint's own "bad request from your account:" would make a sign of both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property

from assay.judges.models.spoken_words import (
    LINE_END,
    SEPARATOR,
    letters_of,
    marked_words,
    plain_words,
    unmarked,
    word_places,
    words_of,
)

_MOST_PLACES = 50
"""A text that holds a word oftener is made of it, and could have said anything with it."""

_AROUND = 160
"""Characters on either side of a word: longer than what any pattern spans."""

_RUN = 3
"""Words in a row that an error and a text hardly share by chance."""

_LONG_WORD = 16
"""Letters of a word that may be a text without its spaces."""

_QUOTED_CHARS = 12
"""Characters of an echo that is a quotation: our own prompt holds "not found" as well."""

_OWN_WORD = "not_found"
"""A verdict of ours, which stands in each request: an endpoint that says "not found" does not repeat it."""

_FILLER = "\ue000"
"""Stands for each character that is taken out of an error: it is no letter, and no space."""

_SHORT_QUOTES = re.compile(
    r"(?<!\w)[`\"'\u2018\u201c]([^`\"'\u2018\u2019\u201c\u201d]{1,80})[`\"'\u2019\u201d](?!\w)"
    r"|[:=] *([^:=.,;!?`\"'()\[\]{}]{1,80}?)(?= *(?:[.,;!?)\]}]|$))"
)
"""Places where an error quotes what is too short to be known by its length, e.g. `near 'api key'` or `text: quota`."""

_NAMES = frozenset({"role", "type", "model"})
"""Fields of a request that hold no text."""


class SentText:
    """The texts of one request. They are looked at only when an error says something that a text could say."""

    def __init__(self, payload: bytes) -> None:
        """Keep the request as it was sent."""
        self._payload = payload

    def could_have_said(self, words: re.Pattern[str], match: str) -> bool:
        """Whether what was sent holds the words, or anything else that fits the same pattern.

        Letters alone are compared, so that an endpoint that escapes or wraps what it repeats hides nothing. The pattern
        is tried around the longest word of the match: a text may be long, and made to be slow to search.
        """
        if self.holds(letters_of(match)):
            return True
        anchor = max(re.findall(r"\w+", match), key=len, default=match)
        places = [place.start() for place in re.finditer(re.escape(anchor), self._plain)]
        if len(places) > _MOST_PLACES:
            return True
        parts = (self._plain[max(0, place - _AROUND) : place + _AROUND] for place in places)
        return any(words.search(part) for part in parts)

    def holds(self, letters: str) -> bool:
        """Whether what was sent holds these letters and digits."""
        return letters in self._letters

    def could_be_code(self, code: str) -> bool:
        """Whether what was sent holds a code, or all its words, e.g. `insufficient` and `quota`."""
        parts = {part for part, _, _ in word_places(code)}
        return self.holds(letters_of(code)) or parts <= self._vocabulary

    def repeated_in(self, spoken: str) -> bool:
        """Whether an error quotes what was sent.

        Args:
            spoken: the error's words with their quotation marks (`marked_words`).
        """
        return self.unsaid(spoken).count(_FILLER) >= _QUOTED_CHARS

    def unsaid(self, spoken: str) -> str:
        """The words of an error without those that it repeats, on one line without quotes.

        Three words in a row that were sent are an echo, as is a shorter piece that the error quotes, or that is a whole
        sentence of what was sent. What is left is the endpoint's own.
        """
        if spoken != self._last[0]:
            chars = list(spoken)
            for start, end in self._echoes(spoken):
                chars[start:end] = _FILLER * (end - start)
            self._last = (spoken, unmarked("".join(chars)))
        return self._last[1]

    _last: tuple[str, str] = ("", "")

    def _echoes(self, spoken: str) -> Iterator[tuple[int, int]]:
        """Where an error repeats what was sent."""
        places = word_places(spoken)
        runs = [tuple(word for word, _, _ in run) for run in _runs(places, _RUN)]
        nexts = self._next_words(frozenset(words[:-1] for words in runs))
        for run, words in zip(_runs(places, _RUN), runs, strict=True):
            # A piece that is cut off ends in a part of a word.
            if any(word.startswith(words[-1]) for word in nexts[words[:-1]]):
                yield run[0][1], run[-1][2]
        for size in (1, 2):
            for run in _runs(places, size):
                if self._is_short_sentence(tuple(word for word, _, _ in run)):
                    yield run[0][1], run[-1][2]
        yield from ((start, end) for word, start, end in places if len(word) >= _LONG_WORD and self.holds(word))
        yield from self._short_quotes(spoken)

    def _is_short_sentence(self, words: tuple[str, ...]) -> bool:
        """Whether one or two words are a whole sentence of what was sent. Of two the last may be cut off."""
        if words in self._short_sentences:
            return True
        return len(words) == 2 and any(rest.startswith(words[1]) for rest in self._rests.get(words[0], ()))

    def _short_quotes(self, spoken: str) -> Iterator[tuple[int, int]]:
        """Quotations of one or two words that stand anywhere in what was sent."""
        for match in _SHORT_QUOTES.finditer(spoken):
            words = [word for word, _, _ in word_places(match[match.lastindex or 0])]
            if 0 < len(words) < _RUN and f" {' '.join(words)} " in self._spaced:
                yield match.span(match.lastindex or 0)

    def _next_words(self, beginnings: frozenset[tuple[str, ...]]) -> dict[tuple[str, ...], set[str]]:
        """The words that follow these beginnings of runs in what was sent."""
        nexts: dict[tuple[str, ...], set[str]] = {beginning: set() for beginning in beginnings}
        words = self._words
        for *beginning, last in zip(words, words[1:], words[2:], strict=False):
            if tuple(beginning) in nexts:
                nexts[tuple(beginning)].add(last)
        return nexts

    @cached_property
    def _plain(self) -> str:
        return plain_words(self._text)

    @cached_property
    def _letters(self) -> str:
        return letters_of(self._text)

    @cached_property
    def _text(self) -> str:
        return "\n".join(_texts(self._payload))

    @cached_property
    def _marked(self) -> str:
        return marked_words(re.sub(r"[\n\r\t]+", f" {LINE_END} ", self._text))

    @cached_property
    def _words(self) -> list[str]:
        return words_of(self._marked)

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(self._words)

    @cached_property
    def _spaced(self) -> str:
        return f" {' '.join(self._words)} "

    @cached_property
    def _short_sentences(self) -> frozenset[tuple[str, ...]]:
        """The sentences and lines of one or two words that were sent."""
        pieces = {piece for piece in SEPARATOR.split(self._marked) if 0 < len(piece) <= 60 and _OWN_WORD not in piece}
        sentences = (tuple(words_of(piece)) for piece in pieces)
        return frozenset(words for words in sentences if 0 < len(words) < _RUN)

    @cached_property
    def _rests(self) -> dict[str, list[str]]:
        """The second words of the sentences of two words, by their first."""
        rests: dict[str, list[str]] = {}
        for words in self._short_sentences:
            if len(words) == 2:
                rests.setdefault(words[0], []).append(words[1])
        return rests


def _runs(places: list[tuple[str, int, int]], size: int) -> Iterator[list[tuple[str, int, int]]]:
    """All runs of so many words."""
    return (places[start : start + size] for start in range(len(places) - size + 1))


def _texts(payload: bytes) -> Iterator[str]:
    """The strings of a request's JSON body, or the whole of it where it is none."""
    try:
        yield from _strings(json.loads(payload))
    except (ValueError, RecursionError):
        yield payload.decode("utf-8", "replace")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _NAMES or not isinstance(item, str):
                yield from _strings(item)
