"""Which columns of a table, or keys of a line, a sample is read from. All others are only kept beside its verdict."""

from __future__ import annotations

from collections.abc import Iterable

from assay.worker.extraction.dataset_columns import field_of
from assay.worker.extraction.names import plain

OWN_COLUMNS = frozenset({"id", "question", "history", "context", "contexts", "response", "reference"})
"""The names of a sample's fields."""

KINDS: dict[str, type | tuple[type, ...]] = {
    "question": str,
    "response": str,
    "contexts": (str, list),
    "reference": str,
}
"""What is taken under another tool's name, and of which kind it has to be."""

_ALWAYS_TAKEN = frozenset({"userinput", "retrievedcontexts", "retrievalcontext"})
"""Names that no application chooses by chance: RAGAS, DeepEval."""

_LABELS = frozenset({"label", "source_id"})
"""What `assay calibrate` reads beside a sample."""


def is_taken_by_kind(column: str) -> bool:
    """Whether it is another tool's name for a field, e.g. `user_input`."""
    return column not in OWN_COLUMNS and field_of(column) in KINDS


def is_always_taken(column: str) -> bool:
    """Whether another tool's name is taken even beside a `response` of ours."""
    return plain(column) in _ALWAYS_TAKEN


def holds_lists(column: str) -> bool:
    """Whether a cell of the column may be a list in JSON: passages or turns."""
    return column == "history" or field_of(column) == "contexts"


def read_twice(columns: Iterable[str]) -> str | None:
    """The first column that stands twice and that a sample is read from. Of two equal others nothing is judged."""
    names = list(columns)
    in_our_words = "response" in names
    seen = set()
    for name in names:
        is_read = name in OWN_COLUMNS | _LABELS or (is_always_taken(name) if in_our_words else is_taken_by_kind(name))
        if is_read and name in seen:
            return name
        seen.add(name)
    return None
