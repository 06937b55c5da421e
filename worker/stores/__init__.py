"""Trace stores: where traces come from and scores go. One folder or file per product, opened by its kind."""

from __future__ import annotations

from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.ports.store import Store
from assay.worker.stores.sqlite import SqliteStore

KINDS = ("sqlite",)
"""Kinds that are a file; Langfuse needs keys and a budget and is opened by `assay.worker.stores.langfuse.factory`."""


def open_store(kind: str, *, path: Path | None) -> Store:
    """The trace store of this kind; nothing is opened before its first call.

    Args:
        kind: what `store.kind` in assay.yaml says.
        path: the file, for stores that are one.

    Raises:
        ConfigurationError: an unknown kind, or no path where one is needed.
    """
    if kind not in KINDS:
        raise ConfigurationError(f"assay.yaml: store.kind: {kind!r} is unknown; use {' or '.join(KINDS)}")
    if path is None:
        raise ConfigurationError("assay.yaml: store.path: missing; name the file the sqlite store lies in")
    return SqliteStore(path)
