"""Commands that would send a use case's text to a judge that it forbids end before a byte goes there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.golden_home import EVIDENCE, GOOD, Home
from tests.unit.worker.wiring.test_forbidden_endpoint import ByteCounter

ASSAY = "use_cases: [{name: bot, judges_allowed: [local], rubrics: [grounding]}]\n"
RUBRIC = "{name: outside, judge: {tiers: [llm], llm: {model: m, endpoint: outside}}}\n"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[ByteCounter]:
    with ByteCounter() as counter:
        monkeypatch.setenv("ASSAY_ENDPOINT_OUTSIDE_URL", counter.url)
        monkeypatch.setenv("ASSAY_ENDPOINT_OUTSIDE_KEY", "sk-x")
        yield counter


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    (made.path / "assay.yaml").write_text(ASSAY, encoding="utf-8")
    (made.path / "rubrics").mkdir()
    (made.path / "rubrics" / "outside.yaml").write_text(RUBRIC, encoding="utf-8")
    start = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    retriever = {"type": "retriever", "start": start, "output": [{"text": EVIDENCE}]}
    trace = {"id": "t1", "name": "bot", "start": start, "end": start, "input": {"question": "When?"}}
    line = {**trace, "output": {"answer": GOOD}, "observations": [retriever]}
    (made.path / "t.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    assert made.assay("import", str(made.path / "t.jsonl")) == 0
    rows = [
        {"id": f"s{n}", "question": "?", "contexts": [EVIDENCE], "response": GOOD, "label": n % 2} for n in range(30)
    ]
    (made.path / "s.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return made


@pytest.mark.parametrize(
    "command",
    [
        ("judge", "s.jsonl", "--rubric", "outside", "--use-case", "bot"),
        ("calibrate", "--labels", "s.jsonl", "--rubric", "outside", "--use-case", "bot"),
        ("golden", "add", "bot-v1", "t1"),
        ("replay", "t1", "--target", "bot-v1"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_command_ends_before_a_byte_is_sent(
    command: tuple[str, ...], home: Home, endpoint: ByteCounter, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write(releases={}, baseline=None, rubric="outside", target={"kind": "http", "url": "http://127.0.0.1:9/"})
    before = {path: path.read_bytes() for path in home.set.glob("*.jsonl")}
    capsys.readouterr()
    named = [str(home.path / part) if part.endswith(".jsonl") else part for part in command]
    assert home.assay(*named) == 2
    assert "use_cases.bot.judges_allowed" in " ".join(capsys.readouterr().err.split())
    assert (endpoint.connections, endpoint.bytes) == (0, 0)
    assert {path: path.read_bytes() for path in home.set.glob("*.jsonl")} == before
