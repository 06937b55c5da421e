"""`assay drift` from the command line, without Redis: one use case has traffic, another hardly any."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.wiring.history import open_record
from tests.e2e.test_command import assay, one_line
from tests.unit.worker.signals.drift.bots import MONDAY, traffic
from tests.unit.worker.signals.rows import row

NOWHERE = "redis://127.0.0.1:1/0"
FIRST = ("--since", "2026-11-23", "--until", "2026-11-29")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment whose first use case is idle."""
    home = tmp_path_factory.mktemp("drift")
    (home / "assay.yaml").write_text("use_cases: [{name: idle}, {name: bot}]\n", encoding="utf-8")
    settings = load_settings().model_copy(update={"data_dir": home / ".assay"})

    async def fill() -> None:
        record = open_record(settings, ConfigRoot(path=home))
        await record.writer.write([*traffic(250, since=MONDAY), row("only", use_case="idle")])
        await record.close()

    asyncio.run(fill())
    return home


def test_use_cases_with_too_little_are_named_and_hold_up_no_other(home: Path) -> None:
    done = assay("drift", "baseline", *FIRST, cwd=home, ASSAY_REDIS_URL=NOWHERE)
    assert done.returncode == 0, done.stderr
    assert "bot: baseline" in done.stdout
    assert "not captured: drift baseline of idle: " in one_line(done.stderr)
    assert "has 1 trace, and 200 are needed" in one_line(done.stderr)
    both = assay("drift", "baseline", *FIRST, "--json", "--use-case", "idle", cwd=home, ASSAY_REDIS_URL=NOWHERE)
    assert both.returncode == 2
    told = json.loads(both.stdout)
    assert (told["baselines"], list(told["left_out"])) == ([], ["idle"])
