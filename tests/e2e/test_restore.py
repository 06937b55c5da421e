"""A backup of a fleet that runs, and what it makes of an older broker: no score is lost, and none is there twice."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from assay.worker.backup.deployment_files import DeploymentFiles
from assay.worker.backup.manifest import Manifest
from assay.worker.backup.sources import BROKER_FOLDER
from assay.worker.backup.taking import take_backup
from tests.e2e.running import Deployed, by_trace_and_name, make_traces
from tests.servers.openai_server import Answer, Body, OpenAIServer, judges_well
from tests.waiting import PATIENCE_S

N, FIRST = 12, 5
"""Traces, and those that are judged before the copy."""


def test_older_broker_doubles_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker alone is put back to the middle of the work. The store keeps what was written since."""
    is_copied = threading.Event()

    def waits(request: Body) -> Answer:
        is_copied.wait(2 * PATIENCE_S)
        return judges_well(request)

    with OpenAIServer([*[judges_well] * FIRST, *[waits] * (N - FIRST)]) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        over: dict[str, Any] = {"openai_base_url": endpoint.url, "judge_concurrency": 2, "judge_timeout_s": 600}
        deployed = Deployed.create(tmp_path / "d", make_traces(N), rubric="grounding-llm", **over)
        files = DeploymentFiles(tmp_path / "d" / ".assay", {}, "file", "embedded")
        with deployed.running():
            deployed.await_that(lambda: len(deployed.scores()) > 0)
            manifest = take_backup(files, tmp_path / "b")
            is_copied.set()
            deployed.settled(N)
        whole, paid = by_trace_and_name(deployed.scores()), len(endpoint.requests)
        assert 0 < _rows(manifest, "traces.db", "scores") < len(whole), "the backup is of the middle"

        shutil.rmtree(files.data_dir / BROKER_FOLDER)
        shutil.copytree(tmp_path / "b" / "data" / BROKER_FOLDER, files.data_dir / BROKER_FOLDER)
        with deployed.running():
            deployed.settled(N)
    assert by_trace_and_name(deployed.scores()).keys() == whole.keys(), "a score was lost or is there twice"
    assert paid < len(endpoint.requests) < 2 * paid, "what ended after the copy is judged again, and nothing else"


def _rows(manifest: Manifest, name: str, table: str) -> int:
    return next(facts.rows[table] for file, facts in manifest.databases if file.path.endswith(name))
