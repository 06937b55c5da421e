"""Rows of the record for windows: read once, then gathered for each window that they lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from assay.judges.cpu_executor import in_thread
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.gathering import COLUMNS, Gathered
from assay.worker.signals.traffic import Bools
from assay.worker.signals.window_columns import READ, Rows, WindowColumns
from assay.worker.signals.windows import AHEAD, RECENT_LOOK, SPANS, recent_rows

NAMES = tuple(dict.fromkeys((*COLUMNS, *READ)))


class LongWindows:
    """Windows of days, gathered block by block as the record is read: no block stays in memory.

    Attributes:
        gathered: what rates are computed from, by window.
        columns: all rows, of the longest window and of what trends compare it with.
    """

    def __init__(self, names: Sequence[str], now: datetime) -> None:
        self.now = now
        self.gathered: Mapping[str, Gathered] = {name: Gathered() for name in names}
        self.columns = WindowColumns()

    def add(self, block: Block) -> None:
        """Take a block."""
        added = self.columns.add(block)
        for name, gathered in self.gathered.items():
            _gather(gathered, block, added.started(self.now - SPANS[name], self.now + AHEAD))


async def read_long(reader: HistoryReader, names: Sequence[str], now: datetime, use_case: str) -> LongWindows:
    """The windows of these names, of one use case.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    windows = LongWindows(names, now)
    since = now - max(SPANS[name] for name in names)
    query = HistoryQuery(since=since, until=now + AHEAD, use_cases=(use_case,))
    async for block in reader.blocks(query, NAMES):
        if len(block["cluster"]):
            await in_thread(windows.add, block)
    return windows


class Day:
    """All that started within the last day: what `24h` and `15m` are told from."""

    def __init__(self, blocks: Sequence[Block], now: datetime) -> None:
        self.now = now
        self._blocks = blocks
        self.columns = WindowColumns()
        for block in blocks:
            self.columns.add(block)
        self.rows: Rows = self.columns.joined()
        self.recent: Bools = self._recent()

    def gathered(self, rows: Bools | None = None) -> Gathered:
        """What the rates of some rows are computed from; None: of all."""
        gathered, at = Gathered(), 0
        for block in self._blocks:
            size = len(block["cluster"])
            _gather(gathered, block, np.ones(size, dtype=np.bool_) if rows is None else rows[at : at + size])
            at += size
        return gathered

    def _recent(self) -> Bools:
        """What lies in `15m`. What was read back from the store was judged long ago, and ended now all the same."""
        if not self.rows.size:
            return np.zeros(0, dtype=np.bool_)
        rows = self.rows
        judged = rows["scored"] & rows["counts"] & rows["ours"]
        is_recent: Bools = recent_rows(rows["series"], rows["changed_at"], judged, self.now) & rows["ours"]
        return is_recent


async def read_day(reader: HistoryReader, now: datetime) -> Day:
    """All rows of traces that started within the last day.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    query = HistoryQuery(since=now - RECENT_LOOK, until=now + AHEAD)
    blocks = [block async for block in reader.blocks(query, NAMES) if len(block["cluster"])]
    return await in_thread(Day, blocks, now)


def _gather(gathered: Gathered, block: Block, rows: Bools) -> None:
    at = np.flatnonzero(rows)
    if at.size:
        gathered.add(block, None, at)
