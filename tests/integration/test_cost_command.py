"""`assay cost` from the command line, without Redis."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import jsonschema
import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.wiring.history import open_record
from tests.e2e.test_command import assay, one_line
from tests.unit.worker.reporting.period.history_rows import a_week

ROOT = Path(__file__).parents[2]
NOWHERE = "redis://127.0.0.1:1/0"
WEEK = ("--since", "2026-11-23", "--until", "2026-11-29")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with a week in its record, and a budget."""
    home = tmp_path_factory.mktemp("cost")
    slos = "slos: {budget_usd_per_month: 100}\n"
    (home / "assay.yaml").write_text(f"{slos}use_cases: [{{name: bot}}]\n", encoding="utf-8")
    settings = load_settings().model_copy(update={"data_dir": home / ".assay"})

    async def fill() -> None:
        record = open_record(settings, ConfigRoot(path=home))
        await record.writer.write(list(a_week(200)))
        await record.close()

    asyncio.run(fill())
    return home


def test_a_week_is_told_as_data_and_in_words(home: Path) -> None:
    done = assay("cost", *WEEK, "--by", "prompt_version", "--json", cwd=home, ASSAY_REDIS_URL=NOWHERE)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    jsonschema.validate(report, json.loads((ROOT / "docs/cost.schema.json").read_text(encoding="utf-8")))
    assert report["schema"] == 1
    (case,) = report["use_cases"]
    assert case["whole"]["total"]["low"] <= case["whole"]["total"]["value"] <= case["whole"]["total"]["high"]
    assert sum(part["n"] for part in case["parts"]) == case["whole"]["n"]
    words = assay("cost", *WEEK, "--by", "day", cwd=home, ASSAY_REDIS_URL=NOWHERE)
    assert words.returncode == 0, words.stderr
    assert "2026-11-25" in words.stdout


def test_trouble_is_one_line(home: Path) -> None:
    done = assay("cost", "--use-case", "bott", cwd=home, ASSAY_REDIS_URL=NOWHERE)
    assert done.returncode == 2
    assert "--use-case 'bott': neither in assay.yaml nor in the record; did you mean bot?" in one_line(done.stderr)
