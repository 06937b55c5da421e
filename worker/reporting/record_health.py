"""Whether the record keeps up with the ledger: for `assay status` and `assay doctor`."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime

from assay.judges.schema import Record
from assay.worker.flow.history_databases import HistoryDatabases, written_in_turn
from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.ports.ended_entries import EndedEntries
from assay.worker.ports.key_values import KeyValues

LATE_AFTER = timedelta(minutes=2)
"""A row that has not been written for so long is late: a restart of a control worker takes a minute."""


class RecordHealth(Record):
    """What waits for its row, and why.

    Attributes:
        waiting: ended entries without a row.
        since: when the one that has waited for longest ended.
        trouble: what the worker that writes was told last. Empty where it writes.
        trouble_since: since when no row is written.
        databases_in_turn: databases that are written to in turn: 0, or at least 2, which is a mistake.
        sentences: what a person has to look at.
    """

    waiting: int = 0
    since: AwareDatetime | None = None
    trouble: str = ""
    trouble_since: AwareDatetime | None = None
    databases_in_turn: int = 0
    sentences: tuple[str, ...] = ()

    @property
    def waiting_words(self) -> str:
        """How many wait, and since when: `12 ended entries wait for a row since 29 Nov 12:00 UTC`."""
        entries = "entry waits for its row" if self.waiting == 1 else "entries wait for a row"
        return f"{self.waiting:,} ended {entries}" + (f" since {self.since:%d %b %H:%M} UTC" if self.since else "")


async def read_record_health(ended: EndedEntries, key_values: KeyValues, now: datetime) -> RecordHealth:
    """How the writing of the record stands.

    Raises:
        StateUnavailable
    """
    waiting = await ended.unrecorded()
    trouble = await HistoryTroubles(key_values).present()
    health = RecordHealth(
        waiting=waiting.entries,
        since=waiting.oldest,
        trouble=trouble.message if trouble else "",
        trouble_since=trouble.since if trouble else None,
        databases_in_turn=written_in_turn(await HistoryDatabases(key_values).known(), now),
    )
    sentences = (_lag(health, now), in_turn_words(health.databases_in_turn))
    return health.model_copy(update={"sentences": tuple(sentence for sentence in sentences if sentence)})


def _lag(health: RecordHealth, now: datetime) -> str:
    """What waits and why. Empty where nothing is late."""
    is_late = health.since is not None and now - health.since > LATE_AFTER
    if not health.trouble and not is_late:
        return ""
    if health.trouble:
        return f"record: {health.waiting_words}: {health.trouble}; nothing is lost, and judging goes on"
    return f"record: {health.waiting_words}; see that a control worker runs, and its log"


def in_turn_words(databases: int) -> str:
    """What is wrong where machines write to databases of their own. Empty where none do."""
    if not databases:
        return ""
    return (
        f"record: {databases} databases are written to in turn, so each has a part of the rows; control workers on "
        "several machines need one PostgreSQL in ASSAY_DATABASE_URL"
    )
