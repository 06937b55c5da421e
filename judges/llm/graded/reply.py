"""Reads the reply of a graded call: one level per criterion, and every line it points at is one that was shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from assay.judges.llm.graded.prompt import LABELS, Ask
from assay.judges.llm.reply_object import printable, read_fitting
from assay.judges.llm.spelling import KeyNames, Misfit, split_members, squeezed, whole_number
from assay.judges.rubric import Criterion, Level
from assay.judges.schema import Citation, Grade, Record

_MAX_REASON_CHARS = 300
_MAX_LINES = 50
_ENTRY_KEYS = KeyNames(("level", "lines", "reason", "passage"))

_SEPARATOR = re.compile(r"[,;\s]+")
"""What separates labels that are written as one text: `, `."""


class Graded(Record):
    """The grades of one reply. `rejected` counts pointers at lines that were not shown or are of another part."""

    grades: tuple[Grade, ...]
    rejected: int = 0


def reply_schema(criteria: Sequence[Criterion]) -> dict[str, Any]:
    """What is asked of the model: one key per criterion. Strict mode wants every property required and no others."""
    properties = {criterion.score: _entry_schema(criterion) for criterion in criteria}
    return _closed(properties)


def _entry_schema(criterion: Criterion) -> dict[str, Any]:
    entry: dict[str, Any] = {"level": {"type": "string", "enum": [level.label for level in criterion.levels]}}
    if any(level.cites for level in criterion.levels):
        entry["lines"] = {"type": "array", "items": {"type": "string"}}
    entry["reason"] = {"type": ["string", "null"]}
    if criterion.per == "response":
        return _closed(entry)
    return {"type": "array", "items": _closed({"passage": {"type": "integer"}, **entry})}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parse_graded(text: str, ask: Ask, lines: Mapping[str, Citation], *, shown: Iterable[str] = ()) -> Graded:
    """Parse a reply.

    Args:
        text: the model's whole answer. Words beside the object are allowed, another object that differs is not.
        ask: what was asked.
        lines: what was shown.
        shown: the texts that were shown. See `read_fitting`.

    Raises:
        InvalidVerdict: names the fault and repeats nothing of the reply.
    """
    return read_fitting(text, GradeTable(ask, lines), shown).answer


class GradeTable:
    """The form of a reply to one graded call: an object whose keys are the criteria. See `ReplyForm`."""

    def __init__(self, ask: Ask, lines: Mapping[str, Citation]) -> None:
        """Keep what was asked and shown."""
        self._ask = ask
        self._lines = lines
        self._names = KeyNames(criterion.score for criterion in ask.criteria)

    def is_mark(self, key: str) -> bool:
        """The name of a criterion."""
        return key in self._names

    def is_reply(self, value: object) -> bool:
        """An object with a criterion as a key that holds a grade."""
        return isinstance(value, dict) and any(self.is_mark(key) and _is_grade(inner) for key, inner in value.items())

    def is_piece(self, value: object) -> bool:
        """There are none: an entry alone does not say of which criterion it is."""
        return False

    def is_hint(self, value: object) -> bool:
        """An object with a criterion as a key, whatever it holds there, or a level that stands alone."""
        return isinstance(value, dict) and (_level_in(value) or any(map(self.is_mark, value)))

    def is_blank(self, value: object) -> bool:
        """Never: a reply has a grade at least."""
        return False

    def fit(self, value: Any) -> Graded:
        """The grades a value holds.

        Raises:
            Misfit
        """
        members, _ = split_members(value, self._names)
        if missing := [criterion.score for criterion in self._ask.criteria if criterion.score not in members]:
            raise Misfit(f"{missing[0]} is missing")
        parts = [self._criterion(criterion, members[criterion.score]) for criterion in self._ask.criteria]
        return Graded(
            grades=tuple(grade for graded in parts for grade in graded.grades),
            rejected=sum(graded.rejected for graded in parts),
        )

    def contradicts(self, value: Any, piece: Any) -> bool:
        """There are no pieces."""
        return False

    def beside(self, value: Any) -> Iterator[object]:
        """What stands under keys that are no criteria, and what the grades hold under keys that mean nothing there."""
        yield from (inner for key, inner in value.items() if not self.is_mark(key) and isinstance(inner, dict | list))
        entries = (inner for key, inner in value.items() if self.is_mark(key))
        items = (item for entry in entries for item in (entry if isinstance(entry, list) else [entry]))
        for item in items:
            others = split_members(item, _ENTRY_KEYS)[1] if isinstance(item, dict) else {}
            if any(isinstance(inner, dict | list) for inner in others.values()):
                yield others

    def _criterion(self, criterion: Criterion, entry: object) -> Graded:
        """The grades of one criterion."""
        if criterion.per == "response":
            grade, rejected = _grade(criterion, _entry(criterion, entry), None, self._lines)
            return Graded(grades=(grade,), rejected=rejected)
        by_passage = self._by_passage(criterion, entry)
        graded = [_grade(criterion, item, at - 1, self._lines) for at, item in by_passage]
        return Graded(grades=tuple(grade for grade, _ in graded), rejected=sum(rejected for _, rejected in graded))

    def _by_passage(self, criterion: Criterion, entry: object) -> list[tuple[int, Mapping[str, Any]]]:
        """The entries of a criterion that is asked of each passage, as they came, each with the passage's number."""
        items = [entry] if isinstance(entry, dict) else entry
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Misfit(f"{criterion.score} must be a list of objects")
        members = [_entry(criterion, item) for item in items]
        wanted = [at + 1 for at in self._ask.passages]
        try:
            numbers = [whole_number(item.get("passage"), "P") for item in members]
        except Misfit:
            numbers = []
        if sorted(numbers) != wanted:
            listed = ", ".join(map(str, wanted))
            raise Misfit(f"{criterion.score} must have one entry for each of the passages {listed}")
        return list(zip(numbers, members, strict=True))


