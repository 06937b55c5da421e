"""Edits of the configuration's files: taken up whole, once, or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.fleet.runtime_in_force import RuntimeInForce
from assay.worker.wiring.config_version import config_version
from assay.worker.wiring.reload import ConfigWatch, Edit
from assay.worker.wiring.runtime import Runtime
from tests.waiting import PATIENCE_S

ONE = "use_cases: [{name: bot}]\n"
TWO = "use_cases: [{name: bot}, {name: desk}]\n"
WITH_TABLE = "name: tone\nrules: {tables: [{id: prices, file: ../tables/prices.csv, key: plan}]}\n"


class Home:
    """A config root, its runtime and the watch over it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "rubrics").mkdir()
        self.write("assay.yaml", ONE)
        self.runtime = self.read()
        self.watch = ConfigWatch(self.runtime)
        assert self.settled() is None

    def read(self) -> Runtime:
        return Runtime(Settings(), ConfigRoot(path=self.path), redis_url="redis://127.0.0.1:1/0")

    def write(self, name: str, text: str) -> None:
        """As an editor does: a new file in the place of the old one."""
        new = self.path / f"{name}.new"
        new.write_text(text)
        new.replace(self.path / name)

    def look(self) -> Edit | None:
        edit = self.watch.look(self.runtime)
        if edit is not None and edit.successor is not None:
            self.runtime = edit.successor
        return edit

    def settled(self) -> Edit | None:
        """What two looks come to."""
        return self.look() or self.look()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_edit_is_taken_up_once_and_says_what_changed(home: Home) -> None:
    was = config_version(home.runtime)
    home.write("assay.yaml", TWO)
    edit = home.settled()
    assert edit is not None
    assert (edit.was, edit.changes) == (was, ("use case desk added",))
    assert config_version(home.runtime) != was
    assert home.settled() is None


def test_edit_of_several_files_is_taken_up_as_one(home: Home) -> None:
    """assay.yaml names a rubric that is written only after the first look."""
    home.write("assay.yaml", "use_cases: [{name: bot, rubrics: [tone]}]\n")
    assert home.look() is None
    home.write("rubrics/tone.yaml", "name: tone\n")
    assert home.look() is None
    edit = home.look()
    assert edit is not None
    assert not edit.problem
    assert list(home.runtime.rubrics) == ["tone"]


def test_files_that_cannot_be_used_are_told_once_and_what_is_in_force_stays(home: Home) -> None:
    before = home.runtime
    home.write("assay.yaml", "use_cases: [{name: bot, rate: 7}]\n")
    edit = home.settled()
    assert edit is not None
    assert edit.successor is None
    assert "assay.yaml" in edit.problem
    assert "rate" in edit.problem
    assert home.settled() is None
    assert home.runtime is before
    home.write("assay.yaml", TWO)
    mended = home.settled()
    assert mended is not None
    assert mended.changes == ("use case desk added",)


def test_old_content_put_back_is_told_once_after_a_problem(home: Home) -> None:
    before = home.runtime
    home.write("assay.yaml", "use_cases: [{name: bot, rate: 7}]\n")
    assert home.settled() is not None
    home.write("assay.yaml", ONE)
    mended = home.settled()
    assert mended is not None
    assert (mended.successor, mended.problem) == (None, "")
    assert home.runtime is before
    assert home.settled() is None


def test_table_that_was_missing_is_taken_up_when_it_comes(home: Home) -> None:
    """It lies outside the folder of rubrics, and nothing in force names it."""
    home.write("rubrics/tone.yaml", WITH_TABLE)
    home.write("assay.yaml", "use_cases: [{name: bot, rubrics: [tone]}]\n")
    refused = home.settled()
    assert refused is not None
    assert "prices.csv" in refused.problem
    (home.path / "tables").mkdir()
    home.write("tables/prices.csv", "plan,attribute,value\nbasic,price,9 EUR\n")
    edit = home.settled()
    assert edit is not None
    assert not edit.problem
    assert list(home.runtime.rubrics) == ["tone"]


def test_deleted_file_is_no_empty_configuration(home: Home) -> None:
    (home.path / "assay.yaml").unlink()
    edit = home.settled()
    assert edit is not None
    assert edit.successor is None
    assert "assay.yaml" in edit.problem


@pytest.mark.parametrize("rest", ["store: {kind: sqlite, path: other.db}", "salt: other", "window_seconds: 600"])
def test_what_only_a_restart_may_change_is_refused(home: Home, rest: str) -> None:
    home.write("assay.yaml", f"{rest}\n{TWO}")
    edit = home.settled()
    assert edit is not None
    assert edit.successor is None
    assert rest.split(":", maxsplit=1)[0] in edit.problem
    assert "stop all workers" in edit.problem


def test_same_content_written_again_is_no_edit(home: Home) -> None:
    before = home.runtime
    home.write("assay.yaml", ONE)
    home.write("rubrics/unused.yaml", "name: unused\n")
    os.utime(home.path / "assay.yaml")
    assert home.settled() is None
    assert home.runtime is before


