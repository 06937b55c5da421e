"""Which metadata keys a trace store must not cut: those that rubrics name, and those documents are kept under."""

from __future__ import annotations

import re
from collections.abc import Iterable

from assay.judges.rubric import SamplePaths
from assay.judges.rubric.selectors import parse_selector
from assay.worker.extraction.evidence import is_evidence_key
from assay.worker.extraction.names import HISTORY_KEYS, LOOSE_EVIDENCE_KEYS, MESSAGE_LISTS, plain

_ATTRIBUTES = re.compile(
    r"document\.content$|gen_ai\.|retrieval\.|reranker\.|(?:input|output)\.value$|(?:input|output)_messages"
    r"|llm\.(?:prompts|completions)|(?:^|\.)ai\.(?:prompt|response\.text|toolCall)|traceloop\.entity|gcp\.vertex\.agent|mlflow\.span(?:In|Out)puts"
)
"""An attribute that messages or evidence are kept under: `gen_ai.tool.call.result`, `input.value`."""


def metadata_keys(paths: Iterable[SamplePaths]) -> set[str]:
    """Keys that rubrics look at in any observation's metadata: the first step of each such selector."""
    names: set[str] = set()
    for rubric in paths:
        for text in (*rubric.question, *rubric.response, *rubric.contexts, *rubric.history):
            selector = parse_selector(text)
            if selector.field == "metadata" and selector.keys:
                names |= {selector.keys[0], ".".join(selector.keys)}
            elif selector.field == "metadata" and selector.path:
                names |= _first(selector.path)
    return names


def cut_keys_needed(cut: Iterable[str]) -> frozenset[str]:
    """Of the keys whose values were cut, those that evidence or messages are kept under."""
    return frozenset(key for key in cut if _ATTRIBUTES.search(key) or any(map(_is_telling, key.split("."))))


def _is_telling(name: str) -> bool:
    """Whether evidence, messages or earlier turns are kept under a name: `contexts`, `retrieved_chunks`, `history`."""
    key = plain(name)
    return is_evidence_key(key) or key in LOOSE_EVIDENCE_KEYS or key in MESSAGE_LISTS or key in HISTORY_KEYS


def _first(path: str) -> set[str]:
    match = re.match(r"\$(?:\.([\w-]+)|\['([^']+)'\])", path)
    return {match[1] or match[2]} if match else set()
