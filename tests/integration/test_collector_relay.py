"""A real OTLP relay forwards to the collector what an application sends it: spans, and log events under them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml

from assay.worker.records.traces import Trace, TraceKey
from assay.worker.stores.sqlite.store import SqliteStore
from tests.compose_file import ROOT
from tests.servers.collector_process import CollectorProcess, running_collector
from tests.servers.otlp_relay import relaying_to
from tests.waiting import PATIENCE_S, until

TRACES = 50
TO_ASSAY = ROOT / "deploy" / "compose" / "to-assay.yaml"

APPLICATION = """
import sys
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

endpoint, traces = sys.argv[1], int(sys.argv[2])
provider, logs = TracerProvider(), LoggerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint + "/v1/traces")))
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint + "/v1/logs")))
tracer, logger = provider.get_tracer("bot"), logs.get_logger("bot")
for number in range(traces):
    with tracer.start_as_current_span("chat"):
        with tracer.start_as_current_span("chat gpt") as call:
            call.set_attribute("gen_ai.operation.name", "chat")
            logger.emit(LogRecord(event_name="gen_ai.user.message", body={"content": f"Question {number}?"}))
            message = {"role": "assistant", "content": "In 1932."}
            logger.emit(LogRecord(event_name="gen_ai.choice", body={"index": 0, "message": message}))
provider.shutdown()
logs.shutdown()
"""


def shown(collector: CollectorProcess) -> list[Trace]:
    """Every trace that the store shows."""

    async def read() -> list[Trace]:
        store = SqliteStore(collector.database)
        try:
            end = datetime(2100, 1, 1, tzinfo=UTC)
            pages = store.list_roots(datetime(2026, 1, 1, tzinfo=UTC), end)
            keys = [TraceKey(trace_id=root.trace_id, start=root.start) async for page in pages for root in page]
            return [trace for trace in (await store.fetch_traces(keys)).values() if isinstance(trace, Trace)]
        finally:
            await store.close()

    return asyncio.run(read())


def headers_of_compose(token: str) -> dict[str, str]:
    """What the OpenTelemetry Collector of docker-compose.yml is told to show our collector."""
    exporter = yaml.safe_load(TO_ASSAY.read_text())["exporters"]["otlp_http/assay"]
    return {name: text.replace("${env:ASSAY_COLLECTOR_TOKEN}", token) for name, text in exporter["headers"].items()}


def test_spans_and_events_arrive_through_a_relay_that_has_the_token(tmp_path: Path) -> None:
    with (
        running_collector(tmp_path / "collector", ASSAY_COLLECTOR_TOKEN="a1b2c3") as collector,
        relaying_to(collector.url, tmp_path, headers_of_compose("a1b2c3")) as relay,
    ):
        argv = [sys.executable, "-c", APPLICATION, relay, str(TRACES)]
        subprocess.run(argv, check=True, timeout=PATIENCE_S)
        until(lambda: collector.metrics()["assay_collector_spans_total", "kept"] == 2 * TRACES, every_s=0.2)
        until(lambda: collector.metrics()["assay_collector_log_records_total", "kept"] == 2 * TRACES, every_s=0.2)
        traces = shown(collector)
    assert len(traces) == TRACES
    calls = [step for trace in traces for step in trace.observations]
    assert sum("Question" in str([step.input, step.metadata]) for step in calls) == TRACES
    assert sum("In 1932." in str([step.output, step.metadata]) for step in calls) == TRACES
