"""The examples of the pages on judging in Python and on judging a file, with a judge model that answers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay import judge
from assay.worker.batch.explanation import explain_verdict
from tests.servers.openai_server import OpenAIServer

PAGES = Path(__file__).parents[4] / "docs" / "how-to"
PAGE = PAGES / "judge-in-python.md"
FILE_PAGE = PAGES / "judge-a-file.md"
ROW = {"id": "a", "question": "When?", "contexts": ["It opened in 1932."], "response": "It opened in 1987."}


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "answers.jsonl").write_text(json.dumps(ROW) + "\n")
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: support, redact: [email]}]\n")
    monkeypatch.chdir(tmp_path)
    with OpenAIServer() as server:
        for name, value in {"BASE_URL": server.url, "API_KEY": "key"}.items():
            monkeypatch.setenv(f"OPENAI_{name}", value)
        monkeypatch.setenv("ASSAY_JUDGE_MODEL", "gpt-5.4-mini")
        yield


@pytest.mark.usefixtures("surroundings")
def test_documented_examples_run_and_print_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, Any] = {}
    printed = []
    for block in blocks:
        exec(block, names)  # our own page
        printed.append(capsys.readouterr().out)
    first = printed[0].splitlines()
    comments = re.findall(r"^print\(.*?\) *# (.*?)(?: …)?$", blocks[0], re.MULTILINE)
    assert len(first) == len(comments) == 2
    assert all(line.startswith(comment) for line, comment in zip(first, comments, strict=True))
    assert "contradicted" in printed[1]
    verdicts = asyncio.run(names["check"]([ROW]))
    assert verdicts[0].record["judge"] == "llm"


def test_page_on_files_shows_what_comes_out(tmp_path: Path) -> None:
    page = FILE_PAGE.read_text(encoding="utf-8")
    given, shown = page.split("$ cat answers.jsonl\n")[1].split("```")[0].split("$ assay judge answers.jsonl", 1)
    (tmp_path / "answers.jsonl").write_text(given)
    verdicts = judge(tmp_path / "answers.jsonl")
    blocks = ["\n".join(explain_verdict(verdict.record)) for verdict in verdicts]
    assert shown.split("\n", 1)[1] == "\n".join([*blocks, "2 judged (2 scored)\n"])
