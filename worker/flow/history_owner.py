"""Whose record a database holds: one database is for one fleet. Two would count each other's traffic, and retention of
one would remove the rows of the other.

Each fleet leaves a document beside the rows that says since when it writes, and for which projects. Where another one
was there first, and still writes, what ended here waits, and `assay status` and `assay doctor` say so.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, ValidationError

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.history import RecordDocument, RecordDocuments
from assay.worker.ports.key_values import KeyValues

KIND = "fleet"
"""Of the documents."""

GONE_AFTER = timedelta(days=1)
"""A fleet that has not written for so long is gone, and another one may have its database."""

CHECK_EVERY_S = 300

_ID_KEY = "history:fleet"
_CHECKED_KEY = "history:owner_checked"
_TTL_S = 400 * 24 * 3600
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Fleet(Record):
    """A fleet that writes.

    Attributes:
        id: made once in each state, so that a fleet whose state was lost has another one.
        first: since when it writes to this database.
        last: when it last did, to some minutes.
        projects: what its trace stores call the projects that it judges.
    """

    id: str
    first: AwareDatetime
    last: AwareDatetime
    projects: tuple[str, ...]

    def is_other(self, own: Fleet) -> bool:
        """Whether it is another fleet: of another state, and about other traffic."""
        return self.id != own.id and not set(self.projects) & set(own.projects)


@dataclass(frozen=True)
class HistoryOwner:
    """Keeps two fleets out of one database."""

    documents: RecordDocuments
    key_values: KeyValues

    async def check(self, projects: Collection[str], now: datetime) -> None:
        """Say that this fleet writes, unless another one does.

        Args:
            projects: those of this fleet's stores that answer.
            now: the current moment.

        Raises:
            ConfigurationError: the database is another fleet's.
            HistoryUnavailable, StateUnavailable
        """
        checked = ",".join(sorted(projects)).encode()
        if (await self.key_values.kept([_CHECKED_KEY])).get(_CHECKED_KEY) == checked:
            return
        fleets = await self._fleets()
        own = await self._own(projects, fleets, now)
        other = next((each for each in fleets if each.is_other(own) and _is_before(each, own, now)), None)
        if other is not None:
            raise ConfigurationError(
                f"the record's database is another fleet's: of project {', '.join(other.projects)}, written to at "
                f"{other.last:%Y-%m-%d %H:%M} UTC; give this fleet a database of its own, or a schema with "
                "`?options=-csearch_path%3DNAME` in ASSAY_DATABASE_URL; if that fleet is gone, this one has it from "
                f"{other.last + GONE_AFTER:%Y-%m-%d %H:%M} on"
            )
        document = RecordDocument(kind=KIND, key=own.id, at=own.first, content=own.model_dump(mode="json"))
        await self.documents.keep(document)
        await self.key_values.keep(_CHECKED_KEY, checked, ttl_s=CHECK_EVERY_S, replace=True)

    async def _own(self, projects: Collection[str], fleets: Sequence[Fleet], now: datetime) -> Fleet:
        """This fleet, as it is to be written down."""
        fleet_id = (await self.key_values.keep(_ID_KEY, uuid.uuid4().hex.encode(), ttl_s=_TTL_S)).decode()
        # Who is new comes after all that are there, whatever its clock says.
        after = max((each.first + timedelta(microseconds=1) for each in fleets), default=now)
        first = next((each.first for each in fleets if each.id == fleet_id), max(now, after))
        return Fleet(id=fleet_id, first=first, last=now, projects=tuple(sorted(projects)))

    async def _fleets(self) -> list[Fleet]:
        """Those that ever wrote, who came first in front."""
        fleets = []
        for document in await self.documents.since(KIND, _BEGINNING):
            try:
                fleets.append(Fleet.model_validate(document.content, extra="ignore"))
            except ValidationError:  # of another version of Assay: as if it were not there
                continue
        return sorted(fleets, key=lambda fleet: (fleet.first, fleet.id))


def _is_before(other: Fleet, own: Fleet, now: datetime) -> bool:
    """Whether the database is the other's: it came first, and is not gone."""
    return (other.first, other.id) < (own.first, own.id) and now - other.last < GONE_AFTER
