"""The passages of steps that retrieve, typed as such or known by their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from assay.worker.extraction.attributes import in_metadata
from assay.worker.extraction.documents import Found, passages
from assay.worker.extraction.evidence import evidence_under_keys, says_something
from assay.worker.extraction.failures import is_failure_text
from assay.worker.extraction.fields import plainly
from assay.worker.extraction.kinds import does_more, is_retriever, kind_of
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import ANSWER_KEYS
from assay.worker.records.traces import Observation


def retrieving(steps: Sequence[Observation]) -> list[Observation]:
    """The steps that retrieve, in order of time."""
    return [step for step in steps if is_retriever(step)]


def documents_of(step: Observation, steps: Sequence[Observation], shown: str | None) -> list[Found]:
    """The passages of one step: from the attributes that hold documents, or else from its output.

    Args:
        step: the step.
        steps: all steps of the trace.
        shown: the answer that the root shows: it is no passage.
    """
    if step.level == "ERROR":
        return []
    listed = list(in_metadata(step.metadata))
    if listed:
        return [(text, f"metadata{path}") for text, path in listed]
    if kind_of(step) == "retriever" or not is_retriever(step):
        given = [] if _is_error(step.output) else list(passages(step.output, keep_objects=False))
    else:
        given = list(_of_named(step, steps, shown))
    return [(text, f"output{path}") for text, path in given]


def _is_error(value: JsonValue) -> bool:
    return isinstance(value, str) and is_failure_text(value)


def _of_named(step: Observation, steps: Sequence[Observation], shown: str | None) -> Iterator[Found]:
    """What a step gave that only its name calls a retrieval: never an answer, and no text it may have written."""
    output = decoded(step.output)
    if _is_error(output) or (isinstance(output, dict) and plainly(output).keys() & ANSWER_KEYS.keys()):
        yield from evidence_under_keys(output) if isinstance(output, dict) else ()
        return
    if does_more(step.name) or calls_a_model(step, steps):
        yield from evidence_under_keys(output)
        return
    if isinstance(output, str) and _is_retrieved_below(step, steps):
        return  # the same passages, put together
    for text, path in passages(output, keep_objects=False):
        if text.strip() != (shown or "").strip() and (path or says_something(text)):
            yield text, path


def _below(step: Observation, steps: Sequence[Observation]) -> Iterator[Observation]:
    """The steps under a step, at any depth."""
    children: dict[str | None, list[Observation]] = defaultdict(list)
    for other in steps:
        children[other.parent_id].append(other)
    seen, waiting = {step.id}, [step.id]
    while waiting:
        for other in children[waiting.pop()]:
            if other.id not in seen:
                seen.add(other.id)
                waiting.append(other.id)
                yield other


def calls_a_model(step: Observation, steps: Sequence[Observation]) -> bool:
    """Whether a model call lies under a step: what it gives back may be the model's words."""
    return any(kind_of(other) == "generation" for other in _below(step, steps))


def _is_retrieved_below(step: Observation, steps: Sequence[Observation]) -> bool:
    return any(is_retriever(other) for other in _below(step, steps))
