"""What a step of a trace does: by its type, by its attributes, or by its name where neither says.

A plain function that a decorator records is a `span`, whatever it does. Of such spans those whose name speaks of
retrieval are retrievers, if what they gave back can be passages: a list of documents, or a text nobody answered with.
"""

from __future__ import annotations

import re
from functools import lru_cache

from assay.worker.extraction.attributes import kind_in
from assay.worker.extraction.names import (
    ANSWERING_WORK,
    JUDGING_BESIDES,
    JUDGING_WORK,
    OTHER_WORK,
    RETRIEVING,
    SEARCH_STORES,
    SEARCHED,
    SEARCHING,
    SIDE_PAIRS,
    SIDE_WORK,
    STEP_TYPES,
    TOOL_NAME,
    UNTYPED,
    plain,
    words,
)
from assay.worker.records.traces import Observation

_MOST_WORDS = 8
"""A name of more words is a sentence."""


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


def is_beside_the_answer(name: str) -> bool:
    """Whether a name is that of a call beside the answer: a guard, a grader, a rewriter, a writer of titles.

    A path of HTTP names no work, and a step that answers as well is none: `rewrite_answer`, `answer_with_guardrails`.
    """
    parts = (*words(name), plain(name))  # `HyDE` is one word
    return "/" not in name and len(parts) <= _MOST_WORDS and _are_beside(parts)


@lru_cache(maxsize=4096)
def _are_beside(parts: tuple[str, ...]) -> bool:
    if any(JUDGING_WORK.fullmatch(part) for part in parts):
        return not JUDGING_BESIDES & set(parts)
    if any(ANSWERING_WORK.fullmatch(part) for part in parts) and not _is_of_checks(parts):
        return False
    return any(SIDE_WORK.fullmatch(part) for part in parts) or any(_has_pair(parts, *pair) for pair in SIDE_PAIRS)


def _is_of_checks(parts: tuple[str, ...]) -> bool:
    """Whether an answer is checked: `verify_answer`, `check response`."""
    return re.fullmatch(r"check\w{0,3}|valid\w*|verif\w*", parts[0]) is not None and not JUDGING_BESIDES & set(parts)


def _has_pair(parts: tuple[str, ...], left: str, right: str) -> bool:
    return any(re.fullmatch(left, part) for part in parts) and any(re.fullmatch(right, part) for part in parts)
