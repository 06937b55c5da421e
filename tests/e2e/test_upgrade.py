"""The fleet of an earlier version is killed in the middle of its work, and this version goes on with all it left.

What it left was recorded by `benchmarks/rolling_upgrade_record.py`: messages, keys, both databases, files.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import redis

from assay.worker.cli import main
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.history.schema import KNOWN, bring_up_to_date
from assay.worker.history.sqlite_file import SqliteFile
from assay.worker.records.messages import AssessMessage, GoldenJudgeMessage, GoldenRunMessage, RecordMessage
from assay.worker.stores.sqlite.schema import MIGRATIONS, prepare
from tests.e2e.processes import Processes, processes
from tests.e2e.running import QUICK, Deployed
from tests.e2e.upgrade_state import Recorded, recordings
from tests.recorded import unrecorded
from tests.servers.openai_server import OpenAIServer
from tests.servers.valkey_server import ValkeyServer
from tests.waiting import until

FINAL = {"scored", "skipped", "dead"}

REFUSED = ("message.refused", "message.dropped", "config.not_taken_up", "history.not_written")
"""What a process logs that cannot read what another version left."""

LEDGER = {"promise": "Promise", "judgement": "Judgement", "unanswered": "Unanswered"}
"""Fields of an entry, and the records whose JSON they hold."""

MESSAGES = (AssessMessage, RecordMessage, GoldenRunMessage, GoldenJudgeMessage)

recorded_fleets = pytest.mark.parametrize("recorded", recordings(), ids=lambda recorded: recorded.folder.name)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
def endpoint() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


class Left:
    """A recorded deployment, brought to today."""

    def __init__(self, recorded: Recorded, home: Path, server: ValkeyServer, endpoint: OpenAIServer) -> None:
        self.recorded, self.home, self.server = recorded, home, server
        recorded.place(home, server.port, urlsplit(endpoint.url).netloc)
        settings = {
            **QUICK,
            "reconcile_every_s": 2.0,
            "verify_every_s": 2.0,
            "history_every_s": 2.0,
            "openai_base_url": endpoint.url,
            "judge_model": "gpt-5.4-mini",
            "max_age_s": 3 * 86_400.0,
        }
        deployed = Settings(**settings, data_dir=home / ".assay")
        self.deployed = Deployed(home=home, settings=deployed, root=ConfigRoot(path=home))
        self.client = redis.Redis(port=server.port)

    def entries(self) -> dict[str, dict[str, str]]:
        """The ledger, by trace and rubric."""
        keys: Any = list(self.client.scan_iter("assay:state:entry:*", count=1000))
        with self.client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.hgetall(key)
            hashes = pipe.execute()
        texts = [
            {name.decode(): value.decode() for name, value in fields.items() if name != b"particulars"}
            for fields in hashes
        ]
        return {key.decode(): fields for key, fields in zip(keys, texts, strict=True)}

    def windows(self) -> list[dict[str, Any]]:
        """What sweeps have noted of each stretch of time."""
        keys: Any = self.client.scan_iter("assay:state:windows:*", count=1000)
        hashes: list[Any] = [self.client.hvals(key) for key in keys]
        return [json.loads(window) for values in hashes for window in values]

    def states(self) -> Counter[str]:
        """How many entries are in each state."""
        return Counter(fields["state"] for fields in self.entries().values())

    def is_done(self) -> bool:
        """Whether every trace ended, has its row, and no message waits or is in anybody's hands."""
        if any(self.client.llen(f"assay:{queue}") for queue in ("assess", "golden")):
            return False
        states = self.states()
        is_over = states.total() >= self.recorded.header["traces"] and set(states) <= FINAL
        return is_over and unrecorded(self.server.url) == 0

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """What a query of `history` or `traces` gives."""
        file = self.home / ".assay" / f"{database}.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)) as connection:
            return connection.execute(query).fetchall()


