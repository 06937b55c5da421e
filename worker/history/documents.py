"""Documents beside the rows, in SQL: a drift check, a baseline. Bounded in size, and removed with old rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from pydantic import JsonValue
from sqlalchemy import and_, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from assay.worker.history.connection import Connection
from assay.worker.history.fetching import fetched
from assay.worker.history.table import DOCUMENTS
from assay.worker.ports.history import (
    MOST_DOCUMENT_BYTES,
    MOST_DOCUMENTS,
    MOST_DOCUMENTS_BYTES,
    RecordDocument,
)
from assay.worker.records.history import microseconds, moment_of
from assay.worker.records.storable import storable_text


class SqlRecordDocuments:
    """Keeps documents in the table beside the rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keep(self, document: RecordDocument) -> None:
        """Keep one. The same kind, key and moment again replaces it.

        Raises:
            ValueError: it is too large.
        """
        values = {
            "kind": storable_text(document.kind),
            "key": storable_text(document.key),
            "at": microseconds(document.at),
            "content": document_text(document),
        }
        await self._connection.write(lambda opened: opened.execute(_upsert(opened.dialect.name), values))

    async def latest(self, kind: str, key: str, *, until: datetime | None = None) -> RecordDocument | None:
        """The last one of a kind and key, up to a moment."""
        known = DOCUMENTS.c
        selection = select(DOCUMENTS).where(known.kind == storable_text(kind), known.key == storable_text(key))
        if until is not None:
            selection = selection.where(known.at <= microseconds(until))
        rows = await fetched(self._connection, selection.order_by(known.at.desc()).limit(1))
        return _document(rows[0]) if rows else None

    async def since(self, kind: str, since: datetime) -> Sequence[RecordDocument]:
        """The newest of a kind from a moment on, in the order of time."""
        known = DOCUMENTS.c
        of_kind = and_(known.kind == storable_text(kind), known.at >= microseconds(since))
        sizes = await fetched(
            self._connection,
            select(known.at, known.key, func.length(known.content))
            .where(of_kind)
            .order_by(known.at.desc(), known.key.desc())
            .limit(MOST_DOCUMENTS),
        )
        if not sizes:
            return []
        oldest = list(_fitting(sizes))[-1]
        newest = tuple_(known.at, known.key) >= tuple_(*oldest)
        rows = await fetched(self._connection, select(DOCUMENTS).where(of_kind, newest).order_by(known.at, known.key))
        return [_document(row) for row in rows]


def remove_documents(connection: sqlalchemy.Connection, before: int, limit: int) -> None:
    """Remove the oldest of before a moment, but for the last of each kind and key: it is in force."""
    known, later = DOCUMENTS.c, DOCUMENTS.alias("later")
    has_later = (
        select(later.c.at)
        .where(later.c.kind == known.kind, later.c.key == known.key, later.c.at > known.at)
        .correlate(DOCUMENTS)
        .exists()
    )
    oldest = select(known.kind, known.key, known.at).where(known.at < before, has_later).order_by(known.at).limit(limit)
    identity = [(kind, key, at) for kind, key, at in connection.execute(oldest)]
    for kind, key, at in identity:
        connection.execute(delete(DOCUMENTS).where(known.kind == kind, known.key == key, known.at == at))


def document_text(document: RecordDocument) -> str:
    """A document's content as JSON in plain ASCII. A number that is infinite, or none, is null.

    Raises:
        ValueError: it is too large.
    """
    try:
        text = json.dumps(document.content, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(document.content))
    if len(text) > MOST_DOCUMENT_BYTES:
        raise ValueError(
            f"document {document.kind} of {document.key}: {len(text):,} bytes; at most {MOST_DOCUMENT_BYTES:,} are kept"
        )
    return text


def _finite(value: JsonValue) -> JsonValue:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return value


def _fitting(sizes: Sequence[Sequence[Any]]) -> Iterator[tuple[int, str]]:
    """The newest whose contents come to no more than is read at once, and at least one."""
    total = 0
    for number, (at, key, size) in enumerate(sizes):
        total += size
        if number and total > MOST_DOCUMENTS_BYTES:
            return
        yield at, key


def _document(row: Sequence[Any]) -> RecordDocument:
    kind, key, at, content = row
    return RecordDocument(kind=kind, key=key, at=moment_of(at), content=_content(content))


def _content(text: str) -> JsonValue:
    """What a document holds. One that somebody cut short, or edited by hand, holds nothing."""
    try:
        content: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content


def _upsert(dialect: str) -> sqlalchemy.Executable:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(DOCUMENTS)
    known = DOCUMENTS.c
    return insert.on_conflict_do_update(
        index_elements=[known.kind, known.key, known.at], set_={"content": insert.excluded.content}
    )
