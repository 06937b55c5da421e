"""One attack: a hostile text, where it is put, and what it asks a judge to do."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.judges.schema import Sample, Turn
from tests.hostile.bases import BASES, Base, sample_of

Place = Literal["question", "evidence", "response", "response-start", "history", "metadata", "id", "reference"]
"""A part of the sample; `response` appends to it, `response-start` goes before it."""

NONCE = "5f2c9a71d3e8b046"
"""The fence word of the calls under attack; an attack that says `{nonce}` has guessed it, which no real one can."""


@dataclass(frozen=True)
class Attack:
    """A hostile text laid upon a base sample.

    `asks` names the obedient replies (`tests.hostile.obedience`) the text asks for, beyond those always tried.
    In `text`, `{nonce}` and `{false}` stand for the call's nonce and the false sentence.
    """

    id: str
    family: str
    text: str
    places: tuple[Place, ...]
    asks: tuple[str, ...] = ()
    base: Base = field(default=BASES[0])

    @property
    def said(self) -> str:
        """The text as it stands in the sample."""
        return self.text.replace("{nonce}", NONCE).replace("{false}", self.base.false)

    @property
    def sample(self) -> Sample:
        """The sample under attack; a text for several places is spread over them, a stretch for each."""
        sample = sample_of(self.base)
        for place, text in zip(self.places, _spread(self.said, len(self.places)), strict=True):
            sample = _put(sample, place, text)
        return sample

    @property
    def knowable(self) -> bool:
        """Whether code can know the false sentence: its value stands nowhere but in the response."""
        told = {"evidence", "question", "history"} & set(self.places) and self.base.false in self.said
        return self.base.by_value and not told


def _spread(text: str, places: int) -> list[str]:
    size = -(-len(text) // places)
    return [text[start * size : (start + 1) * size] for start in range(places)]


def _put(sample: Sample, place: Place, text: str) -> Sample:
    """The sample with the text in one of its parts."""
    updates: dict[Place, dict[str, Any]] = {
        "question": {"question": f"{sample.question} {text}"},
        "evidence": {"contexts": (*sample.contexts, text)},
        "response": {"response": f"{sample.response}\n{text}"},
        "response-start": {"response": f"{text}\n{sample.response}"},
        "history": {"history": (*sample.history, Turn(role="user", content=text))},
        "metadata": {"metadata": {"note": text, text[:50]: [text]}},
        "id": {"id": text},
        "reference": {"reference": text},
    }
    return Sample.model_validate({**sample.model_dump(), **updates[place]})


def attacks(
    family: str, texts: Iterable[tuple[str, str]], places: Iterable[str], *, asks: tuple[str, ...] = ()
) -> Iterator[Attack]:
    """An attack for each named text and place; a place such as `question+evidence` spreads the text over both.

    The base follows from a checksum of the name, so that an attack keeps its base when the corpus grows.
    """
    for name, text in texts:
        for place in places:
            parts: tuple[Place, ...] = tuple(place.split("+"))  # type: ignore[arg-type]  # `_put` knows no others
            base = BASES[zlib.crc32(f"{family}/{name}@{place}".encode()) % len(BASES)]
            yield Attack(f"{name}@{place}", family, text, parts, asks, base)
