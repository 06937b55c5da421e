"""What Redis holds under a hash is used only if it has that hash."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assay.judges.rubric import Rubric
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.state.memory.state import memory_state
from assay.worker.wiring.runtime import Runtime

MINE = Rubric(name="grounding")
FORGED = Rubric(name="grounding", closed_book="score")


@pytest.mark.parametrize("asked", [MINE.content_hash(), "f" * 64])
def test_document_with_another_content_is_no_such_document_and_an_error_line(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: bot}]\n")

    async def ask() -> None:
        runtime = Runtime(Settings(), ConfigRoot(path=tmp_path), redis_url="redis://127.0.0.1:1/0")
        monkeypatch.setattr(runtime, "state", memory_state())
        runtime.rubrics.clear()
        await runtime.state.documents.put(asked, FORGED.content())
        assert await runtime.evaluator(asked) is None
        assert await runtime.evaluator(FORGED.content_hash(), asked) is None
        await runtime.store.close()

    asyncio.run(ask())
    assert "document.wrong_content" in capsys.readouterr().out