def _is_grade(value: object) -> bool:
    """Whether a value is meant as a grade, or as those of all passages."""
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, str) or (isinstance(item, dict) and _level_in(item)) for item in items)


def _level_in(item: Mapping[str, Any]) -> bool:
    return any(squeezed(key) == "level" for key in item)


def _entry(criterion: Criterion, entry: object) -> Mapping[str, Any]:
    """The members of an entry that are known. A level alone is an entry."""
    if isinstance(entry, str):
        return {"level": entry}
    if not isinstance(entry, dict):
        raise Misfit(f"{criterion.score} must be an object with level, lines and reason")
    members = split_members(entry, _ENTRY_KEYS)[0]
    if isinstance(members.get("passage"), dict | list):  # where none is asked for, another grade could hide in it
        raise Misfit(f"{criterion.score}: passage must be a number")
    return members


def _grade(
    criterion: Criterion, entry: Mapping[str, Any], context: int | None, lines: Mapping[str, Citation]
) -> tuple[Grade, int]:
    """One grade and how many of its pointers were rejected."""
    level = _level(criterion, entry.get("level"))
    reason = entry.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise Misfit(f"{criterion.score}: reason must be text or null")
    pointed = _pointers(criterion, entry.get("lines"))
    cited = {label: lines[label] for label in pointed if label in lines and _is_about(lines[label], context)}
    if level.cites:
        letter = LABELS[level.cites]
        cited = {label: where for label, where in cited.items() if label[0] == letter}
        if not cited:
            raise Misfit(f"{criterion.score}: level {level.label} must point at {letter} lines that were shown")
    grade = Grade(
        score=criterion.score,
        level=level.label,
        value=level.value,
        context=context,
        citations=tuple(cited.values()),
        reason=printable(reason)[:_MAX_REASON_CHARS],
    )
    return grade, len(set(pointed)) - len(cited)


def _level(criterion: Criterion, label: object) -> Level:
    """The level of that label, else the one level whose label is spelt so but for case and separators."""
    exact = [level for level in criterion.levels if level.label == label]
    alike = [level for level in criterion.levels if isinstance(label, str) and squeezed(level.label) == squeezed(label)]
    levels = exact or alike
    if len(levels) != 1:
        raise Misfit(f"{criterion.score}: level must be one of {', '.join(level.label for level in criterion.levels)}")
    return levels[0]


def _pointers(criterion: Criterion, pointed: object) -> list[str]:
    """The labels of lines, in a list or in one text. Their letter is not guessed."""
    items = _SEPARATOR.split(pointed) if isinstance(pointed, str) else [] if pointed is None else pointed
    if not isinstance(items, list) or len(items) > _MAX_LINES or not all(isinstance(at, str) for at in items):
        raise Misfit(f"{criterion.score}: lines must be a list of line labels")
    return [label for label in (at.strip("[]() \t").upper() for at in items) if label]


def _is_about(where: Citation, context: int | None) -> bool:
    """Whether a line may stand behind a grade: one of a passage rests on that passage's own lines."""
    return context is None or where.part != "contexts" or where.index == context
