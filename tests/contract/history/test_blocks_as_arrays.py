"""What a database gives in arrays is what the rows say, whichever of them share their names."""

from __future__ import annotations

import io
import json
import random
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from assay.worker.history import reading, shared_names
from assay.worker.ports.history import History
from assay.worker.records.columns import rows_alike
from assay.worker.records.history import HistoryRow, cluster_of
from assay.worker.records.history_columns import COLUMN_KINDS
from assay.worker.reporting.export.csv_rows import CsvRows
from assay.worker.reporting.export.json_lines import JsonLines
from assay.worker.reporting.export.row_files import write_rows
from assay.worker.reporting.period.reading import PeriodReader
from assay.worker.reporting.period.records import PeriodReport
from assay.worker.state.memory.history import memory_history
from tests.contract.history.making import EVER, NOW, columns, row, run_on

NUMBERS = [name for name, kind in COLUMN_KINDS.items() if kind in {"number", "integer", "moment"}]
NAMED = (
    "use_case",
    "rubric",
    "revision",
    "release",
    "calibrated",
    "from_store",
    "prompt_version",
    "flagged_kind",
    "model_served",
)


def random_row(number: int, chance: random.Random) -> HistoryRow:
    """A row of a week, with anything unknown that may be unknown."""

    def maybe(value: Any) -> Any:
        return value if chance.random() < 0.8 else None

    state, reason = chance.choice([("scored", "judged"), ("scored", "refusal"), ("skipped", "too_long"), ("dead", "x")])
    first = chance.random()
    screening = {"phase2": chance.random() < 0.5, "scores": {"hallucination_risk": first}, "why": "audit", "pi2": 0.2}
    return row(
        f"trace-{number}",
        started_at=NOW + timedelta(microseconds=chance.randrange(7 * 86_400_000_000)),
        session_id=maybe(f"session-{number // 3}"),
        use_case=chance.choice(["bot", "böt"]),
        rubric=chance.choice(["grounding", "tone"]),
        revision=maybe(chance.choice(["r1", "r2"])) if state == "scored" else None,
        calibration_hash=maybe("c"),
        pi=chance.choice([0.05, 1 / 3, 1.0]),
        pi2=maybe(0.2),
        **chance.choice([{"stratum": "base"}, {"stratum": "feedback", "sample": chance.choice(["base", "boost"])}]),
        ended_at=maybe(NOW + timedelta(seconds=number)),
        release=maybe(chance.choice(["v41", f"commit-{number}"])),
        model_served=maybe("gpt"),
        prompt_version=maybe(chance.choice(["1", "2", f"hash-{number}"])),
        tags=chance.choice([(), ("a",), ("a", "b", "a")]),
        input_tokens=maybe(chance.choice([0, 900, 2**62 + 1])),
        cost_usd=maybe(chance.random()),
        duration_s=maybe(chance.expovariate(1)),
        risk=maybe(first) if reason == "judged" else None,
        faithfulness=maybe(chance.random()) if reason == "judged" else None,
        calibrated=maybe(chance.random() < 0.5),
        flagged_kind=maybe("contradicted"),
        screening=maybe(screening) if state == "scored" else None,
        unanswered=maybe({"revision": "r1", "screening": screening}) if state == "dead" else None,
        from_store=chance.random() < 0.2,
        state=state,
        reason=reason,
    )


@pytest.fixture(params=[1, 2])
def rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[HistoryRow]:
    """Some hundred rows, read in small blocks by a reader that forgets names all the time."""
    monkeypatch.setattr(reading, "BLOCK_ROWS", 100)
    monkeypatch.setattr(shared_names, "MOST_KNOWN", 20)
    monkeypatch.setattr(shared_names, "_AT_ONCE", 7)
    chance = random.Random(request.param)
    return [random_row(number, chance) for number in range(400)]


def rounded(report: PeriodReport) -> Any:
    """A report without what the order of a sum's parts does to its last digits."""
    return json.loads(report.model_dump_json(), parse_float=lambda digits: f"{float(digits):.10e}")


def test_every_column_is_that_of_the_rows(place: str, rows: list[HistoryRow]) -> None:
    async def check(record: History) -> None:
        memory = memory_history()
        for history in (memory, record):
            await history.writer.write(rows)
        names = (*COLUMN_KINDS, "cluster")
        assert await columns(record.reader, names) == await columns(memory.reader, names)
        for name in names:  # asked for alone, too
            assert await columns(record.reader, [name]) == await columns(memory.reader, [name])

    run_on(place, check)


def test_arrays_and_plain_values_agree(place: str, rows: list[HistoryRow]) -> None:
    async def check(record: History) -> None:
        await record.writer.write(rows)
        async for block in record.reader.blocks(EVER, [*NUMBERS, *NAMED, "cluster", "session_id", "trace_id"]):
            for name in NUMBERS:
                plain = np.array(list(block[name]), dtype=np.float64)
                assert np.array_equal(block[name].floats(), plain, equal_nan=True)
            sessions = zip(block["session_id"], block["trace_id"], strict=True)
            assert block["cluster"].integers().tolist() == [cluster_of(*session) for session in sessions]
            codes, names = rows_alike([block[name] for name in NAMED])
            assert [names[code] for code in codes] == list(zip(*(block[name] for name in NAMED), strict=True))

    run_on(place, check)


def test_reports_and_exports_are_those_of_the_rows(place: str, rows: list[HistoryRow]) -> None:
    async def check(record: History) -> None:
        memory, told = memory_history(), []
        for history in (memory, record):
            await history.writer.write(rows)
            reports = [await PeriodReader(history.reader, cuts={}).read(EVER, by=by) for by in (None, "release", "tag")]
            lines, table = io.StringIO(), io.StringIO()
            count = await write_rows(history.reader, EVER, JsonLines(lines))
            await write_rows(history.reader, EVER, CsvRows(table))
            told.append((count, lines.getvalue() + table.getvalue(), [rounded(report) for report in reports]))
        assert told[0] == told[1]
        assert told[0][0] == len({row.key for row in rows})
        assert len(told[0][2][0]["use_cases"]) == 4

    run_on(place, check)


def test_a_row_that_is_replaced_shows_its_new_numbers_and_names(place: str) -> None:
    async def check(record: History) -> None:
        await record.writer.write([row("a", risk=0.1, release="v1"), row("b", risk=0.2, release="v1")])
        await record.writer.write([row("a", risk=0.9, release="v2", changed_at=NOW + timedelta(hours=1))])
        assert await columns(record.reader, ["risk", "release"]) == {"risk": [0.9, 0.2], "release": ["v2", "v1"]}

    run_on(place, check)


@pytest.mark.parametrize("size", [49, 50, 51, 300])
def test_rows_of_one_moment_whose_names_all_differ_come_once_each(
    place: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        reading, "BLOCK_ROWS", 50
    )  # names are looked up at first, and read with their rows from then on
    rows = [
        row(f"t{number % 7}", project=f"p{number}", prompt_version=f"hash-{number}", started_at=NOW)
        for number in range(size)
    ]

    async def check(record: History) -> None:
        await record.writer.write(rows)
        told = await columns(record.reader, ["project", "prompt_version", "trace_id", "use_case"])
        assert sorted(told["project"]) == sorted(known.project for known in rows)
        assert told["trace_id"] == sorted(told["trace_id"])
        assert [f"hash-{project[1:]}" for project in told["project"]] == told["prompt_version"]
        assert set(told["use_case"]) == {"bot"}

    run_on(place, check)
