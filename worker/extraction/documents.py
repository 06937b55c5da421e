"""Passages in what retrievers and tools give back.

What says nothing (`[]`, `null`, `{"documents": []}`, written out or not) is no passage, and neither is the error of a
tool that failed.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from assay.worker.extraction.retrieved import DEPTH, Found, retrieved
from assay.worker.extraction.tool_answers import answered

__all__ = ["Found", "passages"]


def passages(value: JsonValue, *, keep_objects: bool, path: str = "", depth: int = DEPTH) -> Iterator[Found]:
    """Every passage in a value, with its path; `keep_objects` gives objects without a telling key as JSON."""
    if keep_objects:
        yield from answered(value, path, depth)
    else:
        yield from retrieved(value, path, depth)
