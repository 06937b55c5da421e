"""The embedded store as a deployment names it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.judges.schema import Record
from assay.worker.ports.capabilities import (
    WithExamination,
    WithScoredTraces,
    WithSpanIntake,
    WithTotals,
    WithTraceImport,
)
from assay.worker.ports.store import Store, StoreContext, StoreFactory

FILE = "traces.db"
"""In the data directory, where assay.yaml names no other file."""


class SqliteSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    path: Path | None = None


class SqliteVariables(Record):
    """It has no environment variables of its own."""


class SqliteFactory(StoreFactory[SqliteSection, SqliteVariables]):
    """A file on the local disk."""

    kind = "sqlite"
    title = "SQLite"
    section = SqliteSection
    variables = SqliteVariables
    capabilities = (WithTraceImport, WithSpanIntake, WithTotals, WithExamination, WithScoredTraces)
    is_embedded = True
    section_note = "`path` (sqlite) is taken relative to the config root"

    def open(self, section: SqliteSection, variables: SqliteVariables, context: StoreContext) -> Store:
        """The store over its file, which is made at the first call."""
        from assay.worker.stores.sqlite.store import SqliteStore

        return SqliteStore(_path(section, context))

    def may_hold_traces(self, section: SqliteSection, context: StoreContext) -> bool:
        """Whether the file is there; looking into it would make it."""
        return _path(section, context).exists()

    def first_lines(self, section: SqliteSection, why_late: str) -> Sequence[str]:
        """How to feed it."""
        return (
            "# feed it with `assay import FILE.jsonl`. With the keys set, run `assay init --force`.",
            "store: {kind: sqlite}",
        )


def _path(section: SqliteSection, context: StoreContext) -> Path:
    return context.home / section.path if section.path else context.data_dir / FILE


FACTORY = SqliteFactory()
