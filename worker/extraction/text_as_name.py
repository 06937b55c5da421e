"""Whether what stands as a trace's name or tag is somebody's text: facts are names, and no text of a trace is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from pydantic import JsonValue

from assay.worker.extraction.extract import Extraction
from assay.worker.extraction.names import ROLES, words
from assay.worker.extraction.names.facts import MODEL_KEYS
from assay.worker.records.traces import Trace

_MOST_WORDS = 8
"""A name of more words is a sentence, as of a trace that is named by its question."""

_RUN = 4
"""So many words in a row that the trace has, too, are no chance: a name that begins or ends with a text."""

_MOST_TEXT = 200_000
"""Characters that are looked through: a question is long before that."""

_ASKS = re.compile(r"[?？؟;՞]+[\s\"'»”’)\].…]*$|[?？؟՞]\s")
"""A question mark at the end of a sentence. In `GET /search?q=` it is none."""

_PRIVATE_TOKEN = re.compile(r"\S@\S|(?:\d\W?){6}")
"""A name without a blank that may be a person's: an address, or a number of six digits, as of an order."""

_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\U0003ffff]{4,}")
"""Scripts that put no blank between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese."""

_WORD = re.compile(r"\w+")


class TextAsName:
    """Tells names of one trace from its texts. A name of one word is text only where a whole text is that word."""

    def __init__(self, trace: Trace, extraction: Extraction | None) -> None:
        self._trace = trace
        self._extraction = extraction

    def is_text(self, name: str) -> bool:
        """Whether a name is a sentence, a question, or words that stand in the trace's input or output."""
        if len(words(name)) > _MOST_WORDS or _ASKS.search(name):
            return True
        plain = _words_of(name)
        if plain and plain in self._whole:
            return True
        if _UNSPACED.search(name):
            return name.casefold().rstrip("….") in self._raw
        if len(name.split()) < 2:
            return bool(_PRIVATE_TOKEN.search(name)) and name.casefold() in self._raw
        # The last word may be cut, so nothing is asked of what follows it.
        return any(f" {run}" in self._spoken for run in _runs(plain))

    @cached_property
    def _whole(self) -> frozenset[str]:
        """Texts as a whole: a question of one word is a text."""
        return frozenset(map(_words_of, self._texts()))

    @cached_property
    def _spoken(self) -> str:
        """The words of all texts, each after a blank."""
        return " " + _words_of(self._raw)

    @cached_property
    def _raw(self) -> str:
        """All that people and the application wrote, in lower case.

        What the application tells its model is not meant: it names itself there.
        """
        leaves = [*self._texts(), *_leaves(self._trace.input), *_leaves(self._trace.output)]
        return " \n ".join(leaves)[:_MOST_TEXT].casefold()

    def _texts(self) -> Iterator[str]:
        for value in (self._trace.input, self._trace.output):
            if isinstance(value, str):
                yield value[:_MOST_TEXT]
        if self._extraction is not None:
            parts = (self._extraction.question, self._extraction.response)
            yield from (part.text[:_MOST_TEXT] for part in parts if part is not None)
            yield from (turn.content[:_MOST_TEXT] for turn in self._extraction.history if turn.role != "system")


def _runs(plain: str) -> Iterator[str]:
    """All words of a name, or any four in a row."""
    every = plain.split()
    for start in range(max(1, len(every) - _RUN + 1)):
        yield " ".join(every[start : start + _RUN])


def _words_of(text: str) -> str:
    return " ".join(_WORD.findall(text[:_MOST_TEXT].casefold()))


def _leaves(value: JsonValue) -> Iterator[str]:
    """Texts in a value of any depth, but for messages of the system."""
    left, length = [value], 0
    while left and length < _MOST_TEXT:
        item = left.pop()
        if isinstance(item, str):
            length += len(item)
            yield item
        elif isinstance(item, list):
            left += reversed(item)
        elif isinstance(item, Mapping) and not _is_of_system(item):
            left += [inner for key, inner in reversed(item.items()) if not _names_a_model(key, inner)]


def _names_a_model(key: str, value: JsonValue) -> bool:
    """Whether a value is the name of a model in a request or a reply that was recorded whole, and nobody's text."""
    return key in MODEL_KEYS and isinstance(value, str) and len(value.split()) == 1


def _is_of_system(fields: Mapping[str, JsonValue]) -> bool:
    role = fields.get("role", fields.get("type"))
    return isinstance(role, str) and ROLES.get(role[:20].casefold()) == "system"
