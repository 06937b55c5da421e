"""Synthetic traces: a question, four passages and an answer of five sentences, about 1,000 tokens, seeded.

Every third answer has one sentence that no passage holds. So two values are right, and an audit can tell them apart.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_ADJECTIVES = [
    "old",
    "narrow",
    "covered",
    "northern",
    "wooden",
    "restored",
    "famous",
    "lower",
    "upper",
    "second",
    "stone",
    "iron",
]
_THINGS = [
    "bridge",
    "library",
    "station",
    "theatre",
    "harbour",
    "market",
    "archive",
    "tower",
    "museum",
    "garden",
    "mill",
    "school",
]
_PLACES = [
    "Trento",
    "Bergen",
    "Lugano",
    "Ghent",
    "Aarhus",
    "Lucerne",
    "Porto",
    "Delft",
    "Turku",
    "Graz",
    "Bilbao",
    "Bremen",
]
_PEOPLE = [
    "Anna Moretti",
    "Jonas Berg",
    "Clara Weiss",
    "Peter Holm",
    "Ines Duarte",
    "Marc Leroy",
    "Eva Novak",
    "Tom Ashby",
]
_DEEDS = ["opened", "closed", "enlarged", "repaired", "sold", "painted", "surveyed", "moved"]

PASSAGES = 4
SENTENCES = 9
"""Of a passage: 36 lines of evidence, about as many as three pages of documentation have."""


def marker(number: int) -> str:
    """What the trace of a number carries in question, evidence and answer."""
    return f"mk{number:07}x"


def trace_id(number: int) -> str:
    """The id of the trace of a number."""
    return f"trace-{marker(number)}"


def is_flawed(number: int) -> bool:
    """Whether its answer has a sentence that no passage holds."""
    return number % 3 == 0


def trace(number: int, start: datetime, name: str = "bot") -> dict[str, Any]:
    """One line of `assay import`."""
    chance = random.Random(number)
    passages = [[_sentence(chance, number) for _ in range(SENTENCES)] for _ in range(PASSAGES)]
    stated = [chance.choice(passage) for passage in passages for _ in range(2)][:5]
    answer = list(dict.fromkeys(stated))
    if is_flawed(number):
        answer[-1] = f"File {marker(number)} also holds several unsorted letters written by a shipping clerk."
    begun = start.isoformat().replace("+00:00", "Z")
    return {
        "id": trace_id(number),
        "name": name,
        "start": begun,
        "end": begun,
        "input": {"question": f"What does file {marker(number)} say about its buildings?"},
        "output": {"answer": " ".join(answer)},
        "observations": [{"type": "retriever", "output": [{"text": " ".join(passage)} for passage in passages]}],
    }


def _sentence(chance: random.Random, number: int) -> str:
    """One line of evidence. Two in three state a fact without a value, as prose does."""
    thing = f"the {chance.choice(_ADJECTIVES)} {chance.choice(_THINGS)} of {chance.choice(_PLACES)}"
    person, deed = chance.choice(_PEOPLE), chance.choice(_DEEDS)
    match chance.randrange(3):
        case 0:
            return (
                f"According to file {marker(number)}, {thing} was {deed} in {chance.randint(1801, 1999)} by {person}."
            )
        case 1:
            return f"In a letter to the council {person} explained why {thing} had to be {deed} without any delay."
        case _:
            return f"Visitors who ask for {thing} are told that {person} had it {deed} against the will of the owners."


def write_traces(path: Path, numbers: range, *, name: str = "bot", ages_s: tuple[float, float] = (600, 2400)) -> None:
    """A file for `assay import` of traces that began so many seconds ago, evenly spread."""
    now = datetime.now(UTC)
    newest, oldest = ages_s
    with path.open("w") as file:
        for place, number in enumerate(numbers):
            age = newest + (oldest - newest) * place / max(1, len(numbers))
            file.write(json.dumps(trace(number, now - timedelta(seconds=age), name)) + "\n")
