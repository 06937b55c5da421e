"""A database that is away, locked, full or wrong: one clear line within bounded time, and then it works again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy

from assay.judges.errors import ConfigurationError
from assay.worker.history import postgres_server
from assay.worker.history.connection import Connection
from assay.worker.history.places import RefusedRow
from assay.worker.ports.history import History, HistoryUnavailable
from tests.contract.history.making import open_place, row, run_on, trace_ids
from tests.servers.postgres_server import PostgresProcess

IN_THE_MIDDLE = """
import asyncio, sys, threading
from assay.worker.history.rows import parameters
from assay.worker.history.table import HISTORY
from tests.contract.history.making import open_place, row

async def main():
    record = open_place(sys.argv[1])
    def work(connection):
        connection.execute(HISTORY.insert(), [parameters(row(f"lost{n}")) for n in range(500)])
        print("inside", flush=True)
        threading.Event().wait()
    await record.connection.write(work)

asyncio.run(main())
"""

UNTIL_FULL = """
import asyncio, resource, sys
from assay.judges.errors import EvaluationError
from tests.contract.history.making import open_place, row, trace_ids

async def main():
    record = open_place(sys.argv[1])
    await record.writer.write([row("first")])
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    try:
        for batch in range(100):
            await record.writer.write([row(f"t{batch}-{n}", session_id="s" * 400) for n in range(300)])
    except EvaluationError as exc:
        print(type(exc).__name__, exc)
        print(len(await trace_ids(record.reader)) % 300)

