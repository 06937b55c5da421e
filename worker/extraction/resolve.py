"""What a selector leads to in a trace: values, each with the place it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from pydantic import JsonValue

from assay.judges.rubric.selectors import Selector
from assay.worker.extraction import documents
from assay.worker.extraction.steps import answering, relevant
from assay.worker.records.traces import Observation, Trace

if TYPE_CHECKING:
    import jsonpath

_KEY = re.compile(r"\['([A-Za-z_][A-Za-z0-9_]*)'\]")
"""A plain key in a normalised JSONPath: `['documents']`, which reads `.documents`."""
_EMPTY: tuple[JsonValue, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Place:
    """A value and where it was, as a person would write it."""

    value: JsonValue
    source: str
    is_tool: bool = False


@dataclass(frozen=True)
class Source:
    """A trace with the steps that count and the model call that answered, worked out once."""

    trace: Trace

    @cached_property
    def steps(self) -> list[Observation]:
        """The steps that count, in order of time."""
        return relevant(self.trace)

    @cached_property
    def answer(self) -> Observation | None:
        """The model call that gave the answer."""
        return answering(self.trace, self.steps)


def resolve(source: Source, selector: Selector) -> Iterator[Place]:
    """Every non-empty value a selector leads to; of a type, step by step in order of time."""
    for name, is_tool, content in _heads(source, selector):
        if selector.field == "documents":
            yield from _documents(name, content)
            continue
        for place in _inside(content.get(selector.field), selector, f"{name}.{selector.field}"):
            if place.value not in _EMPTY:
                yield Place(place.value, place.source, is_tool)


def _heads(source: Source, selector: Selector) -> Iterator[tuple[str, bool, dict[str, JsonValue]]]:
    trace = source.trace
    if selector.head == "root":
        yield "root", False, {"input": trace.input, "output": trace.output, "metadata": trace.root.metadata}
        return
    if selector.head == "answer":
        steps = [source.answer] if source.answer else []
    else:
        steps = [s for s in source.steps if s.type.lower() == selector.head]
    for step in steps:
        if selector.name is None or fnmatchcase(step.name, selector.name):
            content: dict[str, JsonValue] = {"input": step.input, "output": step.output, "metadata": step.metadata}
            yield f"{step.type.lower()} {step.name!r} ({step.id[:8]})", step.type.lower() == "tool", content


def _inside(value: JsonValue, selector: Selector, at: str) -> Iterator[Place]:
    if not selector.keys and not selector.path:
        yield Place(value, at)
        return
    if selector.field == "metadata" and isinstance(value, dict):
        joined = ".".join(selector.keys)  # nested metadata is flattened to dotted keys by some stores
        if len(selector.keys) > 1 and joined in value:
            yield Place(value[joined], f"{at}['{joined}']")
            return
    if isinstance(value, dict | list):
        for match in _compiled(selector.json_path).finditer(value):
            yield Place(match.obj, f"{at}{_short(match.path)}")  # type: ignore[arg-type]  # JSON in, JSON out


def _documents(name: str, content: dict[str, JsonValue]) -> Iterator[Place]:
    passages = list(documents.passages(content.get("output"), keep_objects=False))
    field_name = "output"
    if not passages:
        metadata = content.get("metadata")
        passages = list(documents.in_metadata(metadata)) if isinstance(metadata, dict) else []
        field_name = "metadata"
    for text, path in passages:
        yield Place(text, f"{name}.{field_name}{path}")


@lru_cache(maxsize=1024)
def _compiled(path: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    import jsonpath  # it takes long to import, and a process that reads no traces does without

    return jsonpath.compile(path)


def _short(path: str) -> str:
    """A normalised JSONPath with plain keys after dots."""
    return _KEY.sub(r".\1", path.removeprefix("$"))
