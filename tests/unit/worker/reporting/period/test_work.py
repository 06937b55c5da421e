"""How much a report does for each row, in calls of functions: seconds tell of the machine, too."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from assay.worker.history.opening import open_history
from assay.worker.ports.history import Block, History, HistoryReader
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.reporting.period.reading import PeriodReader
from tests.unit.worker.reporting.period.history_rows import START, a_row, record_of

MONTH = HistoryQuery(since=START - timedelta(days=21), until=START + timedelta(days=7))
SCREENING = {"phase2": False, "scores": {"hallucination_risk": 0.1}, "why": "passed", "pi2": 0.05}

KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "usual": lambda _: {"scores": {"label": "good"}},
    "scores": lambda number: {"scores": {"tone": number / 1e6}},
    "cascade": lambda number: {"screening": SCREENING | {"scores": {"hallucination_risk": number / 1e6}}},
    "versions": lambda number: {"prompt_version": f"v{number}"},
}
"""Rows whose report once took several times as long, or a time that grew with their square."""

MOST_CALLS: Mapping[str, float] = {"usual": 0.4, "scores": 12, "cascade": 6, "versions": 50}
"""For each further row: no more than half as many again as there were in November 2026.

Of usual rows there were none. How often the loop waits for a thread makes 0.15 of a call more or less.
"""


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, those of threads that begin meanwhile among them.

    Without those of the statistics' own: a continued fraction ends sooner or later, whatever the number of rows.
    """
    calls = 0

    def count(frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"} and "/statistics/" not in frame.f_code.co_filename

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return calls


def report_calls(path: Path, rows: Sequence[HistoryRow]) -> int:
    """Those of a report of a record in a file."""

    async def with_record(work: Callable[[History], Any]) -> None:
        history = open_history(None, path)
        try:
            await work(history)
        finally:
            await history.close()

    asyncio.run(with_record(lambda history: history.writer.write(rows)))
    report = lambda history: PeriodReader(history.reader, cuts={}).read(MONTH, compare=False)  # noqa: E731
    return calls_of(lambda: asyncio.run(with_record(report)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_further_row_takes_few_calls(tmp_path: Path, kind: str) -> None:
    rows = [a_row(number, **KINDS[kind](number)) for number in range(2_000)]
    report_calls(tmp_path / "first.db", rows[:100])  # what is made once is made here
    few = report_calls(tmp_path / "few.db", rows[:500])
    many = report_calls(tmp_path / "many.db", rows)
    assert (many - few) / 1_500 <= MOST_CALLS[kind]


class CountingReader:
    """A record that tells what it was asked for."""

    def __init__(self, reader: HistoryReader) -> None:
        self.reader = reader
        self.asked: list[str] = []

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        self.asked.append("blocks")
        async for block in self.reader.blocks(query, names):
            yield block

    async def counts(self, query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
        self.asked.append("counts")
        return await self.reader.counts(query)


def test_a_month_of_everything_is_read_once() -> None:
    async def run() -> list[str]:
        reader = CountingReader(await record_of(*(a_row(number, scores={"tone": 0.5}) for number in range(9))))
        await PeriodReader(reader, cuts={}).read(MONTH, compare=False)  # type: ignore[arg-type]  # what a report asks
        return reader.asked

    assert asyncio.run(run()) == ["blocks"]
