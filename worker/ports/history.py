"""The record as control workers write it, and as everything that tells of past traffic reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import AwareDatetime, JsonValue

from assay.judges.errors import EvaluationError
from assay.judges.schema import Record
from assay.worker.ports.health import Check
from assay.worker.ports.review_record import ReviewRecord
from assay.worker.records.columns import Column
from assay.worker.records.history import HistoryQuery, HistoryRow, UserOpinion

Block = Mapping[str, Column]
"""Some thousand rows as columns of one length, by name.

As a sequence a column has plain values, None for unknown; `floats`, `integers` and `coded` give arrays, without an
object for each value. Moments are whole microseconds since 1970 in UTC, e.g. `1795996800000000`. JSON is decoded.
"""


class HistoryUnavailable(EvaluationError):
    """The database cannot be reached, is locked or full. It may pass. One line names the place and the remedy."""


class HistoryWriter(Protocol):
    """The record as it is written.

    Raises (all methods):
        HistoryUnavailable: nothing was written.
        ConfigurationError: only a person can mend it: a file that cannot be written, no database.
    """

    async def write(self, rows: Sequence[HistoryRow]) -> None:
        """Write rows in one transaction. Writing a row again changes nothing; a later `changed_at` replaces it.

        What was read back from the store (`from_store`) replaces nothing that was judged here, and is left out where
        the trace has a row of its rubric, of whichever version, that was.
        """
        ...

    async def write_opinions(self, opinions: Sequence[UserOpinion]) -> None:
        """Write what users said in one transaction. Writing it again changes nothing; a later one replaces it."""
        ...

    async def prune(self, before: datetime, *, limit: int) -> int:
        """Remove up to `limit` rows of traces that started before a moment. Returns how many were removed.

        As many opinions and documents of before that moment go, too, but for the last document of a kind and key.
        """
        ...

    async def identity(self) -> str:
        """An id that this database got when it was made: another database has another."""
        ...


class HistoryReader(Protocol):
    """The record as it is read. Nothing here changes it.

    Raises (all methods):
        HistoryUnavailable, ConfigurationError
    """

    def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        """The columns of these names, in blocks, in the order of the traces' start (then trace id, then rubric).

        A name is a field of `HistoryRow`, or one of two that are worked out: `cluster`, the number of the row's
        session, as `cluster_of`; and `opinion`: 0.0 where a user complained of the trace, 1.0 where users had only
        other opinions, unknown where nobody had one.
        """
        ...

    async def rows_of(self, trace_id: str) -> Sequence[HistoryRow]:
        """All rows of one trace, the latest last."""
        ...

    async def counts(self, query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
        """Number of rows by (use case, rubric, state, reason)."""
        ...

    async def use_cases(self, query: HistoryQuery) -> Sequence[str]:
        """The use cases that have any of these rows, by name. It costs next to nothing, however many rows there are."""
        ...

    async def examine(self) -> Check:
        """What `assay doctor` tells: where the record is, how many rows, how old, which schema, or what is wrong."""
        ...


MOST_DOCUMENT_BYTES = 4_000_000
"""Of one document's content as JSON."""

MOST_DOCUMENTS = 1_000
MOST_DOCUMENTS_BYTES = 64_000_000
"""So many documents, and so much of them, are read at once."""


class RecordDocument(Record):
    """Something that was computed or captured, kept beside the rows: a drift check, a baseline.

    Attributes:
        kind: what it is, e.g. `drift_check`.
        key: what it is about, e.g. the use case.
        at: when. Of one kind and key the latest is in force.
        content: a JSON value of at most 4 MB. No text of a trace.
    """

    kind: str
    key: str
    at: AwareDatetime
    content: JsonValue


class RecordDocuments(Protocol):
    """What is kept beside the rows.

    Raises (all methods):
        HistoryUnavailable, ConfigurationError
    """

    async def keep(self, document: RecordDocument) -> None:
        """Keep one. The same kind, key and moment again replaces it.

        Raises:
            ValueError: its content is larger than 4 MB. The message names kind, key and size.
        """
        ...

    async def latest(self, kind: str, key: str, *, until: datetime | None = None) -> RecordDocument | None:
        """The last one of a kind and key, up to a moment."""
        ...

    async def since(self, kind: str, since: datetime) -> Sequence[RecordDocument]:
        """All of a kind from a moment on, in the order of time. Of very many the newest: 1,000, or 64 MB of them."""
        ...


@dataclass(frozen=True)
class History:
    """All sides of one database, and how to let go of it. Connections open at first use.

    `reviews` is what people were asked and said; None where it is not kept.
    """

    writer: HistoryWriter
    reader: HistoryReader
    connection: HistoryConnection
    documents: RecordDocuments
    reviews: ReviewRecord | None = None

    async def close(self) -> None:
        """Release connections."""
        await self.connection.close()


class HistoryConnection(Protocol):
    """What reader and writer share."""

    async def close(self) -> None:
        """Release connections; the next call would open them again."""
        ...
