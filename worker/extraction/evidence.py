"""Evidence in what an application records of itself: its input, its output, its metadata, a function's arguments.

Only what lies under a telling key counts (`documents`, `source_nodes`, `retriever_resources`, ...). Some keys hold
evidence in one application and file names or labels in the next (`sources`, `context`): of those only sentences are
taken, and texts under the keys of documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from assay.judges.text.blank import is_empty
from assay.worker.extraction.calls import arguments_of, is_call
from assay.worker.extraction.decisions import is_sentence
from assay.worker.extraction.documents import Found, passages
from assay.worker.extraction.fields import EMPTY, keys_of
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import (
    EVIDENCE_KEYS,
    LOOSE_EVIDENCE_KEYS,
    MESSAGE_LISTS,
    NEVER_EVIDENCE_KEYS,
    TOOL_RESULT_KEYS,
    plain,
)
from assay.worker.extraction.parts import read_content

_DEPTH = 8
_MOST_NODES = 20_000
"""Objects and lists that are looked through in one value."""
_LOCATOR = re.compile(r"\s*(?:\w+://\S+|[\w./\\-]+\.\w{2,5}(?:[#?]\S*)?|[\w-]{1,80})\s*")
"""Where something lies, and nothing it says: `https://example.org/a`, `returns.pdf`, `doc-12`."""
_RETRIEVED = re.compile(
    r"(?:retrieved|retrieval|retriever|relevant|reranked|ranked|matched|grounding|rag|kb|knowledgebase|vector|similar)"
    r"(?:rag|text|source|context|search|document|web|kb|top)?"
    r"(?:docs?|documents?|contexts?|chunks?|passages?|nodes?|texts?|contents?|sources?|results?|snippets?|articles?|"
    r"evidence|knowledge|information|memories|resources?|references|pages|facts|items|matches|hits|excerpts)"
)
"""What a retrieval brought, as applications call it: `retrieved_docs`, `relevant_text_chunks`."""


_IN_RESULTS = ("result", "output", "observation", "content")
_IN_STEPS = ("tooloutput", "observation", "observations", "toolresult", "toolresponse")
"""Where an entry of such a list keeps what the tool answered."""
_OBSERVED = re.compile(r"observation\d{1,3}")
"""What an agent of DSPy observed, one key a step: `observation_0`."""


def evidence_under_keys(value: JsonValue, *, strict: bool = False) -> Iterator[Found]:
    """Passages under telling keys in a value, with their paths.

    Args:
        value: an object, written out or not; anything else holds none.
        strict: only keys that hold evidence wherever they stand.
    """
    budget = [_MOST_NODES]
    yield from _search(decoded(value), "", _DEPTH, budget, strict=strict)


def _search(value: JsonValue, path: str, depth: int, budget: list[int], *, strict: bool) -> Iterator[Found]:
    budget[0] -= 1
    if depth <= 0 or budget[0] <= 0:
        return
    if isinstance(value, list):
        for position, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _search(item, f"{path}[{position}]", depth - 1, budget, strict=strict)
        return
    if not isinstance(value, dict):
        return
    if is_call(value):
        yield from _arguments(value, path, depth, budget, strict=strict)
        return
    for name, key in keys_of(value).items():
        yield from _under(name, value[key], f"{path}.{key}", depth, budget, strict=strict)


def _under(name: str, value: JsonValue, path: str, depth: int, budget: list[int], *, strict: bool) -> Iterator[Found]:
    if (
        value in EMPTY
        or name in NEVER_EVIDENCE_KEYS
        or (name in MESSAGE_LISTS and name not in {"choices", "candidates"})
    ):
        return
    last = plain(path.rsplit(".", 1)[-1])  # a flattened key of metadata: `rag.contexts`
    texts: list[Found] = []
    if name in TOOL_RESULT_KEYS:
        texts = list(_tool_results(decoded(value), path, name))
    elif _OBSERVED.fullmatch(name):
        texts = [text for text in passages(value, keep_objects=True, path=path) if says_something(text[0])]
    elif name == "quotelist":
        texts = list(_quotes(decoded(value), path))
    elif is_evidence_key(name) or is_evidence_key(last):
        texts = [text for text in passages(value, keep_objects=False, path=path) if not _LOCATOR.fullmatch(text[0])]
    elif (not strict or _lists_documents(name, value)) and (name in LOOSE_EVIDENCE_KEYS or last in LOOSE_EVIDENCE_KEYS):
        texts = [text for text in passages(value, keep_objects=False, path=path) if says_something(text[0])]
    if texts:
        yield from texts
        return
    inner = decoded(value) if isinstance(value, str) and len(value) > 1 and value.lstrip()[:1] in {"{", "["} else value
    if isinstance(inner, dict | list):
        yield from _search(inner, path, depth - 1, budget, strict=strict)


def _lists_documents(name: str, value: JsonValue) -> bool:
    """Whether a context is a list: nobody lists where in an application a user stands."""
    return name == "context" and isinstance(decoded(value), list)


def is_evidence_key(name: str) -> bool:
    """Whether a key holds evidence wherever it stands: `documents`, `retrieved_passages`."""
    return name in EVIDENCE_KEYS or _RETRIEVED.fullmatch(name) is not None


def says_something(text: str) -> bool:
    """Whether a text is a sentence, and no file name, link or label."""
    return is_sentence(text) and not is_empty(text) and not _LOCATOR.fullmatch(text)


def _arguments(
    value: dict[str, JsonValue], path: str, depth: int, budget: list[int], *, strict: bool
) -> Iterator[Found]:
    """What a function was given: telling names, and lists of texts or documents without a name."""
    positional, named = arguments_of(value)
    yield from _search(named, f"{path}.kwargs", depth - 1, budget, strict=strict)
    for position, arg in enumerate(positional):
        read = decoded(arg)
        at = f"{path}.args[{position}]"
        if isinstance(read, dict):
            yield from _search(read, at, depth - 1, budget, strict=strict)
        elif isinstance(read, list) and not strict and not _are_turns(read):
            texts = passages(read, keep_objects=False, path=at)
            yield from (text for text in texts if says_something(text[0]))


def _are_turns(values: list[JsonValue]) -> bool:
    """Whether a list holds messages or pairs of turns, and no documents."""
    return any(isinstance(value, dict) and ("role" in value or "parts" in value) for value in values) or all(
        isinstance(value, list) for value in values
    )


def _tool_results(value: JsonValue, path: str, name: str) -> Iterator[Found]:
    """What tools answered: `[{toolName, result}]`, LangChain's pairs of an action and its observation, parts of steps.

    A step of an agent and a call may have an output of another kind: of those only what says it is a tool's.
    """
    names = _IN_STEPS if name in {"steps", "toolcalls"} else _IN_RESULTS
    for position, item in enumerate(value if isinstance(value, list) else ()):
        at = f"{path}[{position}]"
        if isinstance(item, list) and len(item) == 2 and names is _IN_RESULTS:
            yield from passages(item[1], keep_objects=True, path=f"{at}[1]")
        elif isinstance(item, dict):
            yield from _tool_result(item, at, names)


def _tool_result(item: dict[str, JsonValue], path: str, names: Sequence[str]) -> Iterator[Found]:
    content = item.get("content")
    results = read_content(content).results if isinstance(content, list) else []
    if results:
        given = [result.value for result in results if not result.has_failed]
        yield from (text for value in given for text in passages(value, keep_objects=True, path=f"{path}.content"))
        return
    keys = keys_of(item)
    key = next((keys[name] for name in names if name in keys), None)
    if key is not None:
        yield from passages(item[key], keep_objects=True, path=f"{path}.{key}")


def _quotes(value: JsonValue, path: str) -> Iterator[Found]:
    """What a search in FastGPT found: `[{q, a}]`, a passage in two halves."""
    for position, item in enumerate(value if isinstance(value, list) else ()):
        halves = [half for key in ("q", "a") if isinstance(item, dict) and isinstance(half := item.get(key), str)]
        text = "\n".join(half for half in halves if half)
        if not is_empty(text):
            yield text, f"{path}[{position}]"
