"""A backup is of one moment, whole, and leaves nothing where it fails."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.backup import taking, whole_files
from assay.worker.backup.archives import manifest_of
from assay.worker.backup.taking import take_backup
from tests.unit.worker.backup.homes import count, database, home

_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
pair = 0
while True:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO history VALUES (?, ?)", [(pair, "x"), (pair, "y")])
    connection.execute("COMMIT")
    pair += 1
    if pair == 1:
        print("writes", flush=True)
"""
"""A process that adds two rows at a time: a copy that is not of one moment would have an odd number of them."""


@pytest.mark.parametrize("name", ["b", "b ☃ ü.tar.gz"])
def test_backup_holds_what_lies_in_the_data_directory_and_nothing_of_processes(tmp_path: Path, name: str) -> None:
    manifest = take_backup(home(tmp_path), tmp_path / name)
    assert [file.path for file in manifest.files] == [
        "data/appendonlydir/appendonly.aof.1.base.rdb",
        "data/appendonlydir/appendonly.aof.1.incr.aof",
        "data/appendonlydir/appendonly.aof.manifest",
        "data/golden/bot-v1/history.jsonl",
        "data/history.db",
    ]
    ((_, facts),) = manifest.databases
    assert (facts.revision, facts.rows) == ("v002", {"history": 5, "history_migrations": 1})
    assert manifest_of(tmp_path / name) == manifest
    if name.endswith("gz"):
        with tarfile.open(tmp_path / name) as tar:
            assert tar.getnames()[0] == "manifest.json"
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".*.part"))


def test_database_is_copied_as_of_one_moment_while_another_process_writes(tmp_path: Path) -> None:
    files = home(tmp_path, rows=4_000)
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(files.data_dir / "history.db")], stdout=subprocess.PIPE
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"writes\n"
            ((_, facts),) = take_backup(files, tmp_path / "b").databases
            assert writer.poll() is None, "the writer was disturbed"
        finally:
            writer.kill()
    copy = tmp_path / "b" / "data" / "history.db"
    assert facts.rows["history"] >= 4_002
    assert facts.rows["history"] % 2 == 0
    assert count(copy) == facts.rows["history"]
    assert {path.name for path in copy.parent.iterdir()} == {"appendonlydir", "golden", "history.db"}, "a file alone"


def test_what_is_in_the_log_of_a_killed_writer_is_copied(tmp_path: Path) -> None:
    """A copy of the file alone lacks all of it."""
    files = home(tmp_path)
    path = files.data_dir / "history.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("INSERT INTO history VALUES (6, 'x')")
        shutil.copytree(files.data_dir, tmp_path / "killed" / ".assay")  # with the log, as a kill leaves it
    killed = replace(files, data_dir=tmp_path / "killed" / ".assay")
    assert (killed.data_dir / "history.db-wal").stat().st_size > 0
    ((_, facts),) = take_backup(killed, tmp_path / "b").databases
    assert facts.rows["history"] == 6


def test_store_elsewhere_is_copied_under_its_key(tmp_path: Path) -> None:
    database(tmp_path / "elsewhere" / "traces.db", 3)
    files = replace(home(tmp_path), stores={"store": tmp_path / "elsewhere" / "traces.db"})
    manifest = take_backup(files, tmp_path / "b")
    assert [(file.path, file.place) for file in manifest.files if file.place != "data"] == [
        ("stores/store/traces.db", "store")
    ]
    assert count(tmp_path / "b" / "stores" / "store" / "traces.db") == 3


def test_links_are_followed_and_end_in_no_circle(tmp_path: Path) -> None:
    files = home(tmp_path)
    database(tmp_path / "big" / "traces.db", 3)
    (files.data_dir / "traces.db").symlink_to(tmp_path / "big" / "traces.db")
    (files.data_dir / "golden" / "circle").symlink_to(files.data_dir)
    (files.data_dir / "nowhere").symlink_to(tmp_path / "nothing")
    paths = [file.path for file in take_backup(files, tmp_path / "b").files]
    assert "data/traces.db" in paths
    assert len(paths) == 6


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("there", "is there already"),
        (".assay/b", "lies in the data directory"),
        ("link/b", "lies in the data directory"),
        ("no/such/folder", "is no folder that is there"),
        ("b.zip", "end the name in .tar or .tar.gz"),
    ],
)
def test_wrong_target_is_refused_before_anything_is_written(tmp_path: Path, to: str, told: str) -> None:
    files = home(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(files.data_dir)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigurationError, match=told):
        take_backup(files, tmp_path / to)
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_to_back_up_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no data directory yet"):
        take_backup(replace(home(tmp_path), data_dir=tmp_path / "none"), tmp_path / "b")


def test_damaged_database_ends_the_backup(tmp_path: Path) -> None:
    files = home(tmp_path, rows=400)
    with (files.data_dir / "history.db").open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 3 * 4096)
    with pytest.raises(ConfigurationError, match=r"history\.db: is damaged"):
        take_backup(files, tmp_path / "b")
    assert not list(tmp_path.glob("*b*"))


@pytest.mark.parametrize("exc", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["b", "b.tar"])
def test_full_disk_and_ctrl_c_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exc: BaseException, name: str
) -> None:
    files = home(tmp_path)

    def fail(*_: object) -> None:
        raise exc

    monkeypatch.setattr(taking, "copy_database", fail)
    with pytest.raises(type(exc)):
        take_backup(files, tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {".assay"}


def test_broker_that_writes_its_files_anew_meanwhile_is_copied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = home(tmp_path)
    broker, copy_file, copied = files.data_dir / "appendonlydir", whole_files.copy_file, []

    def rewriting(source: Path, copy: Path, *rest: object) -> tuple[int, str]:
        copied.append(source.name)
        if len(copied) == 2:  # in the middle of the first round
            source.unlink()
            (broker / "appendonly.aof.2.base.rdb").write_bytes(b"new base")
            (broker / "appendonly.aof.manifest").write_text("file appendonly.aof.2.base.rdb seq 2 type b\n")
        return copy_file(source, copy, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(whole_files, "copy_file", rewriting)
    take_backup(files, tmp_path / "b")
    kept = tmp_path / "b" / "data" / "appendonlydir"
    assert sorted(path.name for path in kept.iterdir()) == ["appendonly.aof.2.base.rdb", "appendonly.aof.manifest"]

    def always(source: Path, copy: Path, *_: object) -> tuple[int, str]:
        raise FileNotFoundError(source)

    monkeypatch.setattr(whole_files, "copy_file", always)
    with pytest.raises(EvaluationError, match="writes its files anew all the time"):
        take_backup(files, tmp_path / "c")


def test_manifest_is_plain_json(tmp_path: Path) -> None:
    take_backup(home(tmp_path), tmp_path / "b")
    told = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert (told["format"], told["record"], told["broker"]) == (1, "file", "embedded")
