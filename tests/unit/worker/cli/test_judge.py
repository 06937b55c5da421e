"""What `assay judge` refuses before it judges anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.judges.errors import ConfigurationError
from assay.worker.cli.commands import app

SAMPLE = '{"id": "a", "question": "When?", "contexts": ["It opens at 9."], "response": "It opens at 9."}\n'


@pytest.mark.parametrize("name", ["v.csv", "v.tsv", "v.parquet", "V.PQ"])
def test_a_table_of_verdicts_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text(SAMPLE)
    out = tmp_path / name
    done = CliRunner().invoke(app, ["judge", str(tmp_path / "answers.jsonl"), "--out", str(out)])
    assert isinstance(done.exception, ConfigurationError)
    assert str(done.exception) == f"--out {out}: verdicts are JSON, one a line; name a file that ends in .jsonl"
    assert not out.exists()


def test_verdicts_go_where_they_are_told(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text(SAMPLE)
    done = CliRunner().invoke(app, ["judge", str(tmp_path / "answers.jsonl"), "--out", str(tmp_path / "v.jsonl")])
    assert done.exit_code == 0, done.output
    assert '"id": "a"' in (tmp_path / "v.jsonl").read_text()
