"""`assay backup` and `assay restore` as people run them: a real record and store, their words and exit codes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from assay.worker.backup.deployment_files import address_without_password, pg_dump_line
from assay.worker.cli.commands import app
from assay.worker.config.settings import Settings
from assay.worker.history.opening import FILE
from assay.worker.history.schema import KNOWN
from assay.worker.launch.broker import Broker
from assay.worker.state.redis.state import redis_state
from assay.worker.stores.sqlite.store import SqliteStore
from tests.builders import make_trace
from tests.contract.history.making import open_place, row

LOGIN = "postgresql://assay:s3%40cret@db.example.org:5432/assay?sslmode=require&password=hidden"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A config root with a record in the data directory, and its store elsewhere."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "assay.yaml").write_text("store: {kind: sqlite, path: store/mine.db}\nuse_cases: [{name: bot}]\n")

    async def fill() -> None:
        record = open_place(str(home / ".assay" / FILE))
        await record.writer.write([row("t1"), row("t2")])
        await record.close()
        store = SqliteStore(home / "store" / "mine.db")
        await store.add_traces([make_trace("t1")])
        await store.close()

    asyncio.run(fill())
    return home


def assay(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)], catch_exceptions=True)


def test_backup_is_restored_elsewhere(root: Path, tmp_path: Path) -> None:
    taken = assay("backup", "--to", tmp_path / "b.tar.gz", "--json", "--config", root)
    assert taken.exit_code == 0, taken.output
    files = {file["path"]: file for file in json.loads(taken.stdout)["files"]}
    assert set(files) == {"data/history.db", "stores/store/mine.db"}
    assert files["data/history.db"]["database"]["rows"]["history"] == 2
    assert files["stores/store/mine.db"]["database"]["rows"]["traces"] == 1
    assert "keep them in version control" in taken.stderr

    new = tmp_path / "new"
    new.mkdir()
    (new / "assay.yaml").write_bytes((root / "assay.yaml").read_bytes())
    restored = assay("restore", tmp_path / "b.tar.gz", "--config", new)
    assert restored.exit_code == 0, restored.output
    assert (new / ".assay" / FILE).is_file()
    assert (new / "store" / "mine.db").is_file()
    again = assay("restore", tmp_path / "b.tar.gz", "--config", new)
    assert "holds something already (history.db, " in str(again.exception)


def test_newer_record_is_refused_by_what_this_version_makes_itself(root: Path, tmp_path: Path) -> None:
    assert assay("backup", "--to", tmp_path / "b", "--config", root).exit_code == 0
    manifest = tmp_path / "b" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"{KNOWN[-1]}"', '"v999"'))
    refused = assay("restore", tmp_path / "b", "--force", "--config", root)
    assert "data/history.db: was written by a newer Assay (format v999, this one knows format v" in str(
        refused.exception
    )


def test_interrupted_restore_keeps_everybody_out_until_it_is_finished(root: Path, tmp_path: Path) -> None:
    folder = root / ".assay" / ".restore"
    folder.mkdir()
    (folder / "moves.json").write_text('{"moves": [], "removes": ["history.db"]}')
    for words in (["backup", "--to", tmp_path / "b"], ["restore", tmp_path], ["export"]):
        refused = assay(*words, "--config", root)
        assert "assay restore --finish" in str(refused.exception), words
    assert "the restore is complete" in assay("restore", "--finish", "--config", root).output
    assert not (root / ".assay" / FILE).exists()
    assert "no restore waits" in assay("restore", "--finish", "--config", root).output


def test_stale_unpacked_files_keep_everybody_out_until_they_are_removed(root: Path, tmp_path: Path) -> None:
    assert assay("backup", "--to", tmp_path / "b", "--config", root).exit_code == 0
    (root / ".assay" / ".restore" / "new").mkdir(parents=True)
    refused = assay("export", "--config", root)
    assert "was killed before it changed anything; wait for its end, and if none runs, `assay restore --finish`" in str(
        refused.exception
    )
    assert "the old state is as it was" in assay("restore", "--finish", "--config", root).output
    assert (root / ".assay" / FILE).is_file()
    assert not (root / ".assay" / ".restore").exists()
    (root / ".assay" / ".restore" / "new").mkdir(parents=True)
    assert assay("restore", tmp_path / "b", "--force", "--config", root).exit_code == 0
    assert not (root / ".assay" / ".restore").exists()


def test_linked_store_is_in_the_backup_once_and_comes_back_elsewhere(root: Path, tmp_path: Path) -> None:
    (root / "assay.yaml").write_text("store: {kind: sqlite}\nuse_cases: [{name: bot}]\n")
    (root / ".assay" / "traces.db").symlink_to(root / "store" / "mine.db")
    taken = assay("backup", "--to", tmp_path / "b", "--json", "--config", root)
    assert {file["path"] for file in json.loads(taken.stdout)["files"]} == {"data/history.db", "data/traces.db"}
    new = tmp_path / "new"
    new.mkdir()
    (new / "assay.yaml").write_bytes((root / "assay.yaml").read_bytes())
    assert assay("restore", tmp_path / "b", "--config", new).exit_code == 0
    assert (new / ".assay" / "traces.db").is_file()


def test_store_with_a_path_is_copied_once_where_a_link_leads_to_it_too(root: Path, tmp_path: Path) -> None:
    (root / ".assay" / "traces.db").symlink_to(root / "store" / "mine.db")
    taken = assay("backup", "--to", tmp_path / "b", "--json", "--config", root)
    assert {file["path"] for file in json.loads(taken.stdout)["files"]} == {"data/history.db", "stores/store/mine.db"}


def test_fleet_that_redis_knows_is_not_overwritten(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str
) -> None:
    async def alive(*, is_alive: bool) -> None:
        state = redis_state(broker.url, prefix=key_prefix)
        if is_alive:
            await state.pulse.seen("beat@host", queues=(), offset_s=None, version="1")
        else:
            await state.pulse.gone("beat@host")
        await state.close()

    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    assert Settings().key_prefix == key_prefix
    assert assay("backup", "--to", tmp_path / "b", "--config", root).exit_code == 0
    asyncio.run(alive(is_alive=True))
    refused = assay("restore", tmp_path / "b", "--force", "--config", root)
    assert "beat@host: told Redis within the last 15 s that they run; stop every process" in str(refused.exception)
    asyncio.run(alive(is_alive=False))
    assert assay("restore", tmp_path / "b", "--force", "--config", root).exit_code == 0


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        ("embedded", "redis://127.0.0.1:1/0", "names a server, which does not read them"),
        ("server", "redis://127.0.0.1:1/0", "restore its own copy"),
        ("server", None, "Redis was a server, and this backup has nothing of it"),
    ],
)
def test_broker_of_another_kind_is_told(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str, now: str | None, told: str
) -> None:
    assert assay("backup", "--to", tmp_path / "b", "--config", root).exit_code == 0
    manifest = tmp_path / "b" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"broker": "embedded"', f'"broker": "{then}"'))
    if now is not None:
        monkeypatch.setenv("ASSAY_REDIS_URL", now)
    restored = assay("restore", tmp_path / "b", "--force", "--config", root)
    assert restored.exit_code == 0, restored.output
    assert told in restored.stderr
    assert ("Redis does not answer" in restored.stderr) is (now is not None)


def test_record_on_postgresql_is_told_with_its_line_and_without_its_password(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", LOGIN)
    monkeypatch.setenv("ASSAY_REDIS_URL", "redis://:hidden@redis.example.org:6379/0")
    taken = assay("backup", "--to", tmp_path / "b", "--config", root)
    assert taken.exit_code == 0, taken.output
    line = "--file=assay-record.dump --dbname='postgresql://assay@db.example.org:5432/assay?sslmode=require'"
    assert line in taken.stderr
    assert "not in it: Redis" in taken.stderr
    everything = taken.output + (tmp_path / "b" / "manifest.json").read_text()
    assert not [word for word in ("s3", "cret", "hidden") if word in everything]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://host/db", "postgresql://host/db"),
        ("postgresql+psycopg://u:p%40w@h1:1,h2:2/db?a=1", "postgresql://u@h1:1,h2:2/db?a=1"),
        ("postgresql://:p@/db?host=/run/pg&PASSWORD=x", "postgresql:///db?host=/run/pg"),
        ("postgresql://u:a:b@[::1]:5432/db", "postgresql://u@[::1]:5432/db"),
    ],
)
def test_no_part_of_a_password_is_in_the_address(url: str, shown: str) -> None:
    assert address_without_password(SecretStr(url)) == shown
    assert pg_dump_line(SecretStr(url)).endswith((shown, f"'{shown}'"))
