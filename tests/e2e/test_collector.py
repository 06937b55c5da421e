"""Traces sent by a real OpenTelemetry SDK into the collector of a real fleet: each is scored, once.

The collector is killed with -9 in the middle. The SDK's exporter sends again what was not answered.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.wiring.runtime import Runtime
from tests.e2e.running import Deployed
from tests.scraping import asked, free_ports
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.e2e

TRACES = 1_000

CONFIG = """
collector: {}
defaults: {quiet_seconds: 1, min_per_day: 0, low_traffic: {below_per_day: 0}, rubrics: [grounding]}
use_cases:
  - {name: bot, rate: 1.0, allow_rate: true}
"""

APPLICATION = """
import sys, time
from pathlib import Path
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

endpoint, traces, progress = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
resource = Resource.create({"service.name": "bot", "deployment.environment.name": "production"})
provider = TracerProvider(resource=resource)
exporter = OTLPSpanExporter(endpoint + "/v1/traces", headers={"authorization": "Bearer e2e-token"}, timeout=120)
size = {"max_queue_size": 10_000, "max_export_batch_size": 100}
provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200, **size))
tracer = provider.get_tracer("bot")
PASSAGE = "The bridge was opened in 1932."
ANSWERS = (PASSAGE, "Purple elephants invented the telephone in Berlin.")
for number in range(traces):
    with tracer.start_as_current_span("chat") as root:
        root.set_attribute("input.value", f"Question {number}: when was the bridge opened?")
        with tracer.start_as_current_span("retrieve") as step:
            step.set_attribute("openinference.span.kind", "RETRIEVER")
            step.set_attribute("retrieval.documents.0.document.content", PASSAGE)
        root.set_attribute("output.value", ANSWERS[number % 2])
    progress.write_text(str(number + 1))
    time.sleep(0.01)
provider.shutdown()
"""


def test_a_thousand_traces_of_a_real_sdk_are_scored_once_each_over_a_kill(tmp_path: Path) -> None:
    home, port, progress = tmp_path / "home", free_ports(1), tmp_path / "progress"
    deployed = Deployed.create(home, [], collector_port=port, collector_token="e2e-token")
    (home / "assay.yaml").write_text(CONFIG)
    with deployed.running():
        _await_answer(deployed, port)
        application = subprocess.Popen(
            [sys.executable, "-c", APPLICATION, f"http://127.0.0.1:{port}", str(TRACES), str(progress)],
            stderr=subprocess.PIPE,
        )
        deployed.await_that(lambda: progress.exists() and int(progress.read_text() or 0) > TRACES / 2)
        deployed.kill("collector")
        deployed.await_that(lambda: application.poll() is not None)
        _, told = application.communicate(timeout=PATIENCE_S)
        assert application.returncode == 0, told.decode()
        assert b"Failed to export" not in told, told.decode()
        log = (home / ".assay" / "logs" / "collector.log").read_text()
        assert log.count("collector.listening") == 2, "it was killed while the application sent, and started again"
        funnel = deployed.settled(TRACES)
        assert sum(row.seen for row in funnel.rows) == TRACES
        scored = deployed.scores()
        risks = [score for score in scored.values() if score.name == "hallucination_risk"]
        assert len({score.trace_id for score in risks}) == len(risks) == TRACES
        assert _wrong_ones_stand_out(deployed, risks)


def _await_answer(deployed: Deployed, port: int) -> None:
    def answers() -> bool:
        try:
            return asked(f"http://127.0.0.1:{port}/readyz").status == 200
        except OSError:
            return False

    deployed.await_that(answers)


def _wrong_ones_stand_out(deployed: Deployed, risks: list[Score]) -> bool:
    """The evidence came with the spans: what it does not say has the higher risk."""

    async def answers(runtime: Runtime) -> dict[str, object]:
        told: dict[str, object] = {}
        for first in range(0, len(risks), 200):
            keys = [TraceKey(trace_id=score.trace_id, start=score.timestamp) for score in risks[first : first + 200]]
            traces = await runtime.store.fetch_traces(keys)
            told |= {trace.id: trace.output for trace in traces.values() if isinstance(trace, Trace)}
        return told

    outputs = deployed.ask(answers)
    wrong = [float(score.value) for score in risks if "elephants" in str(outputs[score.trace_id])]
    right = [float(score.value) for score in risks if "1932" in str(outputs[score.trace_id])]
    return len(wrong) == len(right) == TRACES / 2 and max(right) < min(wrong)
