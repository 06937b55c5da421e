"""A capacity table of a deployment: its policy, limits and figures, in words and in the form of its schema."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from assay.judges.rubric import Rubric
from assay.judges.schema import Scored, Tier, Verdict
from assay.worker.cli.commands import app
from assay.worker.flow.verdicts import KeptVerdict, pack
from assay.worker.launch.broker import Broker
from assay.worker.ports.health import Check
from assay.worker.ports.history import HistoryReader
from assay.worker.records.ledger import Judgement, LedgerState
from assay.worker.setup.capacity_constants import ROW_BYTES, TRACE_BYTES
from assay.worker.setup.capacity_reading import measured_seconds
from assay.worker.setup.capacity_rows import capacity_schema
from assay.worker.setup.capacity_sizes import Size, mean_size, size_of_rows, size_of_traces
from assay.worker.state.memory.state import memory_state
from assay.worker.stores.sqlite.store import SqliteStore
from tests.builders import NOW, make_trace
from tests.contract.state.making import promise, transition

SCHEMA = Path(__file__).parents[4] / "docs" / "capacity.schema.json"

CONFIG = """
store: {kind: sqlite}
collector: {}
defaults: {rate: 0.1}
limits: {endpoints: {default: {requests_per_minute: 20}}}
use_cases:
  - {name: bot, rubrics: [grounding-llm], budget_usd_per_day: 1}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    """A deployment whose broker runs, without a trace."""
    (tmp_path / "assay.yaml").write_text(CONFIG)
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    return tmp_path


def plan(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["plan", *words, "--config", str(home)])


def told(home: Path, *words: str) -> dict[str, Any]:
    """The table as data, which meets its schema."""
    answer = plan(home, "--capacity", "--json", *words)
    assert answer.exit_code == 0, answer.output
    report: dict[str, Any] = json.loads(answer.stdout)
    jsonschema.validate(report, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return report


def test_table_follows_the_policy_and_estimates_from_traces_of_the_store(home: Path) -> None:
    volumes = ("--traces-a-day", "900", "--traces-a-day", "1000000", "--traces-a-day", "0")
    nothing_known = told(home, *volumes)["rows"]
    # Below 1,000 a day all are judged.
    assert [row["judgements_a_day"] for row in nothing_known] == [900, 100_000, 0]
    assert [row["usd"] for row in nothing_known] == [None, None, 0.0]
    assert [row["bounds"][0]["state"] for row in nothing_known] == ["unknown", "unknown", "fits"]
    assert [row["spans_per_s"] for row in nothing_known] == [None, None, None]

    asyncio.run(_fill(home))
    report = told(home, "--peak", "2", *volumes)
    rows = report["rows"]
    assert report["peak"] == 2.0
    assert rows[1]["usd"] > 0
    assert rows[1]["calls"] == 100_000
    assert rows[1]["bounds"][0]["state"] == "binds"
    # A limit of 20 leaves 19 a minute, of which each needs a tenth of a trace's call: 273,600 traces a day.
    assert rows[1]["bounds"][0]["fits_a_day"] == 273_600
    assert rows[1]["budgets"][0]["pays"] == pytest.approx(1 / rows[1]["usd"])
    assert rows[1]["spans_per_s_peak"] == pytest.approx(2 * rows[1]["spans_per_s"])
    assert any("spans a trace" in line for line in report["own"])
    words = plan(home, "--capacity")
    assert words.exit_code == 0, words.output
    assert "BIND" in words.stdout
    assert all(unit in words.stdout for unit in ("1 M", "10 M", "Redis memory"))
    table = words.stdout.partition("collectors")[0].splitlines()
    assert max(map(len, table)) <= 80, "it fits a terminal"


def test_todays_volume_is_judged_as_the_plan_says(home: Path) -> None:
    policy = "store: {kind: sqlite}\ndefaults: {rate: 0.1, low_traffic: {below_per_day: 0}, min_per_day: 0}\n"
    policy += "limits: {usd_per_month: 60}\n"
    (home / "assay.yaml").write_text(f"{policy}use_cases: [{{name: bot, budget_usd_per_month: 30}}]\n")
    asyncio.run(_fill(home, traces=10))
    drawn = json.loads(plan(home, "--json").stdout)["plan"]["work"]
    assert drawn != 4, "else the hash has drawn what the rate says, and the test sees nothing"
    rows = told(home)["rows"]
    assert [row["judgements_a_day"] for row in rows] == [drawn, 1_000, 10_000, 100_000, 1_000_000]
    assert [budget["usd_per_day"] for budget in rows[0]["budgets"]] == [1.0, 2.0], "a month's, in a day"


async def _fill(home: Path, traces: int = 3) -> None:
    start = datetime.now(UTC) - timedelta(hours=2)
    store = SqliteStore(home / ".assay" / "traces.db")
    await store.add_traces([make_trace(f"t{n}", start=start) for n in range(traces)])
    await store.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--capacity", "--use-case", "bot"), "leave the others out"),
        (("--capacity", "--from", "7d"), "leave the others out"),
        (("--traces-a-day", "5"), "belong to --capacity"),
        (("--peak", "2"), "belong to --capacity"),
    ],
)
def test_options_that_do_not_go_together_are_refused(home: Path, words: tuple[str, ...], message: str) -> None:
    assert message in str(plan(home, *words).exception)


