"""The promise to a team with Langfuse: set two keys, run `assay init`, and scores appear on the traces."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.e2e.test_command import PATHS, assay
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.waiting import PATIENCE_S, until


def test_two_keys_and_init_make_scores_appear_on_the_traces(tmp_path: Path) -> None:
    with LangfuseServer(LangfuseSettings(score_lag_s=1.0)) as server:
        now = int(time.time() * 1000)
        server.project.add_synthetic(120, start_ms=now - 3 * 3_600_000, span_ms=2 * 3_600_000, seed=5)
        keys = {
            "LANGFUSE_BASE_URL": server.url,
            "LANGFUSE_PUBLIC_KEY": server.public_key,
            "LANGFUSE_SECRET_KEY": server.secret_key,
        }
        begun = assay("init", cwd=tmp_path, **keys)
        assert begun.returncode == 0, begun.stderr
        examined = assay("doctor", cwd=tmp_path, **keys)
        assert examined.returncode == 0, examined.stdout + examined.stderr
        scored = _scored_while_up(server, tmp_path, keys, at_least=30)
        status = assay("status", "--json", cwd=tmp_path, **keys)
    assert len(scored) >= 30
    assert all({"answer_check"} <= names for names in scored.values())
    assert any({"groundedness", "faithfulness", "hallucination_risk"} <= names for names in scored.values())
    assert '"adds_up": true' in status.stdout
    logs = "\n".join(path.read_text() for path in (tmp_path / ".assay" / "logs").glob("*.log"))
    assert server.secret_key not in logs + begun.stdout + examined.stdout + status.stdout


def _scored_while_up(server: LangfuseServer, home: Path, keys: dict[str, str], *, at_least: int) -> dict[str, set[str]]:
    """The names of the scores by trace id, once enough traces of production have some."""
    argv = [sys.executable, "-m", "assay.worker.cli", "up"]
    with subprocess.Popen(argv, cwd=home, env={**PATHS, "HOME": str(home), **keys}) as up:
        try:
            until(lambda: up.poll() is not None or len(_scores(server)) >= at_least, every_s=0.5)
            assert up.poll() is None, "assay up ended by itself"
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(PATIENCE_S)
    return _scores(server)


def _scores(server: LangfuseServer) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with server.project.lock:
        server.project.scores.settle(int(time.time() * 1000))
        for row in server.project.scores.rows():
            found.setdefault(row.subject["id"], set()).add(row.name)
    return {trace_id: names for trace_id, names in found.items() if "answer_check" in names}
