"""The program around `judge`: its threads, its streams, its wrong arguments, and frames that it changes."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from assay import ConfigurationError, ajudge, judge
from tests.waiting import PATIENCE_S, until

RIGHT: dict[str, Any] = {
    "id": "a",
    "question": "When did the bridge open?",
    "contexts": ["The bridge was opened in 1932 by the Premier."],
    "response": "It was opened in 1932 by the Premier.",
}
WRONG = {**RIGHT, "id": "b", "response": "It was opened in 1987 by the Premier."}


@pytest.mark.parametrize("concurrency", [0, -1, "4", 1.5])
def test_concurrency_that_is_none_is_refused_in_a_line(concurrency: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"concurrency: is .*; give a whole number from 1 on"):
        judge([RIGHT], concurrency=concurrency)


def test_judge_that_nobody_knows_is_refused_in_a_line() -> None:
    unknown: Any = "nope"
    with pytest.raises(ConfigurationError, match="judge: 'nope' is none; give one of local, llm, panel, decision"):
        judge([RIGHT], judge=unknown)


@pytest.fixture
def cursor() -> Iterator[sqlite3.Cursor]:
    """Rows that only the thread which asked for them can read."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    yield connection.execute("select 'When?' as question, 'It opened in 1932.' as contexts, 'In 1932.' as response")
    connection.close()


@pytest.mark.parametrize("is_in_a_loop", [False, True], ids=["program", "notebook"])
def test_rows_are_drawn_in_the_callers_thread(cursor: sqlite3.Cursor, is_in_a_loop: bool) -> None:
    async def cell() -> Any:
        return judge(dict(row) for row in cursor)

    verdicts = asyncio.run(cell()) if is_in_a_loop else judge(dict(row) for row in cursor)
    assert verdicts.outcomes == {"scored": 1}


def test_rows_that_end_the_program_are_not_waited_for() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield RIGHT
        raise SystemExit(7)

    with pytest.raises(SystemExit, match="7"):
        judge(rows())


def test_no_thread_is_left_behind_by_a_call_that_is_cancelled() -> None:
    drawn = threading.Event()

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(1000):
            if number > 2:
                drawn.set()
            yield RIGHT

    async def given_up() -> None:
        task = asyncio.create_task(ajudge(rows()))
        await asyncio.to_thread(drawn.wait, PATIENCE_S)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(given_up())
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "read-samples"])


def test_progress_is_shown_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    judge([RIGHT, WRONG], progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err


def test_log_lines_go_to_stderr_and_those_of_the_program_where_they_went() -> None:
    code = """if True:
        import structlog
        from assay.worker.python_api.logging_to_stderr import log_to_stderr
        log_to_stderr()
        structlog.get_logger("assay.worker.limits").warning("ours")
        structlog.get_logger("theirs").warning("theirs")
        structlog.get_logger().warning("nobody's")
    """
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert ("ours" in shown.stderr, "ours" in shown.stdout) == (True, False)
    assert "theirs" in shown.stdout
    assert "nobody's" in shown.stdout


def frame_of(library: str, rows: list[dict[str, Any]]) -> Any:
    module: Any = pytest.importorskip(library)
    return module.Table.from_pylist(rows) if library == "pyarrow" else module.DataFrame(rows)


def test_verdicts_stand_beside_what_was_judged_whatever_became_of_the_frame() -> None:
    pandas_frame, polars_frame = (frame_of(library, [RIGHT, WRONG]) for library in ("pandas", "polars"))
    pandas_verdicts, polars_verdicts = judge(pandas_frame), judge(polars_frame)
    pandas_frame.loc[0, "id"] = "changed"
    pandas_frame["response"] = ["changed", "changed"]
    pandas_frame.loc[2] = ["new", "?", [], "new"]
    polars_frame[0, "id"] = "changed"
    for judged in (pandas_verdicts.frame(), polars_verdicts.frame()):
        assert list(judged["id"]) == ["a", "b"]
        assert list(judged["response"]) == [RIGHT["response"], WRONG["response"]]
        assert list(judged["risk"]) == ["low", "high"]


@pytest.mark.parametrize("library", ["pandas", "pyarrow"])
def test_column_that_stands_twice_is_refused_where_it_is_read(library: str) -> None:
    frame = frame_of(library, [RIGHT, WRONG])
    for name in ("response", "note"):
        extra = frame_of(library, [{name: "x"}, {name: "y"}])
        if library == "pandas":
            double = pytest.importorskip("pandas").concat([frame, extra, extra], axis=1)
        else:
            double = frame.append_column(name, extra[name]).append_column(name, extra[name])
        if name == "note":
            assert judge(double).outcomes == {"scored": 2}
        else:
            with pytest.raises(ConfigurationError, match="samples: column 'response' stands twice"):
                judge(double)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_columns_of_scores_are_there_with_their_types_where_no_row_has_one(library: str) -> None:
    unjudged = frame_of(library, [{"id": "a"}])
    full, empty = judge(frame_of(library, [RIGHT])).frame(), judge(frame_of(library, [RIGHT])[:0]).frame()
    judged = judge(unjudged).frame()
    for name in ("outcome", "hallucination_risk", "risk", "comment", "revision"):
        kinds = [
            frame.schema.field(name).type if library == "pyarrow" else frame[name].dtype
            for frame in (full, empty, judged)
        ]
        assert kinds[0] == kinds[1] == kinds[2], name


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_moment_that_python_cannot_hold_costs_no_frame(library: str) -> None:
    module: Any = pytest.importorskip(library)
    frame = frame_of(library, [RIGHT, WRONG])
    if library == "polars":
        moments = module.Series("at", [2**62, 2])
        frame = frame.with_columns(moments.cast(module.Datetime("us")), lasted=moments.cast(module.Duration("ms")))
    else:
        frame = frame.append_column("at", module.array([2**62, 2], module.timestamp("us")))
    verdicts = judge(frame)
    assert [verdict.risk for verdict in verdicts] == ["low", "high"]
    assert verdicts[0].record["at"]


def test_half_an_emoji_is_replaced_as_in_a_file() -> None:
    verdicts = judge([{**RIGHT, "note": "\ud83d"}, {**RIGHT, "response": RIGHT["response"] + " \ud83d"}])
    assert verdicts.outcomes == {"scored": 2}
    assert verdicts[0].record["note"] == "\ufffd"
