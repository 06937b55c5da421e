"""A restore leaves the old state or the new one, whatever is wrong and whoever is killed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.backup import archives
from assay.worker.backup.deployment_files import DeploymentFiles
from assay.worker.backup.giving_way import check_gives_way
from assay.worker.backup.in_use import LOCKS
from assay.worker.backup.placing import Move, Moves, finish, is_pending, place
from assay.worker.backup.restoring import discard_unpacked, finish_restore, restore_backup
from assay.worker.backup.taking import take_backup
from assay.worker.config.interrupted_restore import InterruptedRestore
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from tests.unit.worker.backup.homes import KNOWN, count, database, held, home
from tests.waiting import PATIENCE_S


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Of a deployment with five rows."""
    take_backup(home(tmp_path / "first"), tmp_path / "b")
    return tmp_path / "b"


@pytest.fixture
def other(tmp_path: Path) -> DeploymentFiles:
    """A deployment with nine rows, and a file that the backup has not."""
    files = home(tmp_path / "second", rows=9, run="new")
    (files.data_dir / "digests").mkdir()
    (files.data_dir / "digests" / "week.md").write_text("a digest")
    return files


@pytest.mark.parametrize("name", ["b", "b.tar.gz"])
def test_what_was_backed_up_comes_back(tmp_path: Path, name: str) -> None:
    first = home(tmp_path / "first")
    take_backup(first, tmp_path / name)
    empty = replace(first, data_dir=tmp_path / "new" / ".assay")
    restore_backup(empty, tmp_path / name, KNOWN)
    assert held(empty) == held(first)
    assert (empty.data_dir / "history.db").stat().st_mode & 0o077 == 0
    assert not (empty.data_dir / ".restore").exists()


def test_what_is_there_is_replaced_only_by_force(backup: Path, other: DeploymentFiles) -> None:
    before = held(other)
    with pytest.raises(ConfigurationError, match=r"holds something already \(appendonlydir, digests, golden"):
        restore_backup(other, backup, KNOWN)
    assert held(other) == before
    restored = restore_backup(other, backup, KNOWN, force=True)
    assert restored.replaced == ("appendonlydir", "digests", "golden", "history.db")
    assert count(other.data_dir / "history.db") == 5
    assert not (other.data_dir / "digests").exists(), "what the backup has not is gone: it is of another moment"
    assert (other.data_dir / "logs" / "beat.log").exists()


def test_log_of_the_old_database_is_not_read_into_the_new_one(backup: Path, other: DeploymentFiles) -> None:
    path = other.data_dir / "history.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("INSERT INTO history VALUES (10, 'in the log')")
        log = path.with_name("history.db-wal").read_bytes()
    path.with_name("history.db-wal").write_bytes(log)  # as a kill leaves it
    restore_backup(other, backup, KNOWN, force=True)
    assert count(path) == 5


