"""`assay serve` as a process: what it shows of a real deployment, what it refuses, how it ends."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.records.traces import Trace
from assay.worker.wiring.history import open_record
from assay.worker.wiring.judges import load_rubrics
from assay.worker.wiring.stores import open_deployment_store
from tests.builders import make_trace
from tests.e2e.test_command import assay, one_line
from tests.servers.page_process import PageProcess, serving_pages
from tests.unit.worker.reporting.period.history_rows import REVISION, a_row, a_week
from tests.waiting import PATIENCE_S

SENTENCE = "It cost 4 million."
RESPONSE = f"The bridge opened in 1932. Write to jo@example.org. {SENTENCE}"
EVIDENCE = "The bridge was opened in 1932."


def fill(home: Path) -> None:
    """A week in the record, and one trace in the embedded store: that of the riskiest answer."""
    (home / "assay.yaml").write_text("use_cases: [{name: bot, redact: [email]}]\n", encoding="utf-8")
    settings, root = load_settings().model_copy(update={"data_dir": home / ".assay"}), ConfigRoot(path=home)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    trace = make_trace("trace-1", start=today - timedelta(days=1), input="When did it open?", output=RESPONSE)
    rubric = load_rubrics(root, root.deployment(), settings)["grounding"]
    start = RESPONSE.index(SENTENCE)
    worst = a_row(
        1,
        started_at=trace.root.start,
        rubric_hash=rubric.content_hash(),
        risk=0.999,
        flagged_kind="contradicted",
        worst={"span": [start, start + len(SENTENCE)], "evidence": [[0, 0, len(EVIDENCE)]]},
    )

    async def write(trace: Trace) -> None:
        store = open_deployment_store(root, root.deployment(), settings, able_to=(WithTraceImport,))
        assert isinstance(store, WithTraceImport)
        await store.add_traces([trace])
        await store.close()
        record = open_record(settings, root)
        await record.writer.write([*a_week(200, first=10, start=today - timedelta(days=7)), worst])
        await record.close()

    asyncio.run(write(trace))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment that never ran a fleet on this machine."""
    home = tmp_path_factory.mktemp("serve")
    fill(home)
    return home


def opened(pages: PageProcess) -> str:
    """The page of the riskiest answer."""
    asked = {"use_case": "bot", "rubric": "grounding", "revision": REVISION, "trace_id": "trace-1"}
    answer = pages.get(f"answer?{urlencode(asked)}")
    assert answer.status == 200, answer.text[-2000:]
    return answer.text


def test_a_deployment_is_shown_without_redis_and_ends_in_order(home: Path) -> None:
    with serving_pages(home, "--days", "8") as pages, serving_pages(home, "--days", "8") as second:
        page = pages.figures()
        assert "no fleet runs on this machine" in page.text
        assert "n=2" in page.text
        assert second.figures().status == 200
        assert SENTENCE not in page.text
        text = opened(pages)
        assert f'<mark class="contradicted">{SENTENCE}</mark>' in text
        assert EVIDENCE in text
        assert "jo@example.org" not in text
        assert pages.get(headers={}).status == 401
        pages.process.send_signal(signal.SIGTERM)
        assert pages.process.wait(PATIENCE_S) == 0
        assert "Traceback" not in pages.log
        assert SENTENCE not in pages.log
    assert not (home / ".assay" / "valkey.sock").exists()


def test_sigterm_ends_it_while_figures_are_read(home: Path) -> None:
    with serving_pages(home, ASSAY_DATABASE_URL="postgresql://u:secret@10.255.255.1:5432/x") as pages:
        assert pages.get().status == 503
        pages.process.send_signal(signal.SIGTERM)
        assert pages.process.wait(PATIENCE_S) == 0
        assert "secret" not in pages.log


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"ASSAY_SERVE_HOST": "0.0.0.0"}, "ASSAY_SERVE_HOST: 0.0.0.0 can be reached by others"),
        ({"ASSAY_SERVE_TOKEN": "hunter2"}, "ASSAY_SERVE_TOKEN: is shorter than 16 characters"),
    ],
)
def test_what_would_leave_it_open_is_refused(home: Path, env: dict[str, str], words: str) -> None:
    done = assay("serve", cwd=home, ASSAY_LOG_FORMAT="console", **env)
    assert done.returncode == 2
    assert words in one_line(done.stderr)
    assert "hunter2" not in done.stderr