@pytest.mark.parametrize("words", [("--traces-a-day", "-1"), ("--peak", "0.5"), ("--traces-a-day", "many")])
def test_numbers_that_are_none_are_refused(home: Path, words: tuple[str, ...]) -> None:
    assert plan(home, "--capacity", *words).exit_code != 0


def test_several_embedded_stores_are_counted_and_few_traces_of_each_use_case(home: Path) -> None:
    stores = "stores: [{name: chat, kind: sqlite}, {name: docs, kind: sqlite, path: docs.db}]\nuse_cases:\n"
    cases = [f"  - {{name: c{n}, match: {{tags_any: [t{n}]}}, store: {('chat', 'docs')[n % 2]}}}\n" for n in range(10)]
    (home / "assay.yaml").write_text(stores + "".join(cases))
    report = told(home, "--traces-a-day", "4")
    assert report["rows"][0]["judgements_a_day"] == 4, "a share of less than half a trace is not nothing"
    assert report["basis"]["trace_bytes"] == pytest.approx(TRACE_BYTES.value)
    assert report["rows"][0]["store_bytes_a_day"] == 4 * TRACE_BYTES.value


def test_bytes_are_those_of_pages_in_use_whatever_the_files_hold(tmp_path: Path) -> None:
    async def main() -> tuple[int, int, int]:
        store = SqliteStore(tmp_path / "traces.db")
        for _ in range(3):  # the same traces: the log has their pages each time
            await store.add_traces([make_trace(f"t{n}") for n in range(300)])
        told = await size_of_traces(store)
        assert told is not None
        assert told.own == f"{told.each:,.0f} bytes a trace of the embedded store (300 traces)"
        files = sum(path.stat().st_size for path in tmp_path.iterdir() if not path.name.endswith("-shm"))
        full = await store.used_bytes()
        assert told.each == full / 300
        async with store._database.transaction() as writer:
            for table in ("observations", "traces"):
                await writer.execute(f"DELETE FROM {table}")
        left = await store.used_bytes()
        await store.close()
        return files, full, left

    files, full, left = asyncio.run(main())
    assert files > 1.5 * full, "the files are larger than what they hold"
    assert left < full / 2, "free pages are filled before the file grows"


def test_bytes_of_rows_are_those_of_the_records_pages() -> None:
    class Reader:
        details: Any

        async def examine(self) -> Check:
            return Check(name="record", status="ok", message="", details=self.details)

    def each(**details: object) -> float:
        reader = Reader()
        reader.details = details
        return asyncio.run(size_of_rows(cast("HistoryReader", reader))).each

    assert each(rows=2_000, bytes=4_000_000) == 2_000.0
    assert each(rows=999, bytes=4_000_000) == each(rows=2_000, bytes=None) == each(rows=0) == ROW_BYTES.value


def test_stores_have_their_part_of_the_traces() -> None:
    sizes = {"a": Size(1_000.0), "b": Size(3_000.0), "elsewhere": None}
    assert mean_size(sizes, {"a": 0.5, "b": 0.25, "elsewhere": 0.25}) == pytest.approx(1_250.0)
    assert mean_size({"elsewhere": None}, {"elsewhere": 1.0}) is None


@pytest.mark.parametrize(("kept", "seconds"), [(5, 3.0), (4, None), (0, None)])
def test_seconds_of_judgements_are_those_of_this_version_of_the_rubric(kept: int, seconds: float | None) -> None:
    rubric = Rubric(name="grounding")

    async def main() -> float | None:
        state = memory_state()
        for n in range(kept + 1):
            is_its = n < kept
            verdict = Verdict(judge="llm", tier=Tier.LLM, latency_s=1.0 + n if is_its else 99.0)
            outcome = Scored(scores={}, not_applicable={}, state="judged", comment="", revision="r", verdict=verdict)
            await state.verdicts.keep_all({f"k{n}": pack(KeptVerdict(trace_id=f"m{n}", outcome=outcome))}, ttl_s=60)
            version = rubric.content_hash() if is_its else "older"
            await state.ledger.promise([promise(f"m{n}", start=NOW, rubric_hash=version)], now=NOW, due=NOW)
            judgement = Judgement(verdict_key=f"k{n}", revision="r", judge="llm", state="judged", values={})
            change = transition(f"m{n}", LedgerState.OPEN, LedgerState.SCORED, judgement=judgement)
            await state.ledger.apply("grounding", [change], now=NOW)
        return await measured_seconds(state.ledger_reader, state.verdicts, rubric, NOW.date())

    assert asyncio.run(main()) == seconds


def test_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == capacity_schema()
