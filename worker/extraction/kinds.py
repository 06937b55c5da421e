"""What a step of a trace does: by its type, by its attributes, or by its name where neither says.

A plain function that a decorator records is a `span`, whatever it does. Of such spans those whose name speaks of
retrieval are retrievers, if what they gave back can be passages: a list of documents, or a text nobody answered with.
"""

from __future__ import annotations

import re

from assay.worker.extraction.attributes import kind_in
from assay.worker.extraction.names import (
    OTHER_WORK,
    RETRIEVING,
    SEARCH_STORES,
    SEARCHED,
    SEARCHING,
    STEP_TYPES,
    TOOL_NAME,
    UNTYPED,
    words,
)
from assay.worker.records.traces import Observation


def kind_of(step: Observation) -> str:
    """What a step does: `generation`, `retriever`, `tool`, `embedding`, `evaluator`, …, or its own type."""
    own = step.type.lower()
    kind = STEP_TYPES.get(own, own)
    if kind not in UNTYPED:
        return kind
    told = kind_in(step.metadata)
    if told not in UNTYPED:
        return STEP_TYPES.get(told, told)
    return "tool" if TOOL_NAME.fullmatch(step.name) else kind


def is_retriever(step: Observation) -> bool:
    """Whether a step retrieves: it is one of that kind, or an untyped one whose name says so."""
    kind = kind_of(step)
    return kind == "retriever" or (kind in UNTYPED and speaks_of_retrieval(step.name))


def speaks_of_retrieval(name: str) -> bool:
    """Whether a name is that of a retrieval: `retrieve_documents`, `vectorSearch`, `kb lookup`, `rerank`."""
    parts = words(name)
    if any(re.fullmatch(r"embed\w*", part) for part in parts):
        return False
    if any(RETRIEVING.fullmatch(part) for part in parts) or any(part in SEARCH_STORES for part in parts):
        return True
    if any(part in SEARCHED for part in parts) and any(part in SEARCHING for part in parts):
        return True
    return parts == ("search",) or (parts[:1] == ("search",) and not does_more(name))


def does_more(name: str) -> bool:
    """Whether a name speaks of other work as well: `retrieve_and_answer`, `RetrievalQA`, `research agent`."""
    return any(OTHER_WORK.fullmatch(part) for part in words(name))
