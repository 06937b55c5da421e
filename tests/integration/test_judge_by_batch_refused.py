"""Golden sets that want a provider's batches where there are none: told before the first scheduled run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.golden_home import Home

ASKED = "name: asked\njudge: {tiers: [llm], llm: {model: some-model}}\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "d")


def refused(home: Home, capsys: pytest.CaptureFixture[str]) -> str:
    """What `verify` and `freeze` say of a set that was frozen before it wanted batches."""
    told = []
    for command in ("verify", "freeze"):
        assert home.assay("golden", command, "bot-v1") == 2
        told.append(" ".join(capsys.readouterr().err.split()))
    assert told[0] == told[1]
    return told[0]


def want_batches(home: Home) -> None:
    manifest = home.set / "manifest.yaml"
    manifest.write_text(manifest.read_text() + 'schedule: {weekly: "Mon 06:00", judge_by: batch}\n')


def test_rubric_that_asks_no_model_cannot_be_judged_by_batches(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    want_batches(home)
    assert "schedule.judge_by: batch: rubric grounding asks no model; leave judge_by out" in refused(home, capsys)


@pytest.mark.parametrize(("protocol", "has_batches"), [("gemini", False), ("anthropic", True), ("openai", True)])
def test_endpoint_whose_protocol_has_no_batches_is_named(
    home: Home, capsys: pytest.CaptureFixture[str], protocol: str, *, has_batches: bool
) -> None:
    (home.path / "rubrics").mkdir()
    (home.path / "rubrics" / "asked.yaml").write_text(ASKED)
    (home.path / "endpoints.yaml").write_text(f"default: {{url: 'http://127.0.0.1:9/v1', protocol: {protocol}}}\n")
    home.write(rubric="asked")
    want_batches(home)
    if has_batches:
        assert home.assay("golden", "verify", "bot-v1") == 0
        return
    assert "endpoint default speaks gemini, which has no batches here; leave judge_by out" in refused(home, capsys)


def test_misspelt_way_of_judging_is_told(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    manifest = home.set / "manifest.yaml"
    manifest.write_text(manifest.read_text() + 'schedule: {weekly: "Mon 06:00", judge_by: batches}\n')
    assert home.assay("golden", "verify", "bot-v1") == 2
    assert "schedule.judge_by" in capsys.readouterr().err
