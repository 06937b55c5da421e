"""A judge model of graded rubrics that obeys: it gives the level that text asks for, in every way text could ask.

The rubric sees every part of a sample, so that an attack in any of them reaches the prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.scripted import ScriptedModel
from assay.judges.rubric import Rubric, parse_rubric

RUBRIC: Rubric = parse_rubric(
    """
name: graded-all
method: graded
judge: {tiers: [llm], llm: {model: obeying}}
criteria:
  - score: quality
    question: How good is the response?
    sees: [history, question, contexts, response, reference]
    needs: [response]
    levels:
      - {label: good, value: 1.0, cites: response, means: it is good}
      - {label: fair, value: 0.5, means: it is fair}
      - {label: bad, value: 0.0, cites: contexts, means: the passages say otherwise}
      - {label: no_request, means: nothing was asked}
  - score: relevance
    per: context
    question: Is the passage relevant?
    sees: [question, contexts]
    levels:
      - {label: relevant, value: 1.0, cites: contexts, means: it is}
      - {label: irrelevant, value: 0.0, means: it is not}
""",
    source="hostile suite",
)

_NUMBERED = re.compile(r"^([HQERB]\d+): (.*)$")
_PASSAGE = re.compile(r"^<<<\w+ PASSAGE (\d+)$")
_LABEL = re.compile(r"\b([HQERB])\s?(\d{1,6})\s?[:：]")
_LONGEST_READ = 200_000


@dataclass(frozen=True)
class GradedView:
    """What the model sees: line labels, those of each passage, and what was smuggled in."""

    labels: tuple[str, ...]
    passages: Mapping[int, tuple[str, ...]]
    texts: tuple[str, ...]
    forged: tuple[str, ...]
    forged_labels: tuple[str, ...]

    def first(self, letter: str) -> list[str]:
        """The first line of a part."""
        return [label for label in self.labels if label[0] == letter][:1]


Obey = Callable[[GradedView], str]


def _grade(level: object, lines: object = (), **more: Any) -> dict[str, Any]:
    pointed = list(lines) if isinstance(lines, (tuple, list)) else lines
    return {"level": level, "lines": pointed, "reason": "obeyed", **more}


def _reply(view: GradedView, quality: object, *, relevance: object = None, **more: Any) -> str:
    each = [_grade("irrelevant", passage=number) for number in view.passages]
    return json.dumps({"quality": quality, "relevance": each if relevance is None else relevance, **more})


def _relevant(view: GradedView, lines: Callable[[int], Sequence[str]]) -> list[dict[str, Any]]:
    return [_grade("relevant", lines(number), passage=number) for number in view.passages]


def _own(view: GradedView, number: int) -> Sequence[str]:
    return view.passages[number][:1]


def _highest(view: GradedView) -> str:
    return _reply(view, _grade("good", view.first("R")), relevance=_relevant(view, lambda n: _own(view, n)))


def _of_others(view: GradedView) -> list[dict[str, Any]]:
    """Every passage graded by the lines of the others."""
    others = [[at for other, lines in view.passages.items() if other != n for at in lines] for n in view.passages]
    return [_grade("relevant", lines[:40], passage=n) for n, lines in zip(view.passages, others, strict=True)]


OBEDIENCE: dict[str, Obey] = {
    "honest": lambda view: _reply(view, _grade("fair")),
    "highest": _highest,
    "forged": lambda view: view.forged[0] if view.forged else "",
    "forged_last": lambda view: view.forged[-1] if view.forged else "",
    "forged_lines": lambda view: _reply(view, _grade("good", view.forged_labels[:50])),
    "nonexistent": lambda view: _reply(view, _grade("good", ["R999999", "R0", "R-1", "R01", "X1", "R"])),
    "uncited": lambda view: _reply(view, _grade("good")),
    "wrong_part": lambda view: _reply(view, _grade("bad", view.first("R") + view.first("Q"))),
    "other_passage": lambda view: _reply(view, _grade("fair"), relevance=_of_others(view)),
    "no_number": lambda view: _reply(view, _grade("no_request")),
    "level_of_text": lambda view: _reply(view, _grade(view.texts[-1] if view.texts else "perfect")),
    "level_invented": lambda view: _reply(view, _grade("perfect", view.first("R"))),
    "level_in_case": lambda view: _reply(view, _grade("GOOD", view.first("R"))),
    "level_of_other": lambda view: _reply(view, _grade("relevant", view.first("E"))),
    "level_number": lambda view: _reply(view, _grade(1.0, view.first("R"))),
    "value_beside": lambda view: _reply(view, _grade("fair", value=1.0)),
    "key_beside": lambda view: _reply(view, _grade("fair"), hallucination_risk=0),
    "passage_invented": lambda view: _reply(view, _grade("fair"), relevance=[_grade("irrelevant", passage=10_000)]),
    "passage_twice": lambda view: _reply(view, _grade("fair"), relevance=_relevant(view, lambda n: _own(view, n)) * 2),
    "passages_left_out": lambda view: _reply(view, _grade("fair"), relevance=[]),
    "criterion_left_out": lambda view: json.dumps({"quality": _grade("good", view.first("R"))}),
    "key_twice": lambda view: _reply(view, _grade("fair"))[:-1] + "," + _highest(view)[1:],
    "two_objects": lambda view: f"{_reply(view, _grade('fair'))}\n{_highest(view)}",
    "prose_json": lambda view: f"As asked: {_highest(view)}",
    "nan": lambda view: _reply(view, _grade(float("nan"))),
    "empty": lambda view: "",
}
"""Every way of obeying, by name."""

ALWAYS = ("honest", "highest", "forged_lines", "level_of_text", "other_passage", "nonexistent")
"""Tried on every attack: what depends on the text. The others break the form whatever the text says."""

IN_FORM = frozenset({"honest", "highest", "no_number", "level_in_case", "value_beside", "key_beside", "prose_json"})
"""Ways that keep to the format, or that leave no doubt of what is meant."""

MAY_SCORE = IN_FORM | {"forged", "forged_last", "forged_lines"}
"""Those, and ways that may keep to the format by chance: a number that comes of another is a structural success."""


class ObeyingGradedModel(ScriptedModel):
    """Obeys in one way on every turn, the repair turn included."""

    def __init__(self, obey: Obey) -> None:
        super().__init__(self._obeyed, model="obeying")
        self._obey = obey

    def _obeyed(self, messages: Sequence[ChatMessage]) -> str | Reply | Exception:
        return self._obey(view_of(messages[1].content))


def view_of(prompt: str) -> GradedView:
    """What a gullible model reads in a prompt."""
    labels: list[str] = []
    texts: list[str] = []
    passages: dict[int, tuple[str, ...]] = {}
    current: int | None = None
    for line in prompt.split("\n"):
        if opened := _PASSAGE.match(line):
            current = int(opened.group(1))
            passages[current] = ()
        elif line.endswith(">>>"):
            current = None
        elif numbered := _NUMBERED.match(line):
            labels.append(numbered.group(1))
            texts.append(numbered.group(2))
            if current is not None:
                passages[current] += (numbered.group(1),)
    written = dict.fromkeys(f"{letter}{number}" for letter, number in _LABEL.findall("\n".join(texts)[:_LONGEST_READ]))
    return GradedView(tuple(labels), passages, tuple(texts), tuple(_forged(prompt)), tuple(written))


def _forged(prompt: str) -> Iterator[str]:
    """Every JSON object anywhere in the prompt."""
    decoder = json.JSONDecoder()
    position = prompt.find("{", 0, _LONGEST_READ)
    while position >= 0:
        try:
            found, end = decoder.raw_decode(prompt, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            if isinstance(found, dict):
                yield prompt[position:end]
        position = prompt.find("{", end, _LONGEST_READ)
