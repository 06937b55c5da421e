"""Answers that wait for a person's label, and how one becomes an anchor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assay.worker.golden.sets.files import GoldenSetError, read_plain, write_text
from assay.worker.golden.sets.manifest import Anchor
from assay.worker.setup.golden_set.writing import TO_LABEL

Waiting = list[dict[str, Any]]
"""Lines of anchors-to-label.jsonl."""


def read_waiting(directory: Path) -> Waiting:
    """The answers that wait, in their order.

    Raises:
        GoldenSetError: there are none, or a line is no answer.
    """
    path = directory / TO_LABEL
    if not path.exists():
        raise GoldenSetError(path, "file", "no answers wait for a label; `assay golden init` writes such a file")
    waiting: Waiting = []
    for number, line in enumerate(read_plain(path).split(b"\n"), start=1):
        if line.strip():
            waiting.append(_answer(path, number, line))
    return waiting


def keep_label(directory: Path, waiting: Waiting, answer: dict[str, Any], label: int) -> Waiting:
    """Make an anchor of an answer; returns those of `waiting` that still wait.

    The anchor is written first, so that a label given once is not lost. What was added to the file meanwhile stays.

    Raises:
        GoldenSetError: a file cannot be written.
    """
    path = directory / "anchors.jsonl"
    kept = read_plain(path).decode() if path.exists() else ""
    begins = "" if not kept or kept.endswith("\n") else "\n"
    anchor = {"id": answer["id"], "label": label, "item": answer["item"], "response": answer["response"]}
    write_text(path, f"{kept}{begins}{json.dumps(anchor, ensure_ascii=False)}\n")
    there = read_waiting(directory) if (directory / TO_LABEL).exists() else []
    write_waiting(directory, [other for other in there if other["id"] != answer["id"]])
    return [other for other in waiting if other is not answer]


def write_waiting(directory: Path, waiting: Sequence[dict[str, Any]]) -> None:
    """Write the answers that wait; where none is left the file goes."""
    path = directory / TO_LABEL
    if waiting:
        write_text(path, "".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in waiting))
    else:
        path.unlink(missing_ok=True)


def _answer(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
        Anchor.model_validate({"label": 0, **{key: answer[key] for key in ("id", "item", "response")}})
    except (ValueError, KeyError, TypeError) as exc:
        remedy = 'holds no {"id", "item", "response"}; mend or remove the line'
        raise GoldenSetError(path, f"line {number}", remedy) from exc
    known: dict[str, Any] = answer
    return known
