"""Data directories for tests of backups: a record, a store with a WAL, golden runs, a broker's files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from assay.worker.backup.deployment_files import DeploymentFiles
from assay.worker.backup.manifest import DatabaseFacts

RECORD = DatabaseFacts(application_id=0, user_version=0, revision="v002")
STORE = DatabaseFacts(application_id=77, user_version=3)
KNOWN = (RECORD, STORE)
"""As a version that writes such databases would say."""


def database(path: Path, rows: int, *, version: str = "v002") -> None:
    """A database in WAL mode, shaped as the record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE history_migrations (version_num TEXT)")
        connection.execute("INSERT INTO history_migrations VALUES (?)", (version,))
        connection.execute("CREATE TABLE history (n INTEGER, filler TEXT)")
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO history VALUES (?, ?)", ((n, "x" * 500) for n in range(rows)))
        connection.execute("COMMIT")


def count(path: Path) -> int:
    """Rows of such a database."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM history").fetchone()[0])


def home(path: Path, *, rows: int = 5, run: str = "old") -> DeploymentFiles:
    """A deployment's files, with everything that a data directory may hold."""
    data = path / ".assay"
    database(data / "history.db", rows)
    golden = data / "golden" / "bot-v1"
    golden.mkdir(parents=True)
    (golden / "history.jsonl").write_text(f'{{"run_id": "{run}"}}\n')
    broker = data / "appendonlydir"
    broker.mkdir()
    (broker / "appendonly.aof.1.base.rdb").write_bytes(b"base " + run.encode())
    (broker / "appendonly.aof.1.incr.aof").write_bytes(b"more")
    listed = "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
    (broker / "appendonly.aof.manifest").write_text(listed)
    (data / "logs").mkdir()
    (data / "logs" / "beat.log").write_text("not to be kept")
    for name in ("up.lock", "broker.alive", "broker.lock", ".history.db.1.part"):
        (data / name).write_text("")
    return DeploymentFiles(data, {}, "file", "embedded")


def held(files: DeploymentFiles) -> dict[str, str]:
    """What a deployment holds: rows of its record, and the text of every other file that a backup has."""
    told = {"history.db": str(count(files.data_dir / "history.db"))}
    for folder in ("golden", "appendonlydir"):
        for path in sorted((files.data_dir / folder).rglob("*")):
            if path.is_file():
                told[str(path.relative_to(files.data_dir))] = path.read_text()
    return told
