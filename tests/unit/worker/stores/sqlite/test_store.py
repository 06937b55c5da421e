"""What is SQLite's own about the embedded store: the file, its errors, its locks."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.ports.source import Fetched
from assay.worker.ports.store import StoreContext
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import Tokens, Trace, TraceKey
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.sqlite.factory import FACTORY, SqliteSection, SqliteVariables
from assay.worker.stores.sqlite.schema import APPLICATION_ID, MIGRATIONS
from assay.worker.stores.sqlite.store import SqliteStore
from tests.contract.own_data import OwnData
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[5]
MINE = OwnData(run="0" * 16, noon=datetime(2026, 11, 21, 12, tzinfo=UTC))
NOON, trace, score, key, tid = MINE.noon, MINE.trace, MINE.score, MINE.key, MINE.tid


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def create(path: Path) -> str:
    async def run() -> str:
        store = SqliteStore(path)
        project = await store.project_id()
        await store.add_traces([trace(1), trace(2)])
        await store.write_scores([score()])
        await store.close()
        return project

    return asyncio.run(run())


def failure(path: Path, *, busy_timeout_s: float = 0.1) -> EvaluationError:
    """The error that using the file ends with, by reading and by writing alike."""

    async def run() -> list[EvaluationError]:
        store = SqliteStore(path, busy_timeout_s=busy_timeout_s)
        errors = []
        for call in (store.project_id, lambda: store.write_scores([score()]), lambda: store.add_traces([trace(1)])):
            with pytest.raises(EvaluationError) as caught:
                await call()
            errors.append(caught.value)
        await store.close()
        return errors

    errors = asyncio.run(run())
    assert len({(type(one), str(one)) for one in errors}) == 1
    assert "\n" not in str(errors[0])
    assert str(path) in str(errors[0])
    return errors[0]


def test_opened_store_makes_no_file_before_its_first_call(path: Path) -> None:
    context = StoreContext(home=path.parent, data_dir=path.parent, limits=MemoryLimits(), embedded_kind="sqlite")
    store = FACTORY.open(SqliteSection(path=Path(path.name)), SqliteVariables(), context)
    assert isinstance(store, SqliteStore)
    assert store.path == path
    assert not path.exists()
    assert not FACTORY.may_hold_traces(SqliteSection(path=Path(path.name)), context)


def test_file_that_is_no_database_is_left_alone(path: Path) -> None:
    path.write_text("my thesis\n" * 100)
    error = failure(path)
    assert isinstance(error, ConfigurationError)
    assert "is not a SQLite database; move it away" in str(error)
    assert path.read_text() == "my thesis\n" * 100


def test_database_of_another_program_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE traces (id)")
        connection.commit()
    before = path.read_bytes()
    error = failure(path)
    assert isinstance(error, ConfigurationError)
    assert "another program's" in str(error)
    assert path.read_bytes() == before


def test_database_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    """A model call that was stored before tokens were kept says nothing of them; a new one does."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("INSERT INTO meta VALUES ('project_id', 'p')")
        moment = "2026-11-21T12:00:00.000000Z"
        connection.execute(
            "INSERT INTO traces VALUES ('old', 'o', '', 'e', ?, NULL, 'DEFAULT', '', '', '', '', '[]', '{}', '1', '2')",
            (moment,),
        )
        connection.execute(
            "INSERT INTO observations VALUES ('old', 0, 's', 'generation', '', 'o', ?, NULL, 'DEFAULT', 'm', '{}', '1',"
            " '2')",
            (moment,),
        )
    new = trace(1)
    paid = new.observations[1].model_copy(update={"usage": Tokens(input=3), "cost_usd": 0.5})
    new = new.model_copy(update={"observations": (new.observations[0], paid)})

    async def run() -> tuple[Fetched, Fetched]:
        store = SqliteStore(path)
        assert await store.project_id() == "p"
        await store.add_traces([new])
        found = await store.fetch_traces([key(1), TraceKey(trace_id="old", start=NOON)])
        await store.close()
        return found["old"], found[tid(1)]

    old, added = asyncio.run(run())
    assert isinstance(old, Trace)
    assert (old.observations[0].usage, old.observations[0].cost_usd, old.observations[0].first_token) == (None,) * 3
    assert added == new


