"""`assay slo` over a record in SQLite: what is said, the data, and what is refused. No Redis runs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app
from assay.worker.history.opening import FILE, open_history
from assay.worker.records.history import HistoryRow
from assay.worker.signals.slos.records import slo_schema
from tests.unit.worker.signals.rows import row

POLICY = """\
store: {kind: sqlite}
slos: {profile: rag, use_cases: {chat-*: {profile: chat}}}
use_cases: [{name: bot}, {name: chat-support}, {name: idle}]
"""


def rows() -> list[HistoryRow]:
    """A bot that is slow in a fifth of its traces, and a chat that says nothing of its first token."""
    now = datetime.now(UTC)
    written = []
    for k in range(400):
        start = now - timedelta(hours=0.5 + k)
        facts = {"ended_at": start, "selected_at": start, "changed_at": start + timedelta(minutes=7), "cost_usd": 0.01}
        slow = {"duration_s": 9.0 if k % 5 == 0 else 0.4}
        both = ("bot", "chat-support")
        written += [row(f"{name}-{k}", use_case=name, started_at=start, pi=0.1, **facts, **slow) for name in both]
    return written


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment whose record has these rows."""
    folder = tmp_path_factory.mktemp("deployment")

    async def write() -> None:
        history = open_history(None, folder / FILE)
        try:
            await history.writer.write(rows())
        finally:
            await history.close()

    (folder / "assay.yaml").write_text(POLICY)
    asyncio.run(write())
    return folder


def run(home: Path, *args: str) -> Result:
    env = {"ASSAY_DATA_DIR": str(home), "ASSAY_REDIS_URL": "redis://localhost:1/0", "COLUMNS": "80"}
    return CliRunner().invoke(app, ["slo", "--config", str(home), *args], env=env)


def test_a_terminal_of_80_columns_shows_what_is_left(home: Path) -> None:
    done = run(home)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert max(map(len, lines)) <= 80
    words = [" ".join(line.split()) for line in lines]
    assert "latency 95% ≤ 2 s 80.0% (75.8–83.6) 400 -300% 20.0 4.2 4.0" in words
    assert "latency 95% ≤ 0.5 s 80.0% (75.8–83.6) 400 -300% 20.0 4.2 4.0" in words
    assert "goodput all at once 80.0% (75.8–83.6) 400" in words
    assert "first token: no trace says its time to first token" in words
    assert "goodput leaves out first token, token time: too little is known of it" in words
    assert "no trace of this use case came to its end in the period" in words


def test_the_data_has_a_form_and_the_period_that_was_asked_for(home: Path) -> None:
    done = run(home, "--use-case", "bot", "--days", "7", "--json")
    data = json.loads(done.stdout)
    jsonschema.validate(data, slo_schema())
    (case,) = data["use_cases"]
    assert (data["schema"], data["period"], case["use_case"]) == (1, "7d", "bot")
    latency = next(each for each in case["objectives"] if each["name"] == "latency")
    assert set(latency["windows"]) == {"1h", "6h", "24h", "3d", "7d"}
    assert latency["windows"]["7d"]["n"] == case["traces"]
    assert json.loads(run(home, "--since", "36h", "--json").stdout)["period"] == "36h"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--use-case", "bots"), "did you mean 'bot'"),
        (("--since", "7d", "--days", "7"), "--since and --days: both say where to begin"),
        (("--since", "2d ago"), "--since: '2d ago' is no moment"),
        (("--since", "now"), "--since: 'now' is not between an hour and 400 days ago"),
        (("--since", "1999-01-01"), "is not between an hour and 400 days ago"),
    ],
)
def test_what_cannot_be_told_is_an_input_error(home: Path, args: tuple[str, ...], words: str) -> None:
    error = run(home, *args).exception
    assert isinstance(error, ConfigurationError)
    assert words in str(error)


def test_of_many_use_cases_there_is_a_line_each(home: Path, tmp_path: Path) -> None:
    names = ["bot", *(f"bot-{k}" for k in range(30))]
    listed = "\n".join(f"  - {{name: {name}}}" for name in names)
    (tmp_path / "assay.yaml").write_text(f"store: {{kind: sqlite}}\nslos: {{profile: rag}}\nuse_cases:\n{listed}\n")
    env = {"ASSAY_DATA_DIR": str(home), "ASSAY_REDIS_URL": "redis://localhost:1/0", "COLUMNS": "80"}
    done = CliRunner().invoke(app, ["slo", "--config", str(tmp_path)], env=env)
    assert done.exit_code == 0, done.output
    (bot,) = (" ".join(line.split()) for line in done.output.splitlines() if line.startswith("bot "))
    assert bot == "bot 400 80.0% (75.8–83.6) -300% latency"
