"""`from assay import judge`: what comes in, what comes out, in a loop and without one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import ConfigurationError, Sample, Verdicts, ajudge, judge
from tests.servers.openai_server import OpenAIServer, fails

RIGHT = {
    "question": "When did the bridge open?",
    "contexts": ["The bridge was opened in 1932 by the Premier."],
    "response": "It was opened in 1932 by the Premier.",
}
WRONG = {**RIGHT, "response": "It was opened in 1987 by the Premier."}


def risks(verdicts: Verdicts) -> list[str | None]:
    return [verdict.risk for verdict in verdicts]


def test_rows_are_judged_in_order_and_those_that_are_none_are_refused() -> None:
    verdicts = judge([{"id": "a", **RIGHT}, WRONG, {"question": "?"}, "text"])
    assert [verdict.outcome for verdict in verdicts] == ["scored", "scored", "refused", "refused"]
    assert [verdict.id for verdict in verdicts] == ["a", 2, None, None]
    assert verdicts[0].scores["faithfulness"] == 1.0
    assert verdicts[1].scores["faithfulness"] == 0.0
    assert verdicts[1].risk == "high"
    assert [claim["verdict"] for claim in verdicts[1].problems] == ["contradicted"]
    assert verdicts[2].reason == "response: missing; add it"
    assert not verdicts[2].scores
    assert verdicts.outcomes == {"scored": 2, "refused": 2}
    assert repr(verdicts) == f"<4 verdicts: 2 scored, 2 refused; revision {verdicts.revision[:12]}>"


def test_one_row_a_sample_and_names_of_other_tools_are_taken() -> None:
    named = {"user_input": "When?", "retrieved_contexts": RIGHT["contexts"], "response": RIGHT["response"]}
    sample = Sample(id="s", question="When?", contexts=("It opened in 1932.",), response="It opened in 1987.")
    assert risks(judge(WRONG)) == risks(judge(sample)) == ["high"]
    assert judge(named)[0].outcome == "scored"


def test_what_holds_no_rows_is_refused_with_what_can_be_given() -> None:
    with pytest.raises(TypeError, match="samples: is of type int; give rows, a frame, or the path of a file"):
        judge(5)
    assert judge([5])[0].reason == "line: is of type int; give mappings with question, contexts and response"


def test_nothing_is_judged_where_nothing_is_given() -> None:
    verdicts = judge([])
    assert len(verdicts) == 0
    assert verdicts.columns()["outcome"] == []


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_come_back_with_columns_beside_their_own(library: str) -> None:
    module = pytest.importorskip(library)
    rows = [{"key": 7, **RIGHT}, {"key": 8, **WRONG}]
    frame = module.Table.from_pylist(rows) if library == "pyarrow" else module.DataFrame(rows)
    judged = judge(frame)
    told: Any = judged.frame()
    assert type(told) is type(frame)
    columns = told.to_pydict() if library == "pyarrow" else {name: list(told[name]) for name in told.columns}
    assert columns["key"] == [7, 8]
    assert columns["outcome"] == ["scored", "scored"]
    assert columns["faithfulness"] == [1.0, 0.0]
    assert set(columns) >= {"hallucination_risk", "risk", "state", "comment", "reason", "revision"}
    with pytest.raises(ValueError, match=r"has columns comment, .* give a prefix"):
        Verdicts(list(judged), judged.revision, told).frame()
    named: Any = Verdicts(list(judged), judged.revision, told).frame(prefix="assay_")
    assert len(named) == 2


def test_cells_of_pandas_that_say_nothing_are_left_out() -> None:
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    rows = [{**RIGHT, "contexts": numpy.array(RIGHT["contexts"]), "reference": float("nan"), "at": pandas.Timestamp(0)}]
    frame = pandas.DataFrame([*rows, {**RIGHT, "contexts": None}])
    assert [verdict.state for verdict in judge(frame)] == ["judged", "no_evidence"]


def test_files_are_judged_by_their_ending(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    lines, table, columns = tmp_path / "a.jsonl", tmp_path / "a.csv", tmp_path / "a.parquet"
    lines.write_text(json.dumps({"id": 1, **WRONG}) + "\n")
    table.write_text('question,contexts,response\nWhen?,"[""It opened in 1932."", ""x""]",It opened in 1987.\n')
    parquet.write_table(arrow.Table.from_pylist([WRONG]), columns)
    assert [risks(judge(path)) for path in (lines, str(table), columns)] == [["high"]] * 3


def test_it_works_where_a_loop_runs_as_in_a_notebook() -> None:
    async def cell() -> tuple[Verdicts, Verdicts]:
        return judge([WRONG]), await ajudge([WRONG])

    first, second = asyncio.run(cell())
    assert risks(first) == risks(second) == ["high"]


def test_errors_are_raised_in_a_running_loop_too() -> None:
    async def cell() -> None:
        judge([WRONG], rubric="nowhere")

    with pytest.raises(ConfigurationError, match="nowhere"):
        asyncio.run(cell())


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        monkeypatch.setenv("ASSAY_JUDGE_MODEL", "gpt-5.4-mini")
        yield server


def test_endpoint_that_refuses_everything_ends_it_and_gives_no_numbers(endpoint: OpenAIServer) -> None:
    endpoint.script([fails(401, message="wrong key")] * 20)
    with pytest.raises(ConfigurationError, match="refused"):
        judge([{"id": n, **RIGHT, "question": f"{n}?"} for n in range(8)], judge="llm")


def test_importing_assay_imports_nothing_else() -> None:
    code = "import sys, assay; print(sorted(m for m in sys.modules if m.startswith(('assay.', 'numpy', 'pydantic'))))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == "[]"
    assert set(assay.__all__) <= set(dir(assay))
    with pytest.raises(AttributeError, match="nothing"):
        _ = assay.nothing