def test_database_of_a_newer_version_is_left_alone(path: Path) -> None:
    create(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    error = failure(path)
    assert isinstance(error, ConfigurationError)
    assert "newer Assay" in str(error)


def test_damaged_database_names_the_remedy(path: Path) -> None:
    create(path)
    content = bytearray(path.read_bytes())
    content[100:] = b"\x5a" * (len(content) - 100)
    path.write_bytes(content)
    error = failure(path)
    assert isinstance(error, ConfigurationError)
    assert "damaged; restore it from a backup" in str(error)


@pytest.mark.parametrize("where", ["directory", "below a file", "no such device"])
def test_path_that_cannot_be_opened_names_the_setting(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    error = failure(
        {"directory": tmp_path, "below a file": tmp_path / "file" / "x.db"}.get(where, Path("/proc/x/y.db"))
    )
    assert isinstance(error, ConfigurationError)
    assert "set store.path in assay.yaml or ASSAY_DATA_DIR" in str(error)


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def test_write_waits_while_another_process_holds_the_lock(path: Path) -> None:
    create(path)
    with locked(path) as other:
        threading.Timer(0.4, lambda: other.execute("COMMIT")).start()

        async def run() -> int:
            store = SqliteStore(path)
            await asyncio.gather(*(store.write_scores([score(name=f"n{n}")]) for n in range(5)))
            found = len(await store.scores_of(tid(1)))
            await store.close()
            return found

        assert asyncio.run(run()) == 6


def test_write_gives_up_in_time_while_reads_go_on(path: Path) -> None:
    create(path)

    async def run() -> None:
        store = SqliteStore(path, busy_timeout_s=0.2)
        await store.project_id()
        with locked(path):
            results = await asyncio.gather(*(store.write_scores([score()]) for _ in range(3)), return_exceptions=True)
            assert {type(one) for one in results} == {StoreUnavailable}
            assert str(path) in str(results[0])
            assert len(await store.fetch_traces([key(1), key(2)])) == 2
        await store.write_scores([score()])
        await store.close()

    asyncio.run(run())


_OPENER = """
import asyncio, sys
from pathlib import Path
from assay.worker.stores.sqlite.store import SqliteStore

async def main():
    store = SqliteStore(Path(sys.argv[1]))
    sys.stdin.readline()
    print(await store.project_id())
    await store.close()

asyncio.run(main())
"""


def test_processes_that_create_the_file_at_once_agree(path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", _OPENER, str(path)]
    pipe = subprocess.PIPE
    openers = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(4)]
    said = [one.communicate("\n") for one in openers]
    assert [err for _, err in said] == [""] * 4
    assert len({out for out, _ in said}) == 1


def test_file_is_marked_and_can_be_read_with_plain_sql(path: Path) -> None:
    project = create(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("SELECT value FROM meta").fetchall() == [(project,)]
        row = connection.execute("SELECT trace_id, name, value, data_type, timestamp FROM scores").fetchone()
        assert row == (tid(1), "groundedness", 0.5, "NUMERIC", "2026-11-21T12:00:00.000000Z")
        created, updated = connection.execute("SELECT created_at, updated_at FROM scores").fetchone()
    assert created == updated

    async def again() -> None:
        store = SqliteStore(path)
        await store.write_scores([score(value=0.6)])
        await store.close()

    asyncio.run(again())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT created_at, updated_at > created_at FROM scores").fetchone() == (created, 1)


def test_score_without_its_trace_is_refused_and_takes_the_batch_with_it(path: Path) -> None:
    create(path)

    async def run() -> tuple[Score, ...]:
        store = SqliteStore(path)
        with pytest.raises(
            StoreRejected, match=r"1 of the scores' traces are not in this store, the first is 'nowhere'"
        ):
            await store.write_scores([score(2), score(trace_id="nowhere")])
        found = await store.scores_of(tid(2))
        await store.close()
        return found

    assert asyncio.run(run()) == ()


def test_schema_itself_refuses_a_number_that_is_none(path: Path) -> None:
    create(path)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE scores SET value = ?", (float("nan"),))


def test_replaced_trace_keeps_its_scores_and_loses_its_old_observations(path: Path) -> None:
    create(path)
    changed = trace(1, name="new").model_copy(update={"observations": trace(1).observations[:1]})

    async def run() -> tuple[Fetched, tuple[Score, ...], int]:
        store = SqliteStore(path)
        assert await store.add_traces([trace(1, name="old"), changed]) == 2
        found = (
            (await store.fetch_traces([key(1)]))[tid(1)],
            await store.scores_of(tid(1)),
            await store.count_traces(),
        )
        await store.close()
        return found

    assert asyncio.run(run()) == (changed, (score(),), 2)


def test_scores_of_gives_all_of_one_trace_by_name(path: Path) -> None:
    create(path)

    async def run() -> list[str]:
        store = SqliteStore(path)
        await store.write_scores([score(name="b"), score(name="a", value="x"), score(2)])
        names = [one.name for one in await store.scores_of(tid(1))]
        assert await store.scores_of("nowhere") == ()
        await store.close()
        return names

    assert asyncio.run(run()) == ["a", "b", "groundedness"]


def test_moment_outside_the_calendar_is_refused_by_name(path: Path) -> None:
    before_year_one = NOON.replace(year=1, month=1, day=1, hour=0, tzinfo=timezone(timedelta(hours=5)))

    async def run() -> None:
        store = SqliteStore(path)
        with pytest.raises(StoreRejected, match=tid(1)):
            await store.add_traces([trace(1, start=before_year_one)])
        with pytest.raises(ValueError, match="aware"):
            await anext(store.list_roots(NOON.replace(tzinfo=None), NOON))
        await store.close()

    asyncio.run(run())


def test_store_can_be_closed_twice_unopened_and_used_again(path: Path) -> None:
    async def run() -> None:
        store = SqliteStore(path)
        await store.close()
        first = await store.project_id()
        await store.close()
        await store.close()
        assert await store.project_id() == first
        await store.close()

    asyncio.run(run())


def test_cancelled_first_call_leaks_no_connection(path: Path) -> None:
    async def run() -> None:
        store = SqliteStore(path)
        call = asyncio.create_task(store.project_id())
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await store.close()

    asyncio.run(run())
    left = [one for one in threading.enumerate() if "connection_worker" in one.name]
    for one in left:
        one.join(timeout=PATIENCE_S)
    assert not [one for one in left if one.is_alive()]


def test_loop_goes_on_while_a_write_waits_for_its_lock(path: Path) -> None:
    create(path)

    async def run() -> int:
        store = SqliteStore(path)
        await store.project_id()
        ticks = 0
        with locked(path) as other:
            writing = asyncio.create_task(store.write_scores([score()]))
            while ticks < 20:
                await asyncio.sleep(0.001)
                ticks += 1
            assert not writing.done()
            other.execute("COMMIT")
            await writing
        await store.close()
        return ticks

    assert asyncio.run(run()) == 20
