"""Rows of the record for tests of what is read from it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.worker.ports.history import HistoryReader
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import Fact, PeriodReport
from assay.worker.state.memory.history import memory_history

START = datetime(2026, 11, 23, tzinfo=UTC)
REVISION = "904b364ef0f5" + "0" * 52


def a_row(number: int, **fields: Any) -> HistoryRow:
    """A judged answer of a bot."""
    start = fields.pop("started_at", START + timedelta(hours=number % 168))
    usual: dict[str, Any] = {
        "store": "sqlite",
        "project": "p1",
        "trace_id": f"trace-{number}",
        "rubric": "grounding",
        "rubric_hash": "r" * 64,
        "calibration_hash": "c" * 64,
        "use_case": "bot",
        "window": "w1",
        "pi": 0.1,
        "stratum": "base",
        "started_at": start,
        "ended_at": start + timedelta(seconds=2),
        "selected_at": start + timedelta(minutes=5),
        "changed_at": start + timedelta(minutes=6),
        "prompt_name": "answer",
        "prompt_version": "11",
        "model_served": "gpt-4o",
        "environment": "production",
        "duration_s": 2.0,
        "first_token_s": 0.5,
        "input_tokens": 900,
        "output_tokens": 100,
        "cost_usd": 0.002,
        "state": "scored",
        "reason": "judged",
        "revision": REVISION,
        "judge": "local",
        "tier": "screen",
        "risk": 0.1,
        "faithfulness": 1.0,
        "groundedness": 0.9,
        "calibrated": True,
        "judge_calls": 0,
        "judge_cost_usd": 0.0,
    }
    return HistoryRow(**(usual | fields))


def a_week(n: int, *, seed: int = 1, start: datetime = START, first: int = 0, **fields: Any) -> Iterator[HistoryRow]:
    """Answers of seven days, of which one in six has a high risk, one in twenty refuses and one in thirty is dead."""
    chance = random.Random(seed)
    for number in range(first, first + n):
        at = start + timedelta(seconds=chance.uniform(0, 7 * 86_400))
        risk = chance.betavariate(5, 2) if chance.random() < 1 / 6 else chance.betavariate(1, 12)
        version = chance.choice(("11", "11", "12"))
        more: dict[str, Any] = {
            "started_at": at,
            "session_id": f"s{number // 3}",
            "risk": risk,
            "groundedness": round(1 - risk, 1),
            "faithfulness": round(1 - risk / 2, 1),
            "prompt_version": version,
            "duration_s": chance.lognormvariate(0.5, 0.5),
            "first_token_s": chance.lognormvariate(-0.9, 0.4),
            "input_tokens": (tokens := chance.randint(700, 1_100)),
            "cost_usd": 2e-6 * tokens,
            "release": "v42" if at > start + timedelta(days=4) else "v41",
        }
        if chance.random() < 1 / 20:
            more |= {"reason": "refusal", "risk": None, "groundedness": None, "faithfulness": None}
        if chance.random() < 1 / 30:
            more |= {"state": "dead", "reason": "judge_error", "revision": None, "risk": None, "judge": None}
        yield a_row(number, **(more | fields))


WEEK = HistoryQuery(since=START, until=START + timedelta(days=7))


async def record_of(*rows: HistoryRow) -> HistoryReader:
    """A record that holds these rows."""
    history = memory_history()
    await history.writer.write(rows)
    return history.reader


def read(*rows: HistoryRow, by: Fact | None = None, **reader: Any) -> PeriodReport:
    """The report of the week of `START`."""

    async def run() -> PeriodReport:
        return await PeriodReader(await record_of(*rows), cuts={}, **reader).read(WEEK, by=by)

    return asyncio.run(run())
