"""The way out: providers of spans, events and metrics, each with an exporter, a bounded queue and a time-out.

They are ours alone. The global providers, which an application or a library in this process may have set, stay as they
are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import NamedTuple

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter
from opentelemetry.sdk._logs import LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Tracer
from pydantic import BaseModel, Field

from assay.worker.config.otel_variables import OtelVariables
from assay.worker.config.settings import read_variables
from assay.worker.telemetry.otel.destination import logs_destination
from assay.worker.telemetry.otel.names import CALL_SECONDS, CALL_TOKENS, SECONDS_BUCKETS, TOKENS_BUCKETS
from assay.worker.telemetry.otel.posting import OtlpPost
from assay.worker.telemetry.otel.result_exporter import ResultExporter

SCOPE = "assay"
"""The instrumentation scope of all that we send."""

CLOSE_WITHIN_MS = 3_000


class Pipeline:
    """Where spans, events and metrics go. A part that is not sent is None."""

    def __init__(
        self,
        resource: Resource,
        *,
        spans: SpanExporter | None,
        events: LogRecordExporter | None,
        metrics: Callable[[], MetricExporter] | None,
    ) -> None:
        """Start the threads that send.

        Args:
            resource: who speaks.
            spans: sends spans. None: they are not sent.
            events: sends events.
            metrics: makes what sends metrics: who closes one of them ends it for nobody else.
        """
        self.resource = resource
        self.metrics = metrics
        self.scope = InstrumentationScope(SCOPE, _version())
        self.processor: SpanProcessor | None = None
        self.events: LogRecordProcessor | None = BatchLogRecordProcessor(events) if events is not None else None
        self._tracers = self._meters = None
        if spans is not None:
            self.processor = BatchSpanProcessor(spans)
            self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
            self._tracers.add_span_processor(self.processor)
        if metrics is not None:
            self._meters = _meter_provider(resource, [PeriodicExportingMetricReader(metrics())])

    @property
    def tracer(self) -> Tracer | None:
        """Begins spans."""
        return self._tracers.get_tracer(SCOPE, _version()) if self._tracers else None

    @property
    def meter(self) -> Meter | None:
        """Makes instruments."""
        return self._meters.get_meter(SCOPE, _version()) if self._meters else None

    def senders(self) -> list[Sender]:
        """What has to be closed, each by itself: one that is stuck keeps no other from sending what waits."""
        return [Sender(provider) for provider in (self._tracers, self.events, self._meters) if provider is not None]


class Sender(NamedTuple):
    """A provider or a processor that has something to send at its end."""

    provider: TracerProvider | LogRecordProcessor | MeterProvider

    def close(self) -> None:
        """Send what waits, for a few seconds, and end."""
        self.provider.force_flush(CLOSE_WITHIN_MS)
        self.provider.shutdown()


def otlp_pipeline(variables: OtelVariables, *, role: str) -> Pipeline:
    """The pipeline that the standard variables describe: address, headers, time-outs and certificates, too.

    Args:
        variables: which signals are sent.
        role: of this process, e.g. `assess`.
    """
    return Pipeline(
        resource_of(role),
        spans=OTLPSpanExporter() if variables.sends("traces") else None,
        events=_events_exporter() if variables.sends("logs") else None,
        metrics=OTLPMetricExporter if variables.sends("metrics") else None,
    )


class _Credentials(BaseModel):
    """Who gives sessions that carry credentials, e.g. of a cloud: only the SDK's own exporters take them."""

    for_all: str | None = Field(None, validation_alias="OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER")
    for_logs: str | None = Field(None, validation_alias="OTEL_PYTHON_EXPORTER_OTLP_HTTP_LOGS_CREDENTIAL_PROVIDER")


def _events_exporter() -> LogRecordExporter:
    credentials, destination = read_variables(_Credentials), logs_destination()
    if destination is None or credentials.for_all or credentials.for_logs:
        return OTLPLogExporter()
    return ResultExporter(OtlpPost(destination))


def resource_of(role: str) -> Resource:
    """Who speaks. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say otherwise where they are set."""
    own = Resource({"service.name": "assay", "service.version": _version(), "assay.role": role})
    told = Resource.create()
    named = {key: value for key, value in told.attributes.items() if not str(value).startswith("unknown_service")}
    return own.merge(Resource(named))


def _version() -> str:
    return version("assay-fleet")


def _meter_provider(resource: Resource, readers: Sequence[MetricReader]) -> MeterProvider:
    views = [
        View(instrument_name=name, aggregation=ExplicitBucketHistogramAggregation(buckets))
        for name, buckets in ((CALL_SECONDS, SECONDS_BUCKETS), (CALL_TOKENS, TOKENS_BUCKETS))
    ]
    return MeterProvider(metric_readers=readers, resource=resource, views=views, shutdown_on_exit=False)
