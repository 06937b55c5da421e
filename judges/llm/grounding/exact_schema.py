"""The reply's schema narrowed to one call: exactly its sentences in order, its evidence lines, per cents up to 100.

A server that holds its model to a grammar then cannot run past the last sentence. Models of a few billion parameters
do, where the schema leaves the number of entries open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.judges.llm.grounding.numbering import ResponsePart
from assay.judges.llm.grounding.reply import REPLY_SCHEMA

_MOST_CITED = 3
"""Lines one sentence may cite: each one more is a further alternative of the grammar."""


def exact_schema(part: ResponsePart) -> dict[str, Any]:
    """The schema of the reply on these sentences."""
    lines = list(part.evidence)
    shapes = [_narrowed(shape, lines) for shape in REPLY_SCHEMA["properties"]["sentences"]["items"]["anyOf"]]
    entries = [{"anyOf": [_about(shape, number) for shape in shapes]} for number in part.sentences]
    count = len(entries)
    sentences = {"type": "array", "prefixItems": entries, "items": False, "minItems": count, "maxItems": count}
    return {**REPLY_SCHEMA, "properties": {"kind": {"const": "answer"}, "sentences": sentences}}


def _narrowed(shape: Mapping[str, Any], lines: list[int]) -> dict[str, Any]:
    properties = dict(shape["properties"])
    if "p" in properties:
        properties["p"] = {"type": "integer", "minimum": 0, "maximum": 100}
    if "evidence" in properties:
        properties["evidence"] = {"type": "array", "items": {"enum": lines}, "minItems": 1, "maxItems": _MOST_CITED}
    return {**shape, "properties": properties}


def _about(shape: Mapping[str, Any], number: int) -> dict[str, Any]:
    """One kind of entry, about one sentence. Its verdict is its first key."""
    verdict = next(iter(shape["properties"]))
    return {**shape, "properties": {**shape["properties"], verdict: {"const": number}}}
