"""What a selector leads to in a trace: values, each with the place it came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from pydantic import JsonValue

from assay.judges.rubric.selectors import Selector
from assay.worker.extraction.answers import Reading, answer_of
from assay.worker.extraction.attributes import INSTRUCTIONS, instructions_in, recorded
from assay.worker.extraction.failures import is_failure_text
from assay.worker.extraction.fields import EMPTY
from assay.worker.extraction.kinds import kind_of
from assay.worker.extraction.literals import is_stream_name, opened
from assay.worker.extraction.model_words import written_by_models
from assay.worker.extraction.retrievals import documents_of, retrieving
from assay.worker.extraction.steps import answering, application_under, relevant
from assay.worker.records.traces import Observation, Trace

if TYPE_CHECKING:
    import jsonpath

_KEY = re.compile(r"\['([A-Za-z_][A-Za-z0-9_]*)'\]")
"""A plain key in a normalised JSONPath: `['documents']`, which reads `.documents`."""
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""A key that needs no JSONPath: `documents`."""
_BEGUN = 20
"""Characters of a model call's words by which a text that a recorder cut is known to repeat them."""
_MOST_HINTS = 20
"""Model calls whose words are looked for in what the root shows."""


@dataclass(frozen=True)
class Place:
    """A value and where it was, as a person would write it.

    Attributes:
        value: what is there.
        source: `tool 'kb' (2e88c1d0).output`.
        is_tool: it is what a tool answered.
        has_failed: the step is marked as failed, so its output is no evidence.
        step: whose it is; None for the root's.
    """

    value: JsonValue
    source: str
    is_tool: bool = False
    has_failed: bool = False
    step: Observation | None = None


@dataclass(frozen=True)
class Source:
    """A trace with the steps that count and the model call that answered, worked out once."""

    trace: Trace

    @cached_property
    def steps(self) -> list[Observation]:
        """The steps that count, in order of time, with what they recorded in attributes put in its place."""
        return [_filled(step) for step in relevant(self.trace)]

    @cached_property
    def root_fields(self) -> dict[str, Place]:
        """Input, output, metadata and instructions of the root, or of the application's step under an empty one."""
        root = self.trace.root
        fields = _fields("root", self.trace.input, self.trace.output, root.metadata)
        if self.application is not None:
            own = self.content(self.application)
            fields |= {"input": own["input"], "output": own["output"], "instructions": own["instructions"]}
        return fields

    @cached_property
    def application(self) -> Observation | None:
        """The step that is the application, where the root is a request that recorded neither input nor output."""
        root = self.trace.root
        fields = _fields("root", self.trace.input, self.trace.output, root.metadata)
        is_empty = fields["input"].value in EMPTY and fields["output"].value in EMPTY
        return application_under(root.observation_id, self.steps) if is_empty else None

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """What each model call said, by the step's id."""
        return {step.id: answer_of(step.output) for step in self.steps if kind_of(step) == "generation"}

    @cached_property
    def knows_tools(self) -> bool:
        """Whether the tools of this run were recorded as steps: what they told the model is known, then, from those."""
        tools = [step for step in self.steps if kind_of(step) == "tool"]
        return any(step.output not in EMPTY or self.is_failed(step) for step in tools)

    @cached_property
    def _above_failed(self) -> frozenset[str]:
        """The ids of tools under which the same call was recorded once more, as failed."""
        failed = {s.parent_id for s in self.steps if kind_of(s) == "tool" and has_failed(s) and s.parent_id}
        return frozenset(s.id for s in self.steps if s.id in failed and kind_of(s) == "tool")

    def is_failed(self, step: Observation) -> bool:
        """Whether a step failed, by its own mark or by that of the same call under it."""
        return has_failed(step) or step.id in self._above_failed

    @cached_property
    def written(self) -> frozenset[str]:
        """What model calls wrote inside JSON: no evidence, whatever key it stands under."""
        return written_by_models(step.output for step in self.steps if kind_of(step) == "generation")

    @cached_property
    def shown(self) -> Reading | None:
        """The answer in the root's output; None where it has no output.

        An object that does not name its answer may repeat what a model call said: then that is the answer.
        """
        output = self.root_fields["output"].value
        if output is None or (isinstance(output, str) and is_stream_name(output)):
            return None
        reading = answer_of(output)
        if self.trace.root.level == "ERROR" and reading.text is not None and is_failure_text(reading.text):
            return Reading(reason="an error, no answer")
        spoken = [r.text for r in self.readings.values() if r.text is not None][-_MOST_HINTS:]
        if reading.text is None and isinstance(output, str):
            begun = (text for text in reversed(spoken) if len(text) > _BEGUN and text[:_BEGUN] in output)
            return next((Reading(text=text) for text in begun), reading)
        if reading.text is None and isinstance(output, dict):
            again = (answer_of(output, hint=text) for text in reversed(spoken))
            return next((hinted for hinted in again if hinted.text is not None), reading)
        return reading

    @cached_property
    def answer(self) -> Observation | None:
        """The model call that gave the answer."""
        return answering(self.trace, self.steps, self.readings, self.shown)

    def content(self, step: Observation) -> dict[str, Place]:
        """Input, output, metadata and instructions of a step, each with its place."""
        name = f"{step.type.lower()} {step.name!r} ({step.id[:8]})"
        return _fields(name, step.input, step.output, step.metadata, step, is_failed=self.is_failed(step))


