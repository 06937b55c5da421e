"""The reply's schema narrowed to one call: exactly its sentences in order, its evidence lines, per cents that can be.

A server that holds its model to a grammar then cannot run past the last sentence. Models of a few billion parameters
do, where the schema leaves the number of entries open. What is in it, such servers understand: `prefixItems`, `const`,
`enum`, bounds of integers and `$ref` (llama.cpp: common/json-schema-to-grammar.cpp, xgrammar as of mlc-ai/xgrammar#296
and #824). `items: false`, which would close the list, llama.cpp refuses, so its length closes it. Providers that
compile a schema once for many calls mostly do not understand it, and are not asked with it unless that is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.judges.llm.grounding.numbering import ResponsePart
from assay.judges.llm.grounding.reply import REPLY_SCHEMA

_MOST_CITED = 3
"""Lines one sentence may cite: each one more is a further alternative of the grammar."""

_LEAST_P = {"supported": 50}
_LEAST_P_OF_OTHERS = 34
"""Under it another verdict would be more likely: of two for what is supported, of three for the rest."""


def exact_schema(part: ResponsePart) -> dict[str, Any]:
    """The schema of the reply on these sentences."""
    lines = list(part.evidence)
    shapes = [_narrowed(shape) for shape in REPLY_SCHEMA["properties"]["sentences"]["items"]["anyOf"]]
    possible = [shape for shape in shapes if lines or "evidence" not in shape["properties"]]
    entries = [{"anyOf": [_about(shape, number) for shape in possible]} for number in part.sentences]
    count = len(entries)
    sentences = {"type": "array", "prefixItems": entries, "minItems": count, "maxItems": count}
    # The lines stand in one place: named in every entry they would make most of the request.
    line = {"$defs": {"line": {"enum": lines}}} if lines else {}
    return {**REPLY_SCHEMA, "properties": {"kind": {"const": "answer"}, "sentences": sentences}, **line}


def _narrowed(shape: Mapping[str, Any]) -> dict[str, Any]:
    """One kind of entry with its numbers bounded."""
    properties = dict(shape["properties"])
    if "p" in properties:
        least = next((least for verdict, least in _LEAST_P.items() if verdict in properties), _LEAST_P_OF_OTHERS)
        properties["p"] = {"type": "integer", "minimum": least, "maximum": 100}
    if "evidence" in properties:
        cited = {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1, "maxItems": _MOST_CITED}
        properties["evidence"] = cited
    return {**shape, "properties": properties}


def _about(shape: Mapping[str, Any], number: int) -> dict[str, Any]:
    """One kind of entry, about one sentence. Its verdict is its first key."""
    verdict = next(iter(shape["properties"]))
    return {**shape, "properties": {**shape["properties"], verdict: {"const": number}}}
