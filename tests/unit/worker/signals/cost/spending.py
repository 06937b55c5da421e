"""Traffic whose cost is known to the test, and the sample of it that the record has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.signals.cost.rows import CostRows, read_costs
from assay.worker.state.memory.history import memory_history

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""A Saturday."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVER = HistoryQuery(since=NOW - timedelta(days=90), until=NOW + timedelta(days=90))


def spent(number: int, cost_usd: float | None, **over: object) -> HistoryRow:
    """A trace that cost so much."""
    fields: dict[str, object] = {
        "store": "langfuse",
        "project": "p",
        "trace_id": f"t{number}",
        "rubric": "grounding",
        "rubric_hash": "h",
        "use_case": "bot",
        "window": "w",
        "pi": 1.0,
        "stratum": "base",
        "started_at": NOW - timedelta(hours=1),
        "selected_at": NOW,
        "state": "scored",
        "reason": "judged",
        "changed_at": NOW,
        "cost_usd": cost_usd,
    }
    return HistoryRow.model_validate({**fields, **over})


def day(moment: datetime) -> int:
    """The UTC day of a moment, since 1970."""
    return (moment - EPOCH).days


def cost_rows(rows: Sequence[HistoryRow], seen: Mapping[int, int] | None = None) -> CostRows:
    """Rows as they are read back from a record."""

    async def read() -> CostRows:
        record = memory_history()
        await record.writer.write(rows)
        return (await read_costs(record.reader, EVER)).rows(seen)

    return asyncio.run(read())


def days_of(costs: Callable[[datetime], float], first: datetime, until: datetime) -> list[HistoryRow]:
    """Four traces a day, at 3, 9, 15 and 21 o'clock, that come to what the day costs."""
    rows: list[HistoryRow] = []
    at = first
    while at < until:
        for hour in (3, 9, 15, 21):
            started = at + timedelta(hours=hour)
            if started < until:
                rows.append(spent(len(rows), costs(at) / 4, started_at=started))
        at += timedelta(days=1)
    return rows
