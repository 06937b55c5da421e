"""Documents in the place of an answer: a run that only retrieved gives them back, and none of them is its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from assay.worker.extraction.fields import EMPTY, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.names import ANSWER_KEYS, TEXT_KEYS, plain
from assay.worker.extraction.python_repr import CLASS

_CLASSES = {"document", "textnode", "nodewithscore", "node", "scoredpoint", "textsegment", "scoreddocument"}
"""Classes of documents: LangChain, Haystack, LlamaIndex, Qdrant, LangChain4j."""
_RANKED = {"score", "distance", "similarity", "relevancescore", "rerankscore", "rank", "certainty", "similarityscore"}
"""What a store says of an item that it found."""
_ORIGIN = {
    "source",
    "page",
    "pagenumber",
    "file",
    "filename",
    "filepath",
    "docid",
    "documentid",
    "chunkid",
    "chunkindex",
}
"""Where a document is from, in its metadata."""
_SAYS_MORE = {"role", "messages", "finishreason", "toolcalls", *ANSWER_KEYS}
_MOST = 5_000


def is_document(fields: Mapping[str, JsonValue]) -> bool:
    """Whether an object is a retrieved document by its class or by a key that nothing else has."""
    path = fields.get("id")
    names = [fields.get(plain(CLASS)), path[-1] if isinstance(path, list) and path and fields.get("lc") else None]
    if any(isinstance(name, str) and plain(name.rsplit(".", 1)[-1]) in _CLASSES for name in names):
        return True
    return isinstance(fields.get("pagecontent"), str) and not fields.keys() & _SAYS_MORE


def are_documents(values: Sequence[JsonValue]) -> bool:
    """Whether a list holds retrieved documents and nothing else."""
    items = (decoded(value) for value in values[:_MOST])
    return bool(values) and all(isinstance(item, dict) and _is_item(plainly(item)) for item in items)


def _is_item(fields: Mapping[str, JsonValue]) -> bool:
    """Whether an item of a list is a document: a text with a rank or with where it is from."""
    if is_document(fields):
        return True
    if fields.keys() & _SAYS_MORE:
        return False
    around = [
        inner for key in ("node", "document", "payload", "textsegment") if isinstance(inner := fields.get(key), dict)
    ]
    metadata = fields.get("metadata")
    has_origin = isinstance(metadata, dict) and bool(plainly(metadata).keys() & _ORIGIN)
    is_ranked = bool(fields.keys() & _RANKED) or has_origin or bool(fields.keys() & (_ORIGIN - {"page"}))
    has_text = any(isinstance(fields.get(key), str) and fields[key] not in EMPTY for key in TEXT_KEYS)
    return is_ranked and (has_text or bool(around))
