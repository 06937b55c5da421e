"""Files that hold what users wrote are made for their owner alone; rights that a person gave are kept."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.worker.records.private_files import (
    open_private,
    open_to_others,
    private_directory,
    private_file,
    replace_private,
)
from assay.worker.stores.sqlite.store import SqliteStore
from tests.builders import make_trace


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """A umask that takes nothing away, as in some containers."""
    before = os.umask(0)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_private(tmp_path: Path) -> None:
    private_directory(tmp_path / "a" / "b")
    private_file(tmp_path / "a" / "f")
    with open_private(tmp_path / "a" / "g") as file:
        file.write("x")
    assert [rights(tmp_path / name) for name in ("a", "a/b", "a/f", "a/g")] == [0o700, 0o700, 0o600, 0o600]


def test_what_is_there_keeps_its_rights_and_its_content(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o775)
    (shared / "f").write_text("kept")
    (shared / "f").chmod(0o664)
    private_directory(shared)
    private_file(shared / "f")
    assert (rights(shared), rights(shared / "f"), (shared / "f").read_text()) == (0o775, 0o664, "kept")
    with open_private(fresh := shared / "fresh") as file:
        file.write("new")
    replace_private(fresh, shared / "f")
    assert (rights(shared / "f"), (shared / "f").read_text()) == (0o664, "new")


def test_a_file_in_the_place_of_a_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(OSError, match="f"):
        private_directory(tmp_path / "f")


def test_rights_of_others_are_told(tmp_path: Path) -> None:
    private_directory(tmp_path / "mine")
    assert open_to_others(tmp_path / "mine") is None
    (tmp_path / "mine").chmod(0o750)
    assert open_to_others(tmp_path / "mine") == "750"


def test_the_embedded_store_and_what_sqlite_lays_beside_it_are_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "traces.db"

    async def use() -> dict[str, int]:
        store = SqliteStore(path)
        await store.add_traces([make_trace("t")])
        there = {file.name: rights(file) for file in path.parent.iterdir()}
        await store.close()
        return there

    assert asyncio.run(use()) == {"traces.db": 0o600, "traces.db-wal": 0o600, "traces.db-shm": 0o600}
    assert rights(path.parent) == 0o700
