"""The row that was written last: where the database has lost it, it was restored from a backup, or lost its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime, ValidationError

from assay.judges.schema import Record
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.key_values import KeyValues
from assay.worker.records.history import HistoryRow

_KEY = "history:last_row"
_TTL_S = 400 * 24 * 3600
_LONGEST_ID = 200
"""A longer id is cut in the database, so another row is noted."""


class LastRow(Record):
    """What is remembered of it.

    Attributes:
        identity: the database that took it.
        changed_at: when its entry ended. A later row of the same trace and rubric does as well.
        started_at: retention goes by it.
    """

    identity: str
    trace_id: str
    rubric: str
    changed_at: AwareDatetime
    started_at: AwareDatetime


@dataclass(frozen=True)
class HistoryLastRow:
    """Remembers it for all processes, in the state. A database cannot know by itself what it has lost."""

    key_values: KeyValues
    reader: HistoryReader

    async def note(self, identity: str, rows: Sequence[HistoryRow]) -> None:
        """Remember one of the rows that were written just now.

        Raises:
            StateUnavailable
        """
        # What the store told again may be left out, and a name that is cleaned is looked for in vain.
        plain = [row for row in rows if not row.from_store and row.trace_id.isprintable()]
        latest = max(
            (row for row in plain if len(row.trace_id) < _LONGEST_ID), key=lambda row: row.changed_at, default=None
        )
        if latest is not None:
            row = LastRow(
                identity=identity,
                trace_id=latest.trace_id,
                rubric=latest.rubric,
                changed_at=latest.changed_at,
                started_at=latest.started_at,
            )
            await self._keep(row.model_dump_json().encode())

    async def forget(self) -> None:
        """It was missing, and what Redis still has of all rows is written again.

        Raises:
            StateUnavailable
        """
        await self._keep(b"")

    async def noted(self) -> LastRow | None:
        """The row that was written last, whichever database took it. None: nobody knows.

        Raises:
            StateUnavailable
        """
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        try:
            return LastRow.model_validate_json(raw, extra="ignore") if raw else None
        except ValidationError:  # of another version of Assay: as if it were not there
            return None

    async def is_missing(self, row: LastRow, kept_since: datetime) -> bool:
        """Whether the database has lost it. One that retention may have removed is not missed.

        Raises:
            HistoryUnavailable, ConfigurationError
        """
        if row.started_at < kept_since:
            return False
        there = await self.reader.rows_of(row.trace_id)
        return not any(each.rubric == row.rubric and each.changed_at >= row.changed_at for each in there)

    async def _keep(self, value: bytes) -> None:
        await self.key_values.keep(_KEY, value, ttl_s=_TTL_S, replace=True)
