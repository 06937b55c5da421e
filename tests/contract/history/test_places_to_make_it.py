"""What keeps a record from being made: doctor tells it before the first control worker does, and in its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.history.postgres_server import PostgresServer
from assay.worker.ports.history import History, HistoryUnavailable
from tests.contract.history.making import row, run_on, trace_ids
from tests.servers.postgres_server import PostgresProcess


def refuses(place: str, words: str) -> None:
    """Doctor says first what writing says then."""

    async def check(record: History) -> None:
        examined = await record.reader.examine()
        assert (examined.status, examined.is_configuration) == ("fail", True), examined
        with pytest.raises(ConfigurationError, match=words) as told:
            await record.writer.write([row()])
        assert str(told.value) == f"{examined.message}; {examined.remedy}"

    run_on(place, check)


def name_of(place: str) -> str:
    return place.rpartition("?")[0].rpartition("/")[2]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_name_is_told_at_the_first_connection(
    postgres: PostgresProcess, encoding: str
) -> None:
    name = f"e_{encoding.lower()}"
    postgres.run(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    refuses(postgres.url(name), f"/{name}: has the encoding {encoding}.*; make the database with ENCODING 'UTF8'")


def test_text_goes_as_utf8_whatever_the_client_would_take(postgres: PostgresProcess) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row("日本", tags=("日本",))])
        assert await trace_ids(record.reader) == ["日本"]

    run_on(f"{postgres.new_schema()}&client_encoding=sql_ascii", check)


def test_a_user_who_may_make_nothing_is_told(postgres: PostgresProcess) -> None:
    place = postgres.new_database()
    name = name_of(place)
    postgres.run(f"CREATE ROLE guest_{name} LOGIN", name)
    postgres.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC", name)
    refuses(postgres.url(name, f"guest_{name}"), "grant CREATE on the schema")


def test_a_schema_that_is_not_there_is_told(postgres: PostgresProcess) -> None:
    refuses(f"{postgres.url()}&options=-csearch_path%3Dnosuch", "has no such schema; create it")


@pytest.mark.parametrize("is_made", [False, True])
def test_a_database_that_only_reads_is_told(postgres: PostgresProcess, is_made: bool) -> None:
    place = postgres.new_database()

    async def make(record: History) -> None:
        await record.writer.write([row()])

    if is_made:
        run_on(place, make)
    postgres.run(f"ALTER DATABASE {name_of(place)} SET default_transaction_read_only = on")
    refuses(place, "is read-only; name the primary")


@pytest.mark.parametrize("table", ["history", "history_meta"])
def test_a_name_that_another_program_has_taken_is_told(place: str, table: str, tmp_path: Path) -> None:
    address = place.replace("postgresql:", "postgresql+psycopg:") if "://" in place else f"sqlite:///{place}"
    Path(tmp_path / "data").mkdir()
    engine = sqlalchemy.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"CREATE TABLE {table} (id INTEGER)"))
    engine.dispose()
    refuses(place, f"its table `{table}` is another program's; name a database or a schema of its own")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    async def check(record: History) -> None:
        examined = await record.reader.examine()
        assert (examined.status, examined.is_configuration) == ("fail", True)
        assert "ASSAY_DATA_DIR" in examined.remedy

    run_on(str(tmp_path / "file" / "history.db"), check)


def test_whatever_a_driver_fails_with_as_it_connects_is_told_of_the_place(
    postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise TypeError("secret-word")

    monkeypatch.setattr(PostgresServer, "_check_encoding", fails)

    async def check(record: History) -> None:
        for call in (record.writer.write([row()]), record.writer.identity(), record.reader.rows_of("t")):
            with pytest.raises(EvaluationError) as told:
                await call
            assert isinstance(told.value, HistoryUnavailable)
            assert "fails with TypeError" in str(told.value)
            assert "secret-word" not in f"{told.value!r}{told.value.__cause__!r}"
        assert (await record.reader.examine()).status == "fail"

    run_on(postgres.new_schema(), check)