def _flip(backup: Path) -> None:
    path = backup / "data" / "history.db"
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def _edit(backup: Path, change: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads((backup / "manifest.json").read_text())
    change(told)
    (backup / "manifest.json").write_text(json.dumps(told))


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "content": (_flip, "is not what the manifest says"),
    "missing": (lambda b: (b / "data" / "history.db").unlink(), "lacks data/history.db"),
    "no manifest": (lambda b: (b / "manifest.json").unlink(), r"has no manifest\.json"),
    "no json": (lambda b: (b / "manifest.json").write_text("{"), "is damaged"),
    "deep json": (lambda b: (b / "manifest.json").write_text("[" * 100_000), "is damaged"),
    "list": (lambda b: (b / "manifest.json").write_text("[]"), "the whole"),
    "newer manifest": (lambda b: _edit(b, lambda told: told.update(format=2)), "written by a newer Assay"),
    "newer record": (
        lambda b: _edit(b, lambda told: told["files"][-1]["database"].update(revision="v003")),
        r"format v003, this one knows format v002",
    ),
    "newer store": (
        lambda b: _edit(b, lambda told: told["files"][-1]["database"].update(application_id=77, user_version=4)),
        r"format .*, this one knows format 3",
    ),
    "leads out": (lambda b: _edit(b, lambda told: told["files"][0].update(path="data/../../x")), "no plain path"),
    "absolute": (lambda b: _edit(b, lambda told: told["files"][0].update(path="/etc/x")), "no plain path"),
    "of a process": (lambda b: _edit(b, lambda told: told["files"][0].update(path="data/up.lock")), "no path of a"),
    "twice": (lambda b: _edit(b, lambda told: told["files"].append(told["files"][0])), "names a file twice"),
    "other store": (lambda b: _edit(b, lambda told: told["files"][0].update(place="stores.x")), "has the file of `st"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_backup_changes_nothing(backup: Path, other: DeploymentFiles, what: str) -> None:
    break_it, told = WRONG[what]
    break_it(backup)
    before = held(other)
    with pytest.raises(ConfigurationError, match=told):
        restore_backup(other, backup, KNOWN, force=True)
    assert held(other) == before
    assert not (other.data_dir / ".restore").exists()


def test_damaged_archive_changes_nothing(tmp_path: Path, other: DeploymentFiles) -> None:
    take_backup(home(tmp_path / "first", rows=400), tmp_path / "b.tar.gz")
    whole = (tmp_path / "b.tar.gz").read_bytes()
    before = held(other)
    cuts = [b"", whole[:20], whole[: len(whole) // 2], whole[:3000] + b"????" + whole[3004:]]
    for cut in cuts:
        (tmp_path / "cut.tar.gz").write_bytes(cut)
        with pytest.raises(ConfigurationError, match=r"cut\.tar\.gz: "):
            restore_backup(other, tmp_path / "cut.tar.gz", KNOWN, force=True)
    with pytest.raises(ConfigurationError, match="is not there"):
        restore_backup(other, tmp_path / "none.tar", KNOWN, force=True)
    assert held(other) == before


def test_running_fleet_is_not_overwritten(backup: Path, other: DeploymentFiles) -> None:
    path = other.data_dir / "history.db"
    with closing(sqlite3.connect(path)) as reader:  # it reads, and does nothing now
        reader.execute("SELECT count(*) FROM history").fetchone()
        with pytest.raises(ConfigurationError, match=r"history\.db: is in use; stop"):
            restore_backup(other, backup, KNOWN, force=True)
    for name, told in (("up.lock", "`assay up` or another restore runs"), ("broker.alive", "a broker runs")):
        with (other.data_dir / name).open("ab") as file:
            flock(file, LOCK_EX)
            with pytest.raises(ConfigurationError, match=told):
                restore_backup(other, backup, KNOWN, force=True)
    assert count(path) == 9


def test_backup_within_the_data_directory_is_not_eaten(backup: Path, other: DeploymentFiles) -> None:
    backup.rename(other.data_dir / "b")
    with pytest.raises(ConfigurationError, match="lies in the data directory"):
        restore_backup(other, other.data_dir / "b", KNOWN, force=True)


def test_store_elsewhere_goes_where_assay_yaml_says_now(tmp_path: Path) -> None:
    database(tmp_path / "x" / "traces.db", 3)
    take_backup(replace(home(tmp_path / "first"), stores={"store": tmp_path / "x" / "traces.db"}), tmp_path / "b")
    target = tmp_path / "y" / "other.db"
    database(target, 8)
    new = DeploymentFiles(tmp_path / "new" / ".assay", {"store": target}, "file", "embedded")
    with pytest.raises(ConfigurationError, match="holds something already"):
        restore_backup(new, tmp_path / "b", KNOWN)
    restore_backup(new, tmp_path / "b", KNOWN, force=True)
    assert (count(target), count(new.data_dir / "history.db")) == (3, 5)
    assert {path.name for path in target.parent.iterdir()} == {"other.db"}


def test_full_disk_changes_nothing(backup: Path, other: DeploymentFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    before = held(other)
    monkeypatch.setattr(archives, "write_stream", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        restore_backup(other, backup, KNOWN, force=True)
    assert held(other) == before


_KILLED = """
import os, sys
from pathlib import Path
from assay.worker.backup.restoring import restore_backup
from tests.unit.worker.backup.homes import KNOWN, home

backup, folder = Path(sys.argv[1]), Path(sys.argv[2])
for at in range(int(sys.argv[3])):
    files = home(folder / str(at), rows=9, run="new")
    (files.data_dir / "digests").mkdir()
    if os.fork() == 0:
        count = 0
        def dies(function):
            def call(*arguments, **options):
                global count
                count += 1
                if count > at:
                    os._exit(9)  # as kill -9: nothing is cleaned up
                return function(*arguments, **options)
            return call
        Path.replace, Path.rename, Path.unlink = dies(Path.replace), dies(Path.rename), dies(Path.unlink)
        restore_backup(files, backup, KNOWN, force=True)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
"""Kills a restore before its first, second, third, ... change of a name in the data directory."""

STEPS = 24


def test_killed_restore_leaves_the_old_state_or_the_new_one(backup: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(backup), str(tmp_path / "killed"), str(STEPS)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert ended[0] == "9"
    assert ended[-1] == "0", "more steps than were tried"
    old, new = held(home(tmp_path / "o", rows=9, run="new")), held(home(tmp_path / "n"))
    waited, stale = 0, 0
    for at in range(STEPS):
        root = ConfigRoot(path=tmp_path / "killed" / str(at))
        data_dir, files = root.path / ".assay", DeploymentFiles(root.path / ".assay", {}, "file", "embedded")
        try:
            root.data_dir(Settings())
        except InterruptedRestore:
            waited += is_pending(data_dir)
            expected = new if is_pending(data_dir) else old
            stale += expected is old
            assert finish_restore(data_dir) or discard_unpacked(data_dir)
            assert held(files) == expected
        else:
            assert held(files) in (old, new)
            assert not finish_restore(data_dir)
        assert root.data_dir(Settings()) == data_dir
        restore_backup(files, backup, KNOWN, force=True)  # what is left behind is in nobody's way
        assert held(files) == new
    assert waited > 3, "no kill came between the moves"
    assert stale > 0, "no kill came before the commit"


def test_disk_of_its_own_is_restored_and_what_its_file_system_lays_there_stays(
    backup: Path, other: DeploymentFiles, tmp_path: Path
) -> None:
    found = other.data_dir / "lost+found" / "#12"
    found.parent.mkdir()
    found.write_text("half a file")
    assert "lost+found" not in str(take_backup(other, tmp_path / "c").files)
    restored = restore_backup(other, backup, KNOWN, force=True)
    assert "lost+found" not in restored.replaced
    assert found.read_text() == "half a file"


_UNMOVABLE = """
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from assay.judges.errors import ConfigurationError
from assay.worker.backup.restoring import restore_backup
from assay.worker.backup.taking import take_backup
from tests.unit.worker.backup.homes import KNOWN, held, home

with TemporaryDirectory() as folder:
    place = Path(folder)
    take_backup(home(place / "first"), place / "b")
    files = home(place / "second", rows=9, run="new")
    golden = files.data_dir / "golden"
    if os.geteuid() == 0:
        for path in (place, *place.rglob("*")):
            os.chown(path, 65534, -1)
        os.seteuid(65534)  # root may rename everything
    golden.chmod(0o555)  # its new parent could not be written into it: as a folder of another user
    before = held(files)
    try:
        restore_backup(files, place / "b", KNOWN, force=True)
    except ConfigurationError as exc:
        print(exc)
    assert held(files) == before
    assert not (files.data_dir / ".restore").exists()
    golden.chmod(0o755)
    restore_backup(files, place / "b", KNOWN, force=True)
    os.seteuid(os.getuid())
"""


def test_what_cannot_give_way_is_refused_before_anything_is_touched() -> None:
    command = [sys.executable, "-c", _UNMOVABLE]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert ended.returncode == 0, ended.stderr
    assert "/golden: cannot be replaced (Permission denied); nothing was changed" in ended.stdout


def test_trial_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_text("y")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    names = ("file", "folder", "empty", "link", "gone")
    before = sorted(tmp_path.rglob("*"))
    check_gives_way([tmp_path / name for name in names], tmp_path / "trial")
    assert sorted(tmp_path.rglob("*")) == before


def test_what_does_not_give_way_after_the_commit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".restore" / "new").mkdir(parents=True)
    (tmp_path / ".restore" / "new" / "golden").write_text("new")
    (tmp_path / "golden").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(16, "Device or resource busy")))
        with pytest.raises(ConfigurationError, match=r"/golden: cannot be replaced \(Device or resource busy\)"):
            place(tmp_path, Moves(moves=(Move(staged=Path(".restore/new/golden"), target=Path("golden")),)))
    finish(tmp_path)
    assert (tmp_path / "golden").read_text() == "new"


def test_nobody_starts_while_a_restore_unpacks_and_who_had_started_is_seen(
    backup: Path, other: DeploymentFiles
) -> None:
    root, before = ConfigRoot(path=other.data_dir.parent), held(other)
    opened: list[sqlite3.Connection] = []

    def progress(_: int) -> None:
        with pytest.raises(
            InterruptedRestore, match=r"a restore runs there, or was killed .* `assay restore --finish`"
        ):
            root.data_dir(Settings())
        if not opened:  # it had asked before the restore began
            opened.append(sqlite3.connect(other.data_dir / "history.db"))
            opened[0].execute("SELECT count(*) FROM history").fetchone()

    with pytest.raises(ConfigurationError, match=r"history\.db: is in use; stop"):
        restore_backup(other, backup, KNOWN, force=True, progress=progress)
    opened[0].close()
    assert held(other) == before
    assert root.data_dir(Settings()) == other.data_dir


def test_what_appears_meanwhile_is_not_replaced_without_force(backup: Path, tmp_path: Path) -> None:
    empty = DeploymentFiles(tmp_path / "new" / ".assay", {}, "file", "embedded")

    def progress(_: int) -> None:
        (empty.data_dir / "golden").mkdir(exist_ok=True)

    with pytest.raises(ConfigurationError, match=r"holds something already \(golden\)"):
        restore_backup(empty, backup, KNOWN, progress=progress)
    assert {path.name for path in empty.data_dir.iterdir()} - set(LOCKS) == {"golden"}


def test_file_behind_a_link_is_replaced_on_its_own_disk_and_other_links_are_told(
    backup: Path, other: DeploymentFiles, tmp_path: Path
) -> None:
    big = tmp_path / "big"
    big.mkdir()
    (other.data_dir / "history.db").rename(big / "all.db")
    (other.data_dir / "history.db").symlink_to(big / "all.db")
    (other.data_dir / "golden").rename(big / "golden")
    (other.data_dir / "golden").symlink_to(big / "golden")
    restored = restore_backup(other, backup, KNOWN, force=True)
    assert (other.data_dir / "history.db").is_symlink()
    assert count(big / "all.db") == 5
    assert restored.links == {"golden": str(big / "golden")}
    assert "new" in (big / "golden" / "bot-v1" / "history.jsonl").read_text(), "left as it is"
    assert "old" in (other.data_dir / "golden" / "bot-v1" / "history.jsonl").read_text()
    assert {path.name for path in big.iterdir()} == {"all.db", "golden"}
    (other.data_dir / "history.db").unlink()
    (other.data_dir / "history.db").symlink_to(tmp_path / "unmounted" / "all.db")
    with pytest.raises(ConfigurationError, match=r"which is not there; mount it or remove the link"):
        restore_backup(other, backup, KNOWN, force=True)


def test_running_process_that_only_redis_knows_is_seen_twice(backup: Path, other: DeploymentFiles) -> None:
    before, asked = held(other), []

    def check() -> None:
        asked.append(True)
        if len(asked) == 2:
            raise ConfigurationError("beat: told Redis")

    with pytest.raises(ConfigurationError, match="beat: told Redis"):
        restore_backup(other, backup, KNOWN, force=True, check_more=check)
    assert held(other) == before
