# mypy: ignore-errors
"""One of the programs beside this one, whose spans are also exported by OTLP over HTTP, as in production.

The first argument names it before the scenario: `openai_app:openinference-rag`. OpenTelemetry's own variables say
where the exporter sends to.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

PROGRAM, _, sys.argv[1] = sys.argv[1].partition(":")

import recording  # noqa: E402  # it reads the scenario
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: E402
from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: E402

make = recording.provider
PROCESSORS = []


def provider():
    """The program's own provider, with an exporter."""
    own = make()
    PROCESSORS.append(BatchSpanProcessor(OTLPSpanExporter()))
    own.add_span_processor(PROCESSORS[-1])
    return own


recording.provider = provider
runpy.run_path(str(Path(__file__).with_name(f"{PROGRAM}.py")), run_name="__main__")
for processor in PROCESSORS:
    processor.shutdown()
