"""A database of the first format, with rows, becomes one of the present: nothing is lost, nothing reads otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy
from alembic import command
from sqlalchemy import MetaData, Table, text

from assay.worker.history import schema
from assay.worker.history.connection import Connection
from assay.worker.history.rows import parameters
from assay.worker.ports.history import History, HistoryUnavailable
from assay.worker.records.history import HistoryRow, UserOpinion
from assay.worker.records.history_columns import COLUMN_KINDS
from tests.contract.history.making import NOW, columns, full_row, row, run_on
from tests.servers.postgres_server import PostgresProcess

NEW = (
    *("question_chars", "answer_chars", "question_language", "answer_language", "question_vector"),
    *("answer_vector", "vectors_from", "feature", "user_tier", "upstream_pi"),
)
"""Columns of later formats."""

OLD_ROWS = [
    full_row("full").model_copy(update=dict.fromkeys(NEW)),
    *(row(f"t{n}", started_at=NOW + timedelta(minutes=n), risk=n / 10, input_tokens=n) for n in range(1, 6)),
]


def make_first_format(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database as the first format's writer left it."""

    def make(opened: sqlalchemy.Connection) -> None:
        table = Table("history", MetaData(), autoload_with=opened)
        assert not set(NEW) & {column.name for column in table.columns}
        opened.execute(table.insert(), [_of_first_format(each) for each in OLD_ROWS])

    async def check(record: History) -> None:
        assert isinstance(record.connection, Connection)
        await record.connection.write(make)

    upgrade = command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(schema, "KNOWN", ("v001",))
        patched.setattr(command, "upgrade", lambda config, _: upgrade(config, "v001"))
        run_on(place, check)


def _of_first_format(written: HistoryRow) -> dict[str, object]:
    return {name: value for name, value in parameters(written).items() if name not in NEW}


def test_rows_of_the_first_format_read_the_same_after_the_upgrade(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_first_format(place, monkeypatch)

    async def before(record: History) -> None:
        with pytest.raises(HistoryUnavailable, match=r"format v001, and this Assay reads v003; start a control worker"):
            await record.reader.rows_of("full")

    async def after(record: History) -> None:
        new = row("new", started_at=NOW + timedelta(hours=1), feature="search", question_chars=40)
        await record.writer.write([new])
        assert list(await record.reader.rows_of("full")) == [OLD_ROWS[0]]
        assert list(await record.reader.rows_of("new")) == [new]
        whole = await columns(record.reader, tuple(COLUMN_KINDS))
        assert whole["trace_id"] == ["full", "t1", "t2", "t3", "t4", "t5", "new"]
        assert whole["risk"] == [1 / 3, 0.1, 0.2, 0.3, 0.4, 0.5, None]
        assert whole["input_tokens"] == [OLD_ROWS[0].input_tokens, 1, 2, 3, 4, 5, None]
        assert whole["tier"] == ["tier ü", *[None] * 6]
        assert whole["feature"] == [*[None] * 6, "search"]
        assert whole["question_chars"] == [*[None] * 6, 40]
        examined = await record.reader.examine()
        assert (examined.status, examined.details["format"], examined.details["rows"]) == ("ok", "v003", 7)

    run_on(place, before)
    run_on(place, after)


def test_an_old_row_is_replaced_and_pruned_as_any_other(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_first_format(place, monkeypatch)

    async def check(record: History) -> None:
        later = row("t1", started_at=NOW + timedelta(minutes=1), changed_at=NOW + timedelta(days=1), user_tier="pro")
        await record.writer.write([later])
        assert list(await record.reader.rows_of("t1")) == [later]
        opinion = UserOpinion(store="langfuse", project="p", trace_id="t2", name="thumb", is_complaint=True, at=NOW)
        await record.writer.write_opinions([opinion])
        told = await columns(record.reader, ["trace_id", "opinion"])
        assert dict(zip(told["trace_id"], told["opinion"], strict=True))["t2"] == 0.0
        assert await record.writer.prune(NOW + timedelta(minutes=3), limit=10) == 3

    run_on(place, check)


def test_no_row_is_rewritten_by_the_upgrade(postgres: PostgresProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding a column that may be unknown is a change of the catalogue alone, however many rows there are.

    SQLite keeps no number of a row's version. There 400,000 rows took 0.04 s.
    """
    place = postgres.new_schema()
    make_first_format(place, monkeypatch)
    asked = text("SELECT pg_relation_filenode('history'), max(xmin::text::bigint) FROM history")

    async def check(record: History) -> None:
        assert isinstance(record.connection, Connection)
        with record.connection.engine(writing=True).connect() as opened:
            before = opened.execute(asked).one()
        await record.writer.identity()
        with record.connection.engine(writing=True).connect() as opened:
            assert tuple(opened.execute(asked).one()) == tuple(before)

    run_on(place, check)