def test_table_outside_the_folder_of_rubrics_is_watched(home: Home) -> None:
    (home.path / "tables").mkdir()
    home.write("tables/prices.csv", "plan,attribute,value\nbasic,price,9 EUR\n")
    home.write("rubrics/tone.yaml", WITH_TABLE)
    home.write("assay.yaml", "use_cases: [{name: bot, rubrics: [tone]}]\n")
    edit = home.settled()
    assert edit is not None
    assert not edit.problem
    assert home.settled() is None
    home.write("tables/prices.csv", "plan,attribute,value\nbasic,price,10 EUR\n")
    edit = home.settled()
    assert edit is not None
    assert [change.split()[:2] for change in edit.changes] == [["rubric", "tone"]]


def test_directory_behind_a_link_is_exchanged_as_kubernetes_does(tmp_path: Path) -> None:
    """A ConfigMap: assay.yaml links to ..data/assay.yaml, and ..data to a directory that is exchanged."""
    for name, text in (("one", ONE), ("two", TWO)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "assay.yaml").write_text(text)
    os.utime(tmp_path / "one" / "assay.yaml", ns=(0, 0))
    os.utime(tmp_path / "two" / "assay.yaml", ns=(0, 0))
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "..data").symlink_to(tmp_path / "one")
    (tmp_path / "root" / "assay.yaml").symlink_to("..data/assay.yaml")
    runtime = Runtime(Settings(), ConfigRoot(path=tmp_path / "root"), redis_url="redis://127.0.0.1:1/0")
    watch = ConfigWatch(runtime)
    assert [watch.look(runtime), watch.look(runtime)] == [None, None]
    (tmp_path / "root" / "..new").symlink_to(tmp_path / "two")
    (tmp_path / "root" / "..new").replace(tmp_path / "root" / "..data")
    assert watch.look(runtime) is None
    assert watch.look(runtime) is not None


def test_successor_shares_connection_and_judges(home: Home) -> None:
    before = home.runtime
    home.write("assay.yaml", TWO)
    assert home.settled() is not None
    assert home.runtime.state is before.state
    assert home.runtime.evaluators is before.evaluators
    assert home.runtime.store is not before.store


def test_work_ends_with_what_it_began_with(home: Home) -> None:
    """The store of the replaced runtime is closed after its last borrower, and new work has the new one."""
    home.runtime = Runtime(
        Settings(config_look_every_s=0.01), ConfigRoot(path=home.path), redis_url="redis://127.0.0.1:1/0"
    )
    closed: list[Runtime] = []

    def noting(runtime: Runtime) -> Callable[[], Awaitable[None]]:
        async def close() -> None:
            closed.append(runtime)

        return close

    async def main() -> None:
        before = home.runtime
        before.store.close = noting(before)  # type: ignore[method-assign,assignment]
        in_force = RuntimeInForce(before)
        watching = asyncio.create_task(in_force.watch_files())
        async with asyncio.timeout(PATIENCE_S), in_force.borrowed() as first:
            async with in_force.borrowed():
                home.write("assay.yaml", TWO)
                while in_force.runtime is before:
                    await asyncio.sleep(0.01)
            async with in_force.borrowed() as second:
                assert second is in_force.runtime
            assert first is before
            assert closed == []
        assert closed == [before]
        watching.cancel()

    asyncio.run(main())


def test_edit_of_endpoints_is_taken_up_and_told(home: Home) -> None:
    home.write("endpoints.yaml", "in-house: {url: 'http://gw/v1'}\n")
    added = home.settled()
    assert added is not None
    assert added.changes == ("endpoint in-house",)
    assert home.runtime.judge_files.endpoints["in-house"].section.url == "http://gw/v1"
    home.write("endpoints.yaml", "in-house: {url: 'http://gw/v1', timeout: 3}\n")
    refused = home.settled()
    assert refused is not None
    assert "did you mean 'timeout_s'" in refused.problem
    assert home.runtime.judge_files.endpoints["in-house"].section.timeout_s is None


@pytest.mark.parametrize("is_link", [True, False])
def test_usual_endpoint_is_never_another_because_its_file_is_gone(home: Home, *, is_link: bool) -> None:
    """It would be the provider's own: texts and the gateway's key would go there."""
    home.write("endpoints.yaml", "default: {url: 'http://litellm:4000/v1'}\nin-house: {url: 'http://gw/v1'}\n")
    assert home.settled() is not None
    path = home.runtime.root.path / "endpoints.yaml"
    path.unlink()
    if is_link:
        path.symlink_to(home.runtime.root.path / "gone.yaml")
    refused = home.settled()
    assert refused is not None
    assert ("is a link to a file that is not there" if is_link else "is gone") in refused.problem
    assert home.runtime.judge_files.endpoints["default"].section.url == "http://litellm:4000/v1"
    path.unlink(missing_ok=True)
    home.write("endpoints.yaml", "in-house: {url: 'http://gw/v1'}\n")
    taken_up = home.settled()
    assert taken_up is not None, "who takes the section out of the file means it"
    assert taken_up.changes == ("endpoint default",)


def test_edit_of_prices_is_taken_up_and_told(home: Home) -> None:
    home.write("own.yaml", "checked: 2026-11\nmodels: {m: {input: 1, cached_input: 1, output: 1}}\n")
    home.write("assay.yaml", ONE + "prices: own.yaml\n")
    assert home.settled() is not None
    home.write("own.yaml", "checked: 2026-11\nmodels: {m: {input: 2, cached_input: 1, output: 1}}\n")
    edit = home.settled()
    assert edit is not None
    assert edit.changes == ("price table",)
