"""A judge model for graded rubrics made of word overlap: reads criteria and numbered lines, writes a model's reply."""

from __future__ import annotations

import json
import re
from typing import Any

_CRITERION = re.compile(r"^(\w+) \((once|for each passage); judge from ([^)]*) alone\)")
_LEVEL = re.compile(r"^- (\w+)(?: \(must point at ([A-Z]) lines\))?:")
_PASSAGE = re.compile(r"^<<<\w+ PASSAGE (\d+)$")
_LINE = re.compile(r"^([HQERB]\d+): (.*)$")
_WORD = re.compile(r"\w{4,}")


def graded_verdict(system: str, prompt: str) -> str:
    """The first level of each criterion where the text to grade shares words with the question, else the last."""
    lines, passages = _read(prompt)
    asked = _words(lines, "Q")
    reply: dict[str, Any] = {}
    for name, scope, levels in _criteria(system):
        if scope == "once":
            reply[name] = _entry(levels, lines, like=bool(asked & _words(lines, "R")))
        else:
            reply[name] = [
                {"passage": number, **_entry(levels, own, like=bool(asked & _words(own, "E")))}
                for number, own in passages.items()
            ]
    return json.dumps(reply)


def is_graded(system: str) -> bool:
    """Whether a system message asks for grades."""
    return "\nCRITERIA\n" in system


def _entry(levels: list[tuple[str, str]], lines: dict[str, str], *, like: bool) -> dict[str, Any]:
    label, letter = levels[0] if like else levels[-1]
    pointed = next(([at] for at in lines if at[0] == letter), []) if letter else []
    return {"level": label, "lines": pointed, "reason": "by word overlap"}


def _words(lines: dict[str, str], letter: str) -> set[str]:
    return {word for at, text in lines.items() if at[0] == letter for word in _WORD.findall(text.casefold())}


def _criteria(system: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    found: list[tuple[str, str, list[tuple[str, str]]]] = []
    for line in system.partition("\nCRITERIA\n")[2].splitlines():
        if head := _CRITERION.match(line):
            found.append((head.group(1), head.group(2), []))
        elif level := _LEVEL.match(line):
            found[-1][2].append((level.group(1), level.group(2) or ""))
    return found


def _read(prompt: str) -> tuple[dict[str, str], dict[int, dict[str, str]]]:
    lines: dict[str, str] = {}
    passages: dict[int, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in prompt.splitlines():
        if opened := _PASSAGE.match(line):
            current = passages.setdefault(int(opened.group(1)), {})
        elif line.endswith(">>>"):
            current = None
        elif numbered := _LINE.match(line):
            lines[numbered.group(1)] = numbered.group(2)
            if current is not None:
                current[numbered.group(1)] = numbered.group(2)
    return lines, passages
