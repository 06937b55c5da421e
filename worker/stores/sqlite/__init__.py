"""The embedded trace store: one SQLite file that takes traces in and carries the scores written on them."""

from assay.worker.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
