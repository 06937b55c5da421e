"""Trace ids of several stores in one deployment.

Ids of the first store stay as they are, so that a deployment that gets a second store keeps its scores, its ledger and
its record. Ids of the others begin with their store's name. Each id names one trace of one store, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MARK = "~"
"""Stands between a store's name, which has none, and its own id, e.g. `rag~0af7651916cd43dd8448eb211c80319c`."""


class StoreTrace(NamedTuple):
    """A trace as its store knows it.

    Attributes:
        store: the store's name.
        native: the store's own id.
    """

    store: str
    native: str


class TraceIds:
    """Puts the names of stores before ids, and takes them off again."""

    def __init__(self, names: Sequence[str]) -> None:
        """Know the stores.

        Args:
            names: of the stores, the first one first.
        """
        self.first = names[0]
        self._names = frozenset(names)

    def qualified(self, store: str, native: str) -> str:
        """The id inside Assay. An id of the first store that looks like another's gets its name, too."""
        if store == self.first and self._named(native) is None:
            return native
        return f"{store}{MARK}{native}"

    def split(self, trace_id: str) -> StoreTrace:
        """The store of a trace, and its own id there."""
        named = self._named(trace_id)
        return StoreTrace(self.first, trace_id) if named is None else named

    def native(self, trace_id: str) -> str:
        """The store's own id."""
        return self.split(trace_id).native

    def store_of(self, trace_id: str) -> str:
        """The name of the store that a trace is in."""
        return self.split(trace_id).store

    def _named(self, trace_id: str) -> StoreTrace | None:
        name, mark, native = trace_id.partition(MARK)
        return StoreTrace(name, native) if mark and name in self._names else None
