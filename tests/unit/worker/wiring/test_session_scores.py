"""A rubric that asks for scores on sessions needs a store that shows them, and says so before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.stores.registry import factory_of
from assay.worker.wiring.judges import check_deployment


def deployed(home: Path, kind: str, write: str) -> ConfigRoot:
    (home / "rubrics").mkdir()
    (home / "rubrics" / "grounding.yaml").write_text(f"name: grounding\nwrite: {write}\n")
    (home / "assay.yaml").write_text(f"store: {{kind: {kind}}}\nuse_cases: [{{name: bot, rubrics: [grounding]}}]\n")
    return ConfigRoot(path=home)


@pytest.mark.parametrize(("kind", "write"), [("langfuse", "{sessions: true}"), ("sqlite", "{prefix: a_}")])
def test_what_the_store_can_show_is_taken(
    tmp_path: Path, kind: str, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in factory_of(kind).keys:
        monkeypatch.setenv(key, "a-key")
    check_deployment(deployed(tmp_path, kind, write), Settings(data_dir=tmp_path))


def test_session_scores_are_refused_where_the_store_shows_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"rubric grounding: write\.sessions: SQLite shows .* leave it out"):
        check_deployment(deployed(tmp_path, "sqlite", "{sessions: true}"), Settings(data_dir=tmp_path))
