"""Calls to judge models: a span each, below that of the assessment, and the metrics that GenAI clients have."""

from __future__ import annotations

import time
from collections.abc import Callable

from opentelemetry import context as otel_context
from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from assay.worker.limits.call_observer import ObservedCall
from assay.worker.telemetry.otel import names
from assay.worker.telemetry.otel.names import Name, Naming

ANSWERED = "answered"

ProviderOf = Callable[[str], str]
"""The provider's name, as the conventions spell it, by the endpoint's: `openai` of an OpenAI-compatible one."""


class CallSpans:
    """Tells of judge calls. `ended` is called on the loop, in the task that made the call."""

    def __init__(self, tracer: Tracer | None, meter: Meter | None, naming: Naming, provider_of: ProviderOf) -> None:
        """Make the instruments.

        Args:
            tracer: of spans; None: none are sent.
            meter: of metrics; None: none are sent.
            naming: how attributes are written.
            provider_of: who answers at an endpoint.
        """
        self._tracer = tracer
        self._naming = naming
        self._provider_of = provider_of
        self._seconds = meter.create_histogram(names.CALL_SECONDS, "s", "GenAI operation duration.") if meter else None
        self._tokens = meter.create_histogram(names.CALL_TOKENS, "{token}", "Tokens used.") if meter else None

    def ended(self, call: ObservedCall) -> None:
        """A call came to its end."""
        common = self._common(call)
        if self._tracer is not None:
            self._span(call, common)
        if self._seconds is not None:
            self._seconds.record(call.seconds, self._naming.of(common))
        if self._tokens is not None and call.usage is not None:
            for kind, count in (("input", call.usage.prompt_tokens), ("output", call.usage.completion_tokens)):
                self._tokens.record(count, self._naming.of({**common, names.TOKEN_TYPE: kind}))

    def _common(self, call: ObservedCall) -> dict[Name, str | int | float | None]:
        return {
            names.OPERATION: "chat",
            names.PROVIDER: self._provider_of(call.endpoint),
            names.MODEL_ASKED: call.model,
            names.MODEL_SERVED: call.model_served or None,
            names.ERROR: None if call.outcome == ANSWERED else call.outcome,
        }

    def _span(self, call: ObservedCall, common: dict[Name, str | int | float | None]) -> None:
        tracer, usage, now = self._tracer, call.usage, time.time_ns()
        if tracer is None:
            return
        of_call: dict[Name, str | int | float | None] = {
            **common,
            names.ENDPOINT: call.endpoint,
            names.PURPOSE: call.purpose,
            names.USE_CASE: call.use_case or None,
            names.COST: call.cost_usd,
            names.INPUT_TOKENS: usage.prompt_tokens if usage else None,
            names.OUTPUT_TOKENS: usage.completion_tokens if usage else None,
            names.CACHED_TOKENS: usage.cached_tokens or None if usage else None,
            names.REASONING_TOKENS: usage.reasoning_tokens or None if usage else None,
        }
        span = tracer.start_span(
            f"chat {call.model}",
            context=otel_context.get_current(),
            kind=SpanKind.CLIENT,
            attributes=self._naming.of(of_call),
            start_time=now - int(call.seconds * 1e9),
        )
        if call.outcome != ANSWERED:
            span.set_status(Status(StatusCode.ERROR, call.outcome))
        span.end(now)