def has_failed(step: Observation) -> bool:
    """Whether a step is marked as failed: by its level, or by OpenTelemetry's `error.type`."""
    error = step.metadata.get("error.type", step.metadata.get("attributes.error.type"))
    return step.level == "ERROR" or error not in EMPTY


def _filled(step: Observation) -> Observation:
    """A step whose input and output are read from its attributes where it has none."""
    if not step.metadata or (step.input is not None and step.output is not None):
        return step
    filled = {
        name: recorded(step.metadata, is_output=name == "output")[0]
        for name in ("input", "output")
        if getattr(step, name) is None
    }
    return step.model_copy(update=filled)


def _fields(
    name: str,
    given: JsonValue,
    output: JsonValue,
    metadata: Mapping[str, JsonValue],
    step: Observation | None = None,
    *,
    is_failed: bool = False,
) -> dict[str, Place]:
    is_tool = step is not None and kind_of(step) == "tool"
    fields = {
        "metadata": Place(dict(metadata), f"{name}.metadata"),
        "instructions": Place(instructions_in(metadata), f"{name}.metadata['{INSTRUCTIONS}']"),
    }
    for field, own in (("input", given), ("output", output)):
        value, attribute = recorded(metadata, is_output=field == "output") if own is None else (own, "")
        at = f"metadata['{attribute}']" if attribute else field
        fields[field] = Place(value, f"{name}.{at}", is_tool, is_failed, step)
    return fields


def resolve(source: Source, selector: Selector) -> Iterator[Place]:
    """Every non-empty value a selector leads to; of a type, step by step in order of time."""
    if selector.field == "documents" and selector.head not in {"root", "answer"}:
        for step, content in _steps(source, selector):
            shown = source.shown.text if source.shown else None
            for text, path in documents_of(step, source.steps, shown):
                yield Place(text, f"{content['metadata'].source.removesuffix('.metadata')}.{path}")
        return
    for content in _heads(source, selector):
        field = content[selector.field]
        for place in _inside(field, selector):
            if place.value not in EMPTY:
                yield place


def _heads(source: Source, selector: Selector) -> Iterator[dict[str, Place]]:
    if selector.head == "root":
        yield source.root_fields
        return
    for _, content in _steps(source, selector):
        yield content


def _steps(source: Source, selector: Selector) -> Iterator[tuple[Observation, dict[str, Place]]]:
    if selector.head == "answer":
        steps = [source.answer] if source.answer else []
    elif selector.head == "retriever" and selector.field == "documents":
        steps = retrieving(source.steps)
    else:
        steps = [s for s in source.steps if selector.head in {s.type.lower(), kind_of(s)}]
    for step in steps:
        if selector.name is None or fnmatchcase(step.name, selector.name):
            yield step, source.content(step)


def _inside(field: Place, selector: Selector) -> Iterator[Place]:
    value, at = field.value, field.source
    if not selector.keys and not selector.path:
        yield field
        return
    if selector.field == "metadata" and isinstance(value, dict):
        joined = ".".join(selector.keys)  # nested metadata is flattened to dotted keys by some stores
        if len(selector.keys) > 1 and joined in value:
            yield Place(value[joined], f"{at}['{joined}']")
            return
    # `opened`: for `root.input.event.body.question`, where the body is JSON in a string
    for inner, path in _matches(value, selector) or _matches(opened(value), selector):
        yield replace(field, value=inner, source=f"{at}{path}")


def _matches(value: JsonValue, selector: Selector) -> list[tuple[JsonValue, str]]:
    """What a selector's keys or path lead to in a value, each with its path."""
    if not isinstance(value, dict | list):
        return []
    if not all(_PLAIN_KEY.fullmatch(key) for key in selector.keys) or selector.path:
        matches = _compiled(selector.json_path).finditer(value)
        return [(match.obj, _short(match.path)) for match in matches]  # type: ignore[misc]  # JSON
    for key in selector.keys:
        if not isinstance(value, dict) or key not in value:
            return []
        value = value[key]
    return [(value, "".join(f".{key}" for key in selector.keys))]


@lru_cache(maxsize=1024)
def _compiled(path: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    import jsonpath  # it takes long to import, and a process that reads no traces does without

    return jsonpath.compile(path)


def _short(path: str) -> str:
    """A normalised JSONPath with plain keys after dots."""
    return _KEY.sub(r".\1", path.removeprefix("$"))
