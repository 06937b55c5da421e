"""What a process begins where an endpoint of OpenTelemetry is set, and how it ends."""

from __future__ import annotations

import threading
import time

from assay.worker.config.otel_variables import OtelVariables
from assay.worker.config.settings import OtelEvaluations
from assay.worker.telemetry.observe import add_call_observer, add_observer, add_surrounding
from assay.worker.telemetry.otel.assessments import EvaluationWay, OtelWatch
from assay.worker.telemetry.otel.calls import CallSpans, ProviderOf
from assay.worker.telemetry.otel.evaluations import EvaluationEvents, EvaluationSpans
from assay.worker.telemetry.otel.fleet_metrics import EVERY_S, FleetMetricsSender, Gather
from assay.worker.telemetry.otel.names import Naming
from assay.worker.telemetry.otel.pipeline import Pipeline, otlp_pipeline
from assay.worker.telemetry.otel.tasks import TaskSpans

CLOSE_WITHIN_S = 1.0
"""Enough for an endpoint that answers. Processes of a fleet on one machine end one after the other."""


class Telemetry:
    """All that this process sends."""

    def __init__(
        self,
        pipeline: Pipeline,
        variables: OtelVariables,
        *,
        evaluations: OtelEvaluations = "events",
        provider_of: ProviderOf,
        gather: Gather | None = None,
    ) -> None:
        """Build the parts. Nobody is asked yet.

        Args:
            pipeline: where it goes.
            variables: how names are written, and whether text goes along.
            evaluations: in which forms results go.
            provider_of: who answers at a judge endpoint.
            gather: what is served at `/metrics`; None: that is not sent.
        """
        self.pipeline = pipeline
        self._naming = Naming(has_old=variables.has_old_names)
        self._tasks = TaskSpans(pipeline.tracer, self._naming) if pipeline.tracer else None
        self._calls = CallSpans(pipeline.tracer, pipeline.meter, self._naming, provider_of)
        self.watch = OtelWatch(pipeline.tracer, self._naming, self._ways(evaluations, bool(variables.capture)))
        metrics = pipeline.metrics
        every_s = (variables.metric_interval_ms or 1000 * EVERY_S) / 1000
        self._metrics = (
            FleetMetricsSender(metrics(), pipeline.resource, gather, every_s=every_s) if metrics and gather else None
        )

    def begin(self) -> None:
        """Hear of tasks and calls from now on."""
        if self._tasks is not None:
            add_surrounding(self._tasks.around)
            add_observer(self._tasks.ended)
        add_call_observer(self._calls.ended)
        if self._metrics is not None:
            self._metrics.start()

    def close(self) -> None:
        """Send what waits, and end, within `CLOSE_WITHIN_S`: an endpoint that is away keeps no process from ending."""
        closings = [sender.close for sender in self.pipeline.senders()]
        closings += [self._metrics.close] if self._metrics is not None else []
        threads = [threading.Thread(target=closing, daemon=True) for closing in closings]
        for thread in threads:
            thread.start()
        until = time.monotonic() + CLOSE_WITHIN_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _ways(self, evaluations: OtelEvaluations, with_explanations: bool) -> list[EvaluationWay]:  # noqa: FBT001
        ways: list[EvaluationWay] = []
        pipeline = self.pipeline
        if evaluations in {"events", "both"} and pipeline.events is not None:
            ways.append(
                EvaluationEvents(
                    *(pipeline.events, pipeline.resource, pipeline.scope, self._naming),
                    with_explanations=with_explanations,
                )
            )
        if evaluations in {"spans", "both"} and pipeline.processor is not None:
            ways.append(
                EvaluationSpans(
                    pipeline.processor, pipeline.resource, self._naming, with_explanations=with_explanations
                )
            )
        return ways


def start_telemetry(
    variables: OtelVariables,
    *,
    role: str,
    evaluations: OtelEvaluations,
    provider_of: ProviderOf,
    gather: Gather | None,
) -> Telemetry:
    """Send from now on, to where the standard variables say."""
    telemetry = Telemetry(
        otlp_pipeline(variables, role=role),
        variables,
        evaluations=evaluations,
        provider_of=provider_of,
        gather=gather,
    )
    telemetry.begin()
    return telemetry
