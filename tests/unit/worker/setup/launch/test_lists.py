"""The lists of before and after launch, as `assay doctor` tells them of a deployment without and with a record."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.launch.broker import Broker
from assay.worker.ports.history import RecordDocument
from assay.worker.records.history import HistoryRow
from assay.worker.signals.drift.records import BASELINE_KIND, CHECK_KIND
from assay.worker.stores.sqlite.store import SqliteStore
from assay.worker.wiring.history import open_record
from tests.builders import make_trace
from tests.contract.history.making import row

NOW = datetime.now(UTC)
FACTS = {
    "input_tokens": 900,
    "cost_usd": 0.01,
    "prompt_version": "7",
    "model_served": "m-1",
    "passages": 3,
    "first_token_s": 0.4,
    "session_id": "s",
    "feature": "search",
}
CONFIG = """
slos: {budget_usd_per_month: 100}
use_cases:
  - {name: bot, match: {environment: [production]}}
  - {name: search}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    (tmp_path / "assay.yaml").write_text(CONFIG)
    (tmp_path / ".assay").mkdir()
    return tmp_path


def fill(home: Path, rows: list[HistoryRow], documents: list[RecordDocument]) -> None:
    settings = load_settings().model_copy(update={"data_dir": home / ".assay"})

    async def write() -> None:
        record = open_record(settings, ConfigRoot(path=home))
        await record.writer.write(rows)
        for document in documents:
            await record.documents.keep(document)
        await record.close()

    asyncio.run(write())


def recent(trace_id: str, **over: Any) -> HistoryRow:
    at = NOW - timedelta(hours=3)
    moments = {"started_at": at, "ended_at": at, "selected_at": at, "changed_at": at}
    return row(trace_id, **{"use_case": "bot", "state": "scored", **moments, **FACTS, **over})


def examined(home: Path, heading: str) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(app, ["doctor", "-c", str(home), "--json"])
    assert result.exit_code == 0, result.output
    return {check["name"]: check for check in json.loads(result.stdout) if check["group"] == heading}


def test_a_new_deployment_has_everything_ahead(home: Path) -> None:
    async def add() -> None:
        store = SqliteStore(home / ".assay" / "traces.db")
        await store.add_traces([make_trace(f"t{n}", start=NOW - timedelta(minutes=20 + n)) for n in range(8)])
        await store.close()

    asyncio.run(add())
    before = examined(home, "Before launch")
    assert before["fact: tokens"]["status"] == "warn"
    assert before["fact: tokens"]["message"].startswith("100% of 8 traces lack it (traces of the store)")
    assert "gen_ai.usage.input_tokens" in before["fact: tokens"]["remedy"]
    assert before["golden set"]["message"] == "none of your own with 50 items or more: none"
    assert before["alerts reach a person"]["status"] == "warn"
    assert before["metrics"]["remedy"].startswith("set ASSAY_METRICS_PORT=9464")
    assert before["drift baselines"]["message"] == "none for bot, search"
    assert before["budgets"]["status"] == "ok", "the judge is local, and the application has a budget"
    assert before["from trace to score"]["status"] == "warn"
    assert examined(home, "After launch")["reviews"]["message"] == "due once traces have been judged"


def test_a_record_tells_what_traces_lack_and_what_is_due(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_METRICS_PORT", "9464")
    rows = [recent(f"t{n}") for n in range(10)]
    rows += [recent(f"u{n}", prompt_version=None, use_case="search") for n in range(5)]
    rows += [recent("dead", state="dead", **dict.fromkeys(FACTS))]
    kept = [
        RecordDocument(kind=BASELINE_KIND, key=name, at=NOW - timedelta(days=40), content={})
        for name in ("bot", "search")
    ]
    kept += [RecordDocument(kind=CHECK_KIND, key="bot", at=NOW - timedelta(days=3), content={})]
    fill(home, rows, kept)
    before = examined(home, "Before launch")
    lacking = before["fact: prompt version"]
    assert lacking["message"] == "33% of 15 traces lack it (the record, 7 days); needed for comparing prompts"
    assert lacking["lines"] == ["search: 100% of 5", "bot: 0% of 10"]
    told = ("tokens", "cost", "model", "retrieved text", "time to first token", "session")
    assert {before[f"fact: {name}"]["status"] for name in told} == {"ok"}
    assert before["alerts reach a person"]["message"] == "Prometheus, by its own rules"
    assert before["drift baselines"]["message"].startswith("captured for 2 of 2 use cases")
    assert before["from trace to score"]["message"] == "traces were judged and their scores recorded"
    after = examined(home, "After launch")
    assert after["drift check"]["message"] == "never of search"
    assert after["weekly golden run"]["message"] == "no golden set has a schedule"
    assert after["calibration"]["message"] == "none for grounding: its risk is told, and nothing pages"
    assert after["cost review"]["message"] == "`assay cost --by feature`: 100% of traces name one"
    assert "objectives" in after


def test_headings_stand_above_their_lists(home: Path) -> None:
    shown = CliRunner().invoke(app, ["doctor", "-c", str(home)]).stdout
    lines = shown.splitlines()
    assert lines.index("Before launch") < lines.index("After launch")
    assert shown.count("Before launch") == 1
