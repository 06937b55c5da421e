"""The record as control workers write it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy
from sqlalchemy import and_, delete, not_, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from assay.worker.history.connection import Connection
from assay.worker.history.documents import remove_documents
from assay.worker.history.opinions import remove_opinions, write_opinions
from assay.worker.history.reviews import remove_reviews
from assay.worker.history.rows import latest_by_key
from assay.worker.history.schema import identity_of
from assay.worker.history.table import HISTORY
from assay.worker.records.history import HistoryRow, RowKey, UserOpinion, microseconds
from assay.worker.records.storable import storable_text

PRUNED_AT_ONCE = 2_000
"""Rows removed in one transaction, so that writers wait a fraction of a second for it."""

_JUDGING = RowKey._fields[:-1]
"""What a trace was judged for, by whichever version of the rubric."""


class SqlHistoryWriter:
    """Writes rows into the table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def write(self, rows: Sequence[HistoryRow]) -> None:
        """Write rows in one transaction. Of each key the row that counts stays."""

        def insert(connection: sqlalchemy.Connection) -> None:
            if values := latest_by_key(_without_told_again(connection, rows)):
                connection.execute(_upsert(connection.dialect.name), values)

        if rows:
            await self._connection.write(insert)

    async def write_opinions(self, opinions: Sequence[UserOpinion]) -> None:
        """Write what users said in one transaction."""
        if opinions:
            await self._connection.write(lambda connection: write_opinions(connection, opinions))

    async def prune(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` rows of traces that started before a moment, some thousand in a transaction."""
        await self._connection.write(partial(_remove_beside, before=microseconds(before), limit=limit))
        removed = 0
        while removed < limit:
            at_once = min(PRUNED_AT_ONCE, limit - removed)
            oldest = (
                select(HISTORY.c.row_key)
                .where(HISTORY.c.started_at < microseconds(before))
                .order_by(HISTORY.c.started_at)
                .limit(at_once)
            )
            count = await self._connection.write(partial(_remove, oldest))
            removed += count
            if count < at_once:
                break
        return removed

    async def identity(self) -> str:
        """An id that this database got when it was made: another database has another."""
        return await self._connection.write(identity_of)


def _remove_beside(connection: sqlalchemy.Connection, *, before: int, limit: int) -> None:
    """Remove what is as old as rows that go."""
    remove_opinions(connection, before, limit)
    remove_documents(connection, before, limit)
    remove_reviews(connection, before, limit)


def _remove(selection: sqlalchemy.Select[Any], connection: sqlalchemy.Connection) -> int:
    """Remove the rows of these keys."""
    return connection.execute(delete(HISTORY).where(HISTORY.c.row_key.in_(selection))).rowcount


def _upsert(dialect: str) -> sqlalchemy.Executable:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(HISTORY)
    new, old = insert.excluded, HISTORY.c
    replaced = {column.name: new[column.name] for column in HISTORY.columns if not column.primary_key}
    # As `HistoryRow.replaces`.
    is_later = and_(new.from_store == old.from_store, new.changed_at > old.changed_at)
    is_judged = and_(old.from_store, not_(new.from_store))
    return insert.on_conflict_do_update(index_elements=[old.row_key], set_=replaced, where=or_(is_later, is_judged))


def _without_told_again(connection: sqlalchemy.Connection, rows: Sequence[HistoryRow]) -> list[HistoryRow]:
    """Leave out what the store told again of traces that were judged here, by whichever version of the rubric."""
    told = [row for row in rows if row.from_store]
    if not told:
        return list(rows)
    here = select(*(HISTORY.c[name] for name in _JUDGING)).where(
        HISTORY.c.trace_id.in_({storable_text(row.trace_id) for row in told}), not_(HISTORY.c.from_store)
    )
    judged = {tuple(known) for known in connection.execute(here)}
    judged |= {_judging(row) for row in rows if not row.from_store}
    return [row for row in rows if not row.from_store or _judging(row) not in judged]


def _judging(row: HistoryRow) -> tuple[str, ...]:
    return tuple(storable_text(getattr(row, name)) for name in _JUDGING)
