"""A way of asking that an endpoint cannot give is refused where the judge is built, before anything is paid for."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.wiring.judges import build_evaluator


@pytest.mark.parametrize(
    ("section", "ask", "is_refused"),
    [
        ("logprobs: false", "sentences", True),
        ("protocol: anthropic", "sentences", True),
        ("logprobs: true", "sentences", False),
        ("protocol: gemini", "sentences", False),
        ("logprobs: false", "table", False),
        ("protocol: anthropic", "table", False),
    ],
)
def test_sentences_need_token_probabilities(tmp_path: Path, section: str, ask: str, *, is_refused: bool) -> None:
    (tmp_path / "assay.yaml").write_text("use_cases: [{name: a}]\n")
    (tmp_path / "endpoints.yaml").write_text(f"in-house: {{url: 'http://127.0.0.1:9/v1', {section}}}\n")
    llm = {"model": "m", "endpoint": "in-house", "ask": ask}
    rubric = Rubric.model_validate({"name": "r", "judge": {"tiers": ["llm"], "llm": llm}})
    if not is_refused:
        build_evaluator(rubric, ConfigRoot(path=tmp_path), Settings())
        return
    with pytest.raises(ConfigurationError, match="sentences needs token probabilities"):
        build_evaluator(rubric, ConfigRoot(path=tmp_path), Settings())
