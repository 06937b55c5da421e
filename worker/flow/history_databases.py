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
"""How long it is remembered that a database came back."""

IN_TURN_FROM = 4
"""So many returns within that time are no person who restores a file: keepers of two databases take turns all day."""


class HistoryDatabase(Record):
    """One database, by the id that it got when it was made.

    Attributes:
        first: when it was first written to.
        last: when it was last written to, to the minute.
        is_whole: whether it got all that older workers may have ended meanwhile.
        returns: when it was written to again after another database, the last few times.
    """

    identity: str
    first: AwareDatetime
    last: AwareDatetime
    is_whole: bool = False
    returns: tuple[AwareDatetime, ...] = ()

    def returned(self, now: datetime) -> HistoryDatabase:
        """The same after it took the place of another one again."""
        return self.model_copy(update={"returns": (*self.returns, now)[-IN_TURN_FROM:]})


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
            return _LIST.validate_json(raw, extra="ignore") if raw else ()
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
    """How many databases are written to in turn: 0, or at least 2.

    One that took another's place is not meant, nor one that was put back: a person does that once, and it stays.
    """
    returns = [sum(now - moment < IN_TURN_WITHIN for moment in database.returns) for database in databases]
    came_back = sum(count > 0 for count in returns)
    return came_back if came_back > 1 and sum(returns) >= IN_TURN_FROM else 0
