"""A telemetry whose exporters send to a receiver of the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from assay.worker.config.otel_variables import OtelVariables
from assay.worker.config.settings import OtelEvaluations
from assay.worker.records.ledger import LedgerEntry, Promise
from assay.worker.records.particulars import Particulars
from assay.worker.records.scores import Score
from assay.worker.telemetry.otel.destination import Destination
from assay.worker.telemetry.otel.pipeline import Pipeline, resource_of
from assay.worker.telemetry.otel.posting import OtlpPost
from assay.worker.telemetry.otel.result_exporter import ResultExporter
from assay.worker.telemetry.otel.start import Telemetry
from tests.builders import NOW
from tests.servers.otlp_server import OtlpServer

TRACE, ROOT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@contextmanager
def telemetry_to(
    server: OtlpServer, *, evaluations: OtelEvaluations = "events", timeout_s: float = 2.0, **variables: Any
) -> Iterator[Telemetry]:
    """Parts that nobody is registered with. What waits is sent at the end."""
    pipeline = Pipeline(
        resource_of("assess"),
        spans=OTLPSpanExporter(f"{server.url}/v1/traces", timeout=timeout_s),
        events=ResultExporter(OtlpPost(Destination(f"{server.url}/v1/logs", timeout_s=timeout_s))),
        metrics=lambda: OTLPMetricExporter(f"{server.url}/v1/metrics", timeout=timeout_s),
    )
    telemetry = Telemetry(pipeline, OtelVariables(**variables), evaluations=evaluations, provider_of=lambda _: "openai")
    try:
        yield telemetry
    finally:
        telemetry.close()


def make_entry(trace_id: str = TRACE, root_id: str | None = ROOT, **over: Any) -> LedgerEntry:
    """An entry of a trace that ended two seconds after its start."""
    promise = Promise.model_validate(
        {
            "trace_id": trace_id,
            "rubric": "grounding",
            "rubric_hash": "0" * 64,
            "use_case": "bot",
            "window": NOW.isoformat(),
            "start": NOW,
            "end": NOW + timedelta(seconds=2),
            "pi": 0.1,
            "stratum": "base",
            "selected_at": NOW,
            **over,
        }
    )
    return LedgerEntry(promise=promise, since=NOW, changed_at=NOW, particulars=Particulars(root_id=root_id))


def make_score(name: str = "faithfulness", value: float | str = 0.5, trace_id: str = TRACE, **over: Any) -> Score:
    """A score with the metadata that ours have."""
    metadata = {"revision": "r" * 64, "judge": "llm", "tier": "llm", "model_served": "gpt-x", "pi": 0.1}
    fields = {"id": f"{trace_id}-{name}", "comment": "contradicted: 1987", "timestamp": NOW, "metadata": metadata}
    return Score.model_validate({"trace_id": trace_id, "name": name, "value": value, **fields, **over})
