"""The tables are made and changed by whoever writes first, once, and never behind a newer Assay's back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from assay.judges.errors import ConfigurationError
from assay.worker.history import schema
from assay.worker.history.connection import Connection
from assay.worker.history.table import METADATA
from assay.worker.ports.history import History, HistoryUnavailable
from tests.contract.history.making import row, run_on, trace_ids

LAST = schema.KNOWN[-1]

FIRST_WRITER = """
import asyncio, sys
from tests.contract.history.making import open_place, row

async def main():
    record = open_place(sys.argv[1], busy_timeout_s=60)
    sys.stdin.readline()
    await record.writer.write([row(sys.argv[2])])
    print(await record.writer.identity())
    await record.close()

print("ready", flush=True)
asyncio.run(main())
"""


def change(place: str, sql: str) -> None:
    async def check(record: History) -> None:
        assert isinstance(record.connection, Connection)
        await record.connection.write(lambda connection: connection.execute(text(sql)))

    run_on(place, check)


def test_the_migrations_make_the_tables_that_the_code_uses(place: str) -> None:
    async def check(record: History) -> None:
        await record.writer.identity()
        assert isinstance(record.connection, Connection)
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        differences = await record.connection.write(
            lambda opened: compare_metadata(MigrationContext.configure(opened, opts=options), METADATA)
        )
        assert differences == []

    run_on(place, check)


def test_the_known_formats_are_those_of_the_migrations() -> None:
    scripts = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(schema.KNOWN)


def test_several_processes_that_write_first_make_the_tables_once(place: str) -> None:
    command = [sys.executable, "-c", FIRST_WRITER, place]
    pipe = subprocess.PIPE
    writers = [subprocess.Popen([*command, f"t{n}"], stdin=pipe, stdout=pipe, stderr=pipe, text=True) for n in range(3)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    told = [writer.communicate() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0], told
    assert len({out for out, _ in told}) == 1

    async def check(record: History) -> None:
        assert await trace_ids(record.reader) == ["t0", "t1", "t2"]

    run_on(place, check)


def test_a_newer_format_is_left_alone(place: str) -> None:
    change(place, f"UPDATE {schema.VERSION_TABLE} SET version_num = 'v999'")

    async def check(record: History) -> None:
        with pytest.raises(ConfigurationError, match=r"newer Assay \(format v999.*upgrade assay-fleet"):
            await record.writer.write([row()])
        with pytest.raises(ConfigurationError, match="newer Assay"):
            await record.reader.rows_of("t1")
        with pytest.raises(ConfigurationError, match="newer Assay"):
            await trace_ids(record.reader)
        examined = await record.reader.examine()
        assert (examined.status, examined.is_configuration) == ("fail", True)
        assert examined.remedy == "upgrade assay-fleet here too"

    run_on(place, check)


def test_an_earlier_format_is_not_read_until_a_writer_has_changed_it(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(place, "SELECT 1")
    monkeypatch.setattr(schema, "KNOWN", (*schema.KNOWN, "v999"))

    async def check(record: History) -> None:
        with pytest.raises(
            HistoryUnavailable, match=f"format {LAST}, and this Assay reads v999; start a control worker"
        ):
            await record.reader.rows_of("t1")

    run_on(place, check)


def test_another_programs_table_is_left_alone(place: str) -> None:
    change(place, f"DROP TABLE {schema.VERSION_TABLE}")

    async def check(record: History) -> None:
        with pytest.raises(ConfigurationError, match="its table `history` is another program's"):
            await record.writer.write([row()])

    run_on(place, check)
