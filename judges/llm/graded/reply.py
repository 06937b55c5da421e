"""Reads the reply of a graded call: one level per criterion, and every line it points at is one that was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.judges.llm.graded.prompt import LABELS, Ask
from assay.judges.llm.reply_object import fault, printable, read_object
from assay.judges.rubric import Criterion
from assay.judges.schema import Citation, Grade, Record

_MAX_REASON_CHARS = 300
_MAX_LINES = 50


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


def parse_graded(text: str, ask: Ask, lines: Mapping[str, Citation]) -> Graded:
    """Parse a reply.

    Args:
        text: the model's whole answer.
        ask: what was asked.
        lines: what was shown.

    Raises:
        InvalidVerdict: names the fault and repeats nothing of the reply.
    """
    data = read_object(text)
    names = {criterion.score for criterion in ask.criteria}
    if data.keys() - names:
        fault(text, "there is a key that is no criterion")
    if missing := [criterion.score for criterion in ask.criteria if criterion.score not in data]:
        fault(text, f"{missing[0]} is missing")
    parts = [_criterion(text, criterion, data[criterion.score], ask, lines) for criterion in ask.criteria]
    return Graded(
        grades=tuple(grade for graded in parts for grade in graded.grades),
        rejected=sum(graded.rejected for graded in parts),
    )


def _criterion(text: str, criterion: Criterion, entry: object, ask: Ask, lines: Mapping[str, Citation]) -> Graded:
    """The grades of one criterion."""
    if criterion.per == "response":
        grade, rejected = _grade(text, criterion, entry, None, lines)
        return Graded(grades=(grade,), rejected=rejected)
    if not isinstance(entry, list) or not all(isinstance(item, dict) for item in entry):
        fault(text, f"{criterion.score} must be a list of objects")
    numbers = [item.get("passage") for item in entry]
    wanted = [at + 1 for at in ask.passages]
    if any(type(number) is not int for number in numbers) or sorted(numbers) != wanted:
        fault(text, f"{criterion.score} must have one entry for each of the passages {', '.join(map(str, wanted))}")
    rest = [({key: value for key, value in item.items() if key != "passage"}, item["passage"] - 1) for item in entry]
    graded = [_grade(text, criterion, item, at, lines) for item, at in rest]
    return Graded(grades=tuple(grade for grade, _ in graded), rejected=sum(rejected for _, rejected in graded))


def _grade(
    text: str, criterion: Criterion, entry: object, context: int | None, lines: Mapping[str, Citation]
) -> tuple[Grade, int]:
    """One grade and how many of its pointers were rejected."""
    if not isinstance(entry, dict) or entry.keys() - {"level", "lines", "reason"}:
        fault(text, f"{criterion.score} must be an object with level, lines and reason")
    level = next((level for level in criterion.levels if level.label == entry.get("level")), None)
    if level is None:
        fault(text, f"{criterion.score}: level must be one of {', '.join(level.label for level in criterion.levels)}")
    reason = entry.get("reason")
    pointed = entry.get("lines")
    pointed = [] if pointed is None else pointed
    if not isinstance(pointed, list) or len(pointed) > _MAX_LINES or not all(isinstance(at, str) for at in pointed):
        fault(text, f"{criterion.score}: lines must be a list of line labels")
    if reason is not None and not isinstance(reason, str):
        fault(text, f"{criterion.score}: reason must be text or null")
    cited = {label: lines[label] for label in pointed if label in lines and _is_about(lines[label], context)}
    if level.cites:
        letter = LABELS[level.cites]
        cited = {label: where for label, where in cited.items() if label[0] == letter}
        if not cited:
            fault(text, f"{criterion.score}: level {level.label} must point at {letter} lines that were shown")
    grade = Grade(
        score=criterion.score,
        level=level.label,
        value=level.value,
        context=context,
        citations=tuple(cited.values()),
        reason=printable(reason)[:_MAX_REASON_CHARS],
    )
    return grade, len(set(pointed)) - len(cited)


def _is_about(where: Citation, context: int | None) -> bool:
    """Whether a line may stand behind a grade: one of a passage rests on that passage's own lines."""
    return context is None or where.part != "contexts" or where.index == context