asyncio.run(main())
"""


async def fails(record: History, expected: type[Exception], words: str) -> None:
    """Writing and reading both end in one line with these words."""
    with pytest.raises(expected, match=words) as writing:
        await record.writer.write([row()])
    assert "\n" not in str(writing.value)
    assert "secret-word" not in f"{writing.value!r} {writing.value.__cause__!r}"


async def answers(record: History) -> None:
    """It can be written and read."""
    await record.writer.write([row("after")])
    assert "after" in await trace_ids(record.reader)


def test_a_writer_that_is_killed_in_a_transaction_leaves_nothing_of_it(place: str) -> None:
    async def first(record: History) -> None:
        await record.writer.write([row("kept")])

    run_on(place, first)
    process = subprocess.Popen([sys.executable, "-c", IN_THE_MIDDLE, place], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()

    async def check(record: History) -> None:
        await record.writer.write([row("next")])
        assert await trace_ids(record.reader) == ["kept", "next"]

    run_on(place, check)


def test_a_server_that_is_away_is_told_and_comes_back_by_itself(postgres: PostgresProcess) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row()])
        await asyncio.to_thread(postgres.stop)
        try:
            began = time.monotonic()
            await fails(record, HistoryUnavailable, "^PostgreSQL .*: does not answer; check that it runs")
            with pytest.raises(HistoryUnavailable):
                await trace_ids(record.reader)
            examined = await record.reader.examine()
            assert (examined.status, examined.is_configuration) == ("fail", False)
            assert time.monotonic() - began < 60
        finally:
            await asyncio.to_thread(postgres.start)
        await answers(record)

    run_on(postgres.new_schema(), check)


def test_a_file_that_is_locked_is_told_and_works_again(tmp_path: Path) -> None:
    place = str(tmp_path / "history.db")

    async def check(record: History) -> None:
        await record.writer.write([row()])
        other = open_place(place)
        assert isinstance(other.connection, Connection)
        with other.connection.engine(writing=True).begin():
            await fails(record, HistoryUnavailable, "history.db: is locked by another process; find it with `fuser`")
            assert await trace_ids(record.reader) == ["t1"], "a reader never waits for a writer"
        await other.close()
        await answers(record)

    run_on(place, check, busy_timeout_s=0.2)


def test_a_lock_on_a_server_is_given_up_after_a_while(
    postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "STATEMENT_TIMEOUT_S", 1)
    place = postgres.new_schema()

    async def check(record: History) -> None:
        await record.writer.write([row()])
        engine = sqlalchemy.create_engine(place.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as other:
            other.execute(sqlalchemy.text("LOCK TABLE history"))
            await fails(record, HistoryUnavailable, "took longer than")
        engine.dispose()
        await answers(record)

    run_on(place, check)


def test_a_full_disk_is_told_and_loses_nothing_that_was_written(tmp_path: Path) -> None:
    place = str(tmp_path / "history.db")
    told = subprocess.run([sys.executable, "-c", UNTIL_FULL, place], capture_output=True, text=True, check=False)
    line, rest = told.stdout.splitlines()
    assert line.startswith(f"HistoryUnavailable {place}: ")
    assert "free some space" in line
    assert rest == "1", "the row of before, and whole batches"
    run_on(place, answers)


def test_a_file_that_can_only_be_read_is_read_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "history.db"

    async def first(record: History) -> None:
        await record.writer.write([row("kept")])

    run_on(str(path), first)
    with path.open("r+b") as file:
        # The header's write version: a number that SQLite does not know makes the file read-only, for root too.
        file.seek(18)
        file.write(b"\x09")

    async def check(record: History) -> None:
        await fails(record, ConfigurationError, "cannot be written; make it writable, or set ASSAY_DATA_DIR")

    run_on(str(path), check)


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is a text that is longer than a header. " * 100)
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "file").touch()

    async def check_text(record: History) -> None:
        await fails(record, ConfigurationError, "text.db: is not a SQLite database; move it away")
        examined = await record.reader.examine()
        assert (examined.status, examined.is_configuration, examined.remedy) == ("fail", True, "move it away")

    async def check_folder(record: History) -> None:
        await fails(record, ConfigurationError, "folder.db: cannot be opened; set ASSAY_DATA_DIR")

    async def check_below_a_file(record: History) -> None:
        await fails(record, ConfigurationError, "file/history.db: .*; set ASSAY_DATA_DIR")

    run_on(str(tmp_path / "text.db"), check_text)
    run_on(str(tmp_path / "folder.db"), check_folder)
    run_on(str(tmp_path / "file" / "history.db"), check_below_a_file)


def test_only_the_owner_may_read_the_file_and_reading_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history.db"

    async def check(record: History) -> None:
        assert await trace_ids(record.reader) == []
        assert "no record yet" in (await record.reader.examine()).message
        assert not path.parent.exists()
        await record.writer.write([row()])
        rights = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        assert set(rights.values()) == {0o600}, rights
        assert path.parent.stat().st_mode & 0o777 == 0o700

    old = os.umask(0)
    try:
        run_on(str(path), check)
    finally:
        os.umask(old)


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "history.db"

    async def check(record: History) -> None:
        await record.writer.write([row("old")])
        identity = await record.writer.identity()
        assert await trace_ids(record.reader) == ["old"]
        for file in tmp_path.glob("history.db*"):
            file.rename(tmp_path / f"moved-{file.name}")
        assert await trace_ids(record.reader) == []
        await record.writer.write([row("new")])
        assert await trace_ids(record.reader) == ["new"]
        assert await record.writer.identity() != identity

    run_on(str(path), check)


def test_a_wrong_address_is_told_without_its_password(postgres: PostgresProcess) -> None:
    place = postgres.new_database()
    name = place.rpartition("?")[0].rpartition("/")[2]
    elsewhere = place.rpartition("host=")[0] + "host=127.0.0.1&port=1"

    for address, words, expected in (
        (place.replace(f"/{name}", "/nobody"), "has no such database; create it, or correct", ConfigurationError),
        (place.replace("postgres:secret", "nobody:secret"), "refuses the login; check user", ConfigurationError),
        (elsewhere, "127.0.0.1.*does not answer", HistoryUnavailable),
    ):

        async def refused(record: History, words: str = words, expected: type[Exception] = expected) -> None:
            await fails(record, expected, words)

        run_on(address, refused)


def test_a_server_without_tls_is_told_where_the_address_asks_for_it() -> None:
    def refuse(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(8)
                    connection.sendall(b"N")  # how a server refuses TLS

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse, args=(listening,))
        thread.start()

        async def check(record: History) -> None:
            await fails(record, ConfigurationError, "127.0.0.1:.*: no TLS; check sslmode and certificates")

        port = listening.getsockname()[1]
        run_on(f"postgresql://u:secret-word@127.0.0.1:{port}/d?sslmode=require", check)
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_user_who_may_only_read_reads(postgres: PostgresProcess) -> None:
    place = postgres.new_database()
    name = place.rpartition("?")[0].rpartition("/")[2]
    run_on(place, answers)
    reader = f"reader_{name}"
    postgres.run(f"CREATE ROLE {reader} LOGIN", name)
    postgres.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}", name)

    async def check(record: History) -> None:
        assert await trace_ids(record.reader) == ["after"]
        await fails(record, ConfigurationError, "does not let the user make or write the record; grant")
        examined = await record.reader.examine()
        assert (examined.status, examined.is_configuration) == ("fail", True)

    run_on(postgres.url(name, reader), check)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://u:secret-word@h/d", "is no address of a PostgreSQL database"),
        ("secret-word", "is no address of a PostgreSQL database"),
        ("postgresql://u:secret-word@h:port/d", "cannot be read; .* percent-encode the password"),
    ],
)
def test_what_is_no_address_is_refused_at_once(address: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        open_place(address if "://" in address else f"x://{address}")
    assert "secret-word" not in repr(refused.value)


def test_a_missing_driver_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'assay-fleet\[postgres\]'"):
        open_place("postgresql://u:secret-word@h/d")


def refuses_row(place: str, statement: str) -> None:
    """A statement that the database refuses for what it holds. That is not told, and others are taken."""

    async def check(record: History) -> None:
        assert isinstance(record.connection, Connection)
        with pytest.raises(RefusedRow, match="refuses what a row holds") as refused:
            await record.connection.write(lambda connection: connection.execute(sqlalchemy.text(statement)))
        assert "geheim" not in f"{refused.value}{refused.value.__cause__!r}"
        await answers(record)

    run_on(place, check)


def test_a_row_that_the_database_refuses_is_told_apart_from_a_database_that_is_away(place: str) -> None:
    """Else one row would keep all others from being written."""
    refuses_row(place, "INSERT INTO history_meta (name, value) VALUES ('identity', 'geheim')")


def test_a_value_that_a_server_cannot_read_is_told_apart_too(postgres: PostgresProcess) -> None:
    refuses_row(postgres.new_schema(), "SELECT CAST('geheim' AS integer)")
