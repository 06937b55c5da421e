"""What the funnel counts: from the ledger, and from the record for days before a ledger that was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from assay.judges.errors import ConfigurationError
from assay.worker.ports.history import HistoryReader, HistoryUnavailable
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.windows import Windows
from assay.worker.records.history import HistoryQuery
from assay.worker.records.ledger import FINAL_STATES, LedgerState

_Ends = Mapping[tuple[str, str, LedgerState, str], int]
"""Entries by use case, rubric, state and reason."""


class FunnelCounts(NamedTuple):
    """What became of what was selected.

    Attributes:
        ends: entries by use case, rubric, state and reason.
        promised: all that was ever selected, by use case and rubric.
        record_until: days before this one are the record's. None: all are the ledger's.
    """

    ends: _Ends
    promised: Mapping[tuple[str, str], int]
    record_until: date | None = None


async def read_counts(
    ledger: LedgerReader, windows: Windows, first: date, last: date, *, record: HistoryReader | None
) -> FunnelCounts:
    """The counts of traces that started on these UTC days, both included.

    Raises:
        StateUnavailable
    """
    own = FunnelCounts(await ledger.counts(first, last), await ledger.promised(first, last))
    begins = await _begin_of(windows, first, last)
    if record is None or begins == first:
        return own
    earlier = await _recorded(record, first, begins)
    before = begins - timedelta(days=1)
    known = await ledger.counts(first, before)
    if sum(earlier.values()) <= sum(n for key, n in known.items() if key[2] in FINAL_STATES):
        return own  # what was backfilled, at most: the ledger has all of it, and what is on its way
    on_its_way = Counter({key: n for key, n in known.items() if key[2] not in FINAL_STATES})
    promised = Counter(await ledger.promised(begins, last))
    for (use_case, rubric, _, _), n in (on_its_way + Counter(earlier)).items():
        promised[use_case, rubric] += n
    ends = Counter(await ledger.counts(begins, last)) + on_its_way + Counter(earlier)
    return FunnelCounts(ends, promised, begins)


async def _begin_of(windows: Windows, first: date, last: date) -> date:
    """The first of these days that the sweeps of this ledger know; the day after the last where they know none."""
    epoch, after = await windows.known_epoch(), last + timedelta(days=1)
    return after if epoch is None else min(after, max(first, epoch.astimezone(UTC).date()))


async def _recorded(record: HistoryReader, first: date, until: date) -> _Ends:
    """How traces of the days before ended, out of the record. Empty where it does not answer."""
    query = HistoryQuery(since=datetime.combine(first, time(), UTC), until=datetime.combine(until, time(), UTC))
    try:
        counts = await record.counts(query)
    except (HistoryUnavailable, ConfigurationError):  # told by those who write it
        return {}
    return {(case, rubric, LedgerState(state), reason): n for (case, rubric, state, reason), n in counts.items()}
