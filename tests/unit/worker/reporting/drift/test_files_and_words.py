"""What people and Evidently get of a check."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from assay.worker.config.drifting import Drifting
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.config.settings import load_settings
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.drift.evidently_files import write_evidently
from assay.worker.reporting.drift.lines import lines_to_show, read_drift
from assay.worker.reporting.drift.terminal import check_parts, history_table
from assay.worker.reporting.drift.words import check_line
from assay.worker.signals.drift.capturing import Origin, captured
from assay.worker.signals.drift.comparing import sample_of
from assay.worker.signals.drift.desk import DriftDesk, Period
from assay.worker.signals.drift.golden_traces import golden_traces
from assay.worker.signals.drift.records import DriftBaseline, DriftCheck
from assay.worker.wiring.golden_calls import load_set
from tests.unit.worker.signals.drift.bots import FEW_SPLITS, MONDAY, record_of, traffic

WEEK = Period(MONDAY, MONDAY + timedelta(days=7))
NEXT = Period(WEEK.until, WEEK.until + timedelta(days=7))
MARK = "=SUM(1)"


@pytest.fixture(scope="module")
def desk() -> DriftDesk:
    now = traffic(300, since=NEXT.since, seed=1, german=0.6, model_served=MARK)
    return DriftDesk(asyncio.run(record_of(traffic(400), now)), Drifting(), FEW_SPLITS)


@pytest.fixture(scope="module")
def baseline(desk: DriftDesk) -> DriftBaseline:
    async def work() -> DriftBaseline:
        seen = await desk.traces("bot", WEEK)
        return await desk.capture(Origin("bot", "first", "period", "a week", *WEEK), seen.observations, WEEK.until)

    return asyncio.run(work())


@pytest.fixture(scope="module")
def check(desk: DriftDesk, baseline: DriftBaseline) -> DriftCheck:
    assert baseline.n == 400

    async def work() -> DriftCheck:
        made = await desk.check("bot", NEXT, NEXT.until)
        await desk.keep(made)
        return made

    return asyncio.run(work())


def printed(*parts: object, width: int = 160) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    for part in parts:
        console.print(part)
    return console.export_text()


def test_a_sentence_names_the_change_that_tells_most(check: DriftCheck) -> None:
    line = check_line(check)
    assert line.startswith("bot: drift in ")
    assert "model served (=SUM(1) 0.0% to 100.0%)" in line
    assert line.endswith("n = 300")


def test_the_terminal_shows_what_drifted_and_names_the_rest(check: DriftCheck) -> None:
    text = printed(*check_parts(check))
    assert "against baseline first (a week; n = 400, captured 2026-11-30)" in text
    assert "input: language of questions" in text
    assert "no drift shown in: length of questions (p " in text
    assert "PSI" in text
    narrow = printed(*check_parts(check), width=80)
    assert "─" not in narrow
    assert any(
        line.startswith("input: language of questions") and " n 400 : 300" in line for line in narrow.split("\n")
    )
    assert "Daily checks" in printed(history_table([check]))
    waiting = check.model_copy(update={"state": "waiting", "note": "12 of 200 traces", "features": ()})
    assert printed(*check_parts(waiting)).strip() == "bot: not compared: 12 of 200 traces"


def test_a_report_tells_the_last_check_of_its_period(desk: DriftDesk, check: DriftCheck) -> None:
    async def lines(until: timedelta) -> int:
        query = HistoryQuery(since=WEEK.since, until=WEEK.since + until)
        told = await read_drift(desk.history.documents, ["bot", "quiet"], query)
        assert all(line.drifted == tuple(each.feature for each in check.drifted) for line in told)
        return len(lines_to_show(told))

    assert asyncio.run(lines(timedelta(days=15))) == 1
    assert asyncio.run(lines(timedelta(days=10))) == 0


def test_files_for_evidently_hold_both_sides_and_no_formula(
    desk: DriftDesk, baseline: DriftBaseline, tmp_path: Path
) -> None:
    traces = asyncio.run(desk.traces("bot", NEXT)).observations
    written = write_evidently(tmp_path / "out", baseline, traces)
    assert [path.name for path in written] == [
        *("reference.csv", "current.csv", "columns.json", "run_evidently.py", "assay.json")
    ]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}
    rows = list(csv.DictReader(written[1].read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 300
    assert {row["model_served"] for row in rows} == {f"'{MARK}"}
    columns = json.loads(written[2].read_text(encoding="utf-8"))
    assert {*columns["numbers"], *columns["names"]} == set(rows[0])
    figures = json.loads(written[4].read_text(encoding="utf-8"))
    assert figures["columns"]["answer_language"]["drifted"]
    assert figures["share"] == figures["drifted_columns"] / len(figures["columns"])
    compile(written[3].read_text(encoding="utf-8"), "run_evidently.py", "exec")


def test_a_golden_set_is_a_baseline_of_its_questions_and_recorded_answers() -> None:
    golden = load_set(ConfigRoot(path=packaged_root()), load_settings(), "mtrag-v1")
    traces, of = golden_traces(golden, "gpt-4o")
    assert of == "golden set mtrag-v1 with the answers of release gpt-4o"
    assert traces.n == len(golden.items)
    made = captured(traces, Origin("bot", "g", "golden", of), MONDAY, least=50)
    assert {"question_length", "answer_length", "question_topics", "passages"} <= set(made.histograms)
    assert {"refusals", "model_served"}.isdisjoint(made.histograms)
    assert np.array_equal(sample_of(made).numbers["question_chars"], traces.numbers["question_chars"])
    with pytest.raises(GoldenSetError, match="there is no 'gpt-9'"):
        golden_traces(golden, "gpt-9")