@recorded_fleets
def test_this_version_goes_on_with_what_an_earlier_one_left(
    recorded: Recorded,
    tmp_path: Path,
    server: ValkeyServer,
    endpoint: OpenAIServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = Left(recorded, tmp_path / "d", server, endpoint)
    before, rows = left.entries(), set(left.rows("history", "SELECT trace_id, rubric, state FROM history"))
    assert rows, "nothing was recorded"
    with processes(left.deployed, server.url, ("control", "assess1", "beat"), _keys(endpoint)) as fleet:
        until(
            lambda: left.is_done() or not fleet.all_run(), told=lambda: f"{left.states()}\n{fleet.logs()}", every_s=1.0
        )
        assert fleet.all_run(), fleet.logs()
        _told_nothing_unread(fleet)
    _every_promise_ended_once(left, before)
    _the_record_was_migrated(left, rows)
    _an_earlier_version_can_read(left)
    monkeypatch.setenv("ASSAY_REDIS_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    _commands_read(left, capsys)


def _keys(endpoint: OpenAIServer) -> dict[str, str]:
    return {"OPENAI_BASE_URL": endpoint.url, "OPENAI_API_KEY": "sk-test"}


def _told_nothing_unread(fleet: Processes) -> None:
    told = {name: [line for line in fleet.lines(name) if line["event"] in REFUSED] for name in fleet.running}
    assert not any(told.values()), told


def _every_promise_ended_once(left: Left, before: dict[str, dict[str, str]]) -> None:
    """Nothing that was promised is gone, nothing that had ended has changed, and each score is there once."""
    after = left.entries()
    assert before.keys() <= after.keys()
    for key, entry in before.items():
        assert after[key]["promise"] == entry["promise"]
        assert entry["state"] not in FINAL or after[key]["state"] == entry["state"], key
    dead = sum(entry["state"] == "dead" for entry in before.values())
    assert left.states()["dead"] == dead, "the upgrade made dead letters"
    scores = left.rows("traces", "SELECT trace_id, name, count(*), count(DISTINCT id) FROM scores GROUP BY 1, 2")
    assert {(n, ids) for *_, n, ids in scores} == {(1, 1)}
    scored = {key.rpartition("\x1f")[2] for key, entry in after.items() if entry["state"] == "scored"}
    assert scored == {trace for trace, *_ in scores}


def _the_record_was_migrated(left: Left, rows: set[tuple[Any, ...]]) -> None:
    """It has this version's format, the rows of before, and one row for each promise."""
    assert left.rows("history", "SELECT version_num FROM history_migrations") == [(KNOWN[-1],)]
    now = left.rows("history", "SELECT trace_id, rubric, state FROM history")
    assert rows <= set(now)
    ended = {(*key.rpartition("entry:")[2].split("\x1f")[::-1], each["state"]) for key, each in left.entries().items()}
    assert sorted(now) == sorted(ended)
    assert left.rows("traces", "PRAGMA user_version") == [(len(MIGRATIONS),)]


def _an_earlier_version_can_read(left: Left) -> None:
    """What this version left in Redis fits what the earlier one reads, which refuses every field it does not know.

    Files of another format it refuses as a whole: both formats are counted, and were then, too.
    """
    schemas, formats = left.recorded.schemas, left.recorded.header["formats"]
    for entry in left.entries().values():
        for field, record in LEDGER.items():
            if entry.get(field):
                jsonschema.validate(json.loads(entry[field]), schemas[record])
    windows = left.windows()
    assert windows
    for window in windows:
        jsonschema.validate(window, schemas["WindowRecord"])
    assert KNOWN[: len(formats["record"])] == tuple(formats["record"])
    assert len(MIGRATIONS) >= formats["embedded_store"]


def _commands_read(left: Left, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports, stories, the fleet's status, golden sets and dead letters."""
    report = json.loads(_assay(left, capsys, "report", "--json"))
    status = json.loads(_assay(left, capsys, "status", "--json"))
    assert report
    assert status["funnel"]
    first = left.rows("history", "SELECT min(trace_id) FROM history WHERE state = 'scored'")[0][0]
    assert first in _assay(left, capsys, "why", first)
    assert "trace-" in _assay(left, capsys, "dead", "ls")
    assert "bot-v1" in _assay(left, capsys, "golden", "ls")


def _assay(left: Left, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints, which succeeds."""
    capsys.readouterr()
    code = _exit_code("assay", *words, "--config", str(left.home))
    told = capsys.readouterr()
    assert not code, (words, told)
    return told.out


def _exit_code(*words: str) -> int | str | None:
    before, sys.argv = sys.argv, list(words)
    try:
        main()
    except SystemExit as exc:
        return exc.code
    finally:
        sys.argv = before
    return 0


@recorded_fleets
def test_messages_of_this_version_have_no_field_that_an_earlier_one_refuses(recorded: Recorded) -> None:
    """Workers of the earlier version may still run, and take them. Read docs/how-to/upgrade.md before you add one."""
    for message in MESSAGES:
        known, now = recorded.schemas[message.__name__], message.model_json_schema()
        assert now["properties"].keys() <= known["properties"].keys(), message
        assert set(known.get("required", ())) <= now["properties"].keys(), message
        assert now["properties"]["v"] == known["properties"]["v"]


@recorded_fleets
def test_databases_that_are_migrated_are_as_new_ones(recorded: Recorded, tmp_path: Path) -> None:
    """A migration that has landed never changes: whoever has run it will not run it again."""
    (tmp_path / "new").mkdir()
    recorded.place_databases(tmp_path)
    for folder in (tmp_path, tmp_path / "new"):
        history = SqliteFile(folder / "history.db", busy_timeout_s=5.0)
        with history.engine(writing=True).begin() as connection:
            bring_up_to_date(connection, history)
        prepare(folder / "traces.db", busy_timeout_s=5.0)
    for name in ("history", "traces"):
        assert _tables(tmp_path / f"{name}.db") == _tables(tmp_path / "new" / f"{name}.db")


def _tables(file: Path) -> set[tuple[str, str]]:
    """Names and definitions of tables and indexes."""
    with closing(sqlite3.connect(file)) as connection:
        return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
