"""Which databases the record is written to: a new one gets all that the ledger has, two in turn are a mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from assay.judges.schema import Record
from assay.worker.ports.key_values import KeyValues

_KEY = "history:databases"
_TTL_S = 400 * 24 * 3600
_MOST = 20
"""Databases that are remembered: those that were written to last."""

SEEN_EVERY = timedelta(seconds=60)
"""How often it is noted that a database was written to."""

LATE_ENDS_AFTER = timedelta(hours=1)
"""After so long a new database gets once more all that ended: an older Assay, at work while the fleet is upgraded, ends
entries that nobody queues."""

IN_TURN_WITHIN = timedelta(days=1)
"""Two databases that were both written to within so long are written to in turn, unless one took the other's place."""


class HistoryDatabase(Record):
    """One database, by the id that it got when it was made.

    Attributes:
        first: when it was first written to.
        last: when it was last written to, to the minute.
        is_whole: whether it got all that older workers may have ended meanwhile.
    """

    identity: str
    first: AwareDatetime
    last: AwareDatetime
    is_whole: bool = False


_LIST = TypeAdapter(tuple[HistoryDatabase, ...])


@dataclass(frozen=True)
class HistoryDatabases:
    """The databases that were ever written to, for all processes."""

    key_values: KeyValues

    async def known(self) -> Sequence[HistoryDatabase]:
        """All of them, the one that was written to last first.

        Raises:
            StateUnavailable
        """
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        try:
            return _LIST.validate_json(raw) if raw else ()
        except ValidationError:  # of another version of Assay: as if it were not there
            return ()

    async def keep(self, database: HistoryDatabase) -> None:
        """Remember that a database was written to.

        Raises:
            StateUnavailable
        """
        others = [known for known in await self.known() if known.identity != database.identity]
        newest = sorted((database, *others), key=lambda known: known.last, reverse=True)[:_MOST]
        await self.key_values.keep(_KEY, _LIST.dump_json(tuple(newest)), ttl_s=_TTL_S, replace=True)


def written_in_turn(databases: Sequence[HistoryDatabase], now: datetime) -> int:
    """How many databases are written to in turn: 0, or at least 2. One that took another's place is not meant.

    Whoever takes another's place comes after its end. Of two in turn each is written to after the other began.
    """
    recent = [database for database in databases if now - database.last < IN_TURN_WITHIN]
    overlapping = [
        database for database in recent if any(other is not database and _overlap(database, other) for other in recent)
    ]
    return len(overlapping)


def _overlap(database: HistoryDatabase, other: HistoryDatabase) -> bool:
    return database.first < other.last - SEEN_EVERY and other.first < database.last - SEEN_EVERY
