"""`assay dead … --rubric`: a misspelt name would match nothing, and look like success."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app
from assay.worker.launch.broker import Broker


@pytest.mark.parametrize("command", ["replay", "drop"])
def test_unknown_rubric_is_refused(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str
) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: a}]")
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    asked = ["dead", command, "--all", "--config", str(tmp_path), "--rubric"]
    done = CliRunner().invoke(app, [*asked, "groundng"])
    assert isinstance(done.exception, ConfigurationError)
    assert str(done.exception).startswith("--rubric: 'groundng': unknown; did you mean 'grounding'?")
    done = CliRunner().invoke(app, [*asked, "grounding"])
    assert (done.exit_code, done.stdout[:2]) == (0, "0 ")
