"""The plain form of a key, and the words of a name: what all tables of names are read with."""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST_KEY = 80


@lru_cache(maxsize=4096)
def plain(key: str) -> str:
    """A key without separators and case: `source_documents` and `sourceDocuments` give `sourcedocuments`."""
    return _SEPARATORS.sub("", key[:_LONGEST_KEY]).casefold()


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: `vectorSearch`, `vector-search` and `VectorSearch` give two each."""
    return tuple(w.casefold() for w in _SEPARATORS.split(_CAMEL.sub(" ", name[:_LONGEST_KEY])) if w)
