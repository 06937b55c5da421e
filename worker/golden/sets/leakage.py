"""Whether what a set asks occurs elsewhere: in few-shot prompts, in training data, in another set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import JsonValue

from assay.judges.text.bounded_marks import normalized
from assay.worker.golden.sets.files import GoldenSetError, read_plain

LEAKING_LENGTH = 40
"""Shorter texts ("Thanks!", "How much is it?") occur anywhere without having leaked."""


def files_named(directory: Path, patterns: Iterable[str]) -> list[Path]:
    """The files in which no item of the set in `directory` may occur.

    Raises:
        GoldenSetError: a pattern names none.
    """
    files = []
    for pattern in patterns:
        base = directory
        parts = Path(pattern).parts
        while parts and parts[0] == "..":
            base, parts = base.resolve().parent, parts[1:]
        matching = [path for path in sorted(base.glob(str(Path(*parts)))) if path.is_file()] if parts else []
        if not matching:
            remedy = f"{pattern!r} names no file; mend the pattern or remove it"
            raise GoldenSetError(directory / "manifest.yaml", "not_in", remedy)
        files += matching
    return files


def occurs(parts: Iterable[str], text: str) -> bool:
    """Whether one of the parts that are long enough to be the item's own occurs in a text."""
    return any(len(part) >= LEAKING_LENGTH and part in text for part in map(plain_text, parts))


def text_of_file(path: Path) -> str:
    """A file's text; in lines of JSON what the strings say, not how they are escaped."""
    texts: list[str] = []
    for line in read_plain(path).decode("utf-8", "replace").split("\n"):
        try:
            texts += _strings(json.loads(line))
        except ValueError:
            texts.append(line)
    return plain_text("\n".join(texts))


def _strings(value: JsonValue) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(child)


def plain_text(text: str) -> str:
    """Text as it is compared: compatibility forms, case and white space levelled."""
    return " ".join(normalized("NFKC", text).casefold().split())
