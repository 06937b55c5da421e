"""The facts of a trace: what it says of itself, with which prompt it was answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from assay.worker.records.facts import TraceFacts
from assay.worker.records.traces import Trace

PROMPT_NAMES = ("prompt_name", "prompt.name")
PROMPT_VERSIONS = ("prompt_version", "prompt.version")
"""Metadata keys under which a model call names its prompt, the most telling first, e.g. `prompt_name: qa`."""

LONGEST = 200
"""Characters of a fact. Facts are names. What is longer is a text, and no text of a trace goes beside a score."""


def facts_of(trace: Trace) -> TraceFacts:
    """The facts of one trace. A fact that it does not state is None."""
    root = trace.root
    prompt = next(filter(None, (_prompt(step.metadata) for step in reversed(trace.observations))), (None, None))
    return TraceFacts(
        release=_name(root.release),
        version=_name(root.version),
        session_id=_name(root.session_id),
        prompt_name=prompt[0],
        prompt_version=prompt[1],
    )


def _prompt(metadata: Mapping[str, JsonValue]) -> tuple[str, str | None] | None:
    name = _first(metadata, PROMPT_NAMES)
    return None if name is None else (name, _first(metadata, PROMPT_VERSIONS))


def _first(metadata: Mapping[str, JsonValue], keys: Iterable[str]) -> str | None:
    return next(filter(None, (_name(metadata.get(key)) for key in keys)), None)


def _name(value: JsonValue) -> str | None:
    """A name or a number as text. None for what is too long or holds what nobody can see."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    return text if text and len(text) <= LONGEST and text.isprintable() else None
