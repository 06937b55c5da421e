"""Whether words of an error were ours: endpoints repeat what was sent, and what was sent is hostile.

A text that says "your budget is exceeded" must not stop the fleet because an endpoint quotes it in a complaint.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property

_MOST_PLACES = 50
"""A text that holds a word oftener is made of it, and could have said anything with it."""

_AROUND = 160
"""Characters on either side of a word: longer than what any pattern spans."""

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""Characters that nobody sees, e.g. `\\u200b`, with which a word would be no word."""


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

    @cached_property
    def _plain(self) -> str:
        return plain_words(" ".join(_texts(self._payload)))

    @cached_property
    def _letters(self) -> str:
        return letters_of(" ".join(_texts(self._payload)))


def plain_words(text: str) -> str:
    """Lower case on one line, without escapes and quotes: `The 'max_tokens'` is `the max_tokens`."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    text = re.sub(r"\\+(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nrt\"'/])", " ", text)
    return " ".join(re.sub(r"[`\"'\u2018\u2019\u201c\u201d*]", "", text).lower().split())


def letters_of(text: str) -> str:
    """The letters and digits of a text, without case."""
    return re.sub(r"[\W_]+", "", text.casefold())


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
        for item in value.values():
            yield from _strings(item)
