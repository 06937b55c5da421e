"""What one judged trace costs in spans and results by OTLP: processor time of the worker, without anything around it.

    python -m benchmarks.telemetry_parts [--traces 3000]

Each trace has the span of its assessment and six results, as events, which is the default. They go through the real
pipeline to a receiver in a process of its own, whose time does not count. `benchmarks.telemetry_cost` runs whole
fleets, whose rounds differ by more than this.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection

from assay.worker.config.otel_variables import OtelVariables
from assay.worker.config.settings import read_variables
from assay.worker.records.ledger import LedgerEntry, LedgerState, Promise
from assay.worker.records.scores import Score
from assay.worker.telemetry.otel.pipeline import otlp_pipeline
from assay.worker.telemetry.otel.start import Telemetry
from benchmarks.telemetry_cost import _Receiver

SCORES = 6
ROUNDS = 5
AT_ONCE = 300
"""Traces between two moments at which all is sent: their events fit into the queue of 2,048, and none is dropped."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=3000)
    asked = parser.parse_args(arguments)
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with _receiver():
        telemetry = Telemetry(
            otlp_pipeline(read_variables(OtelVariables), role="assess"),
            read_variables(OtelVariables),
            provider_of=lambda _endpoint: "openai",
        )
        spent = sorted(_round(telemetry, asked.traces) for _ in range(ROUNDS))
        telemetry.close()
    shown = ", ".join(f"{each:.3f}" for each in spent)
    print(f"one span and {SCORES} results a trace: {spent[ROUNDS // 2]:.3f} ms (median of {shown}; n={asked.traces:,})")


def _round(telemetry: Telemetry, traces: int) -> float:
    """Milliseconds of processor time for a trace. What is sent is made before."""
    judged = [_judged(number) for number in range(traces)]
    begun = time.process_time()
    for first in range(0, traces, AT_ONCE):
        for entry, scores in judged[first : first + AT_ONCE]:
            with telemetry.watch.judging(entry, "b" * 16):
                pass
            telemetry.watch.posted([(entry, scores)])
        for sender in telemetry.pipeline.senders():
            sender.provider.force_flush()
    return 1000 * (time.process_time() - begun) / traces


def _judged(number: int) -> tuple[LedgerEntry, list[Score]]:
    now, trace_id = datetime.now(UTC), f"{number:032x}"
    promise = Promise(
        trace_id=trace_id,
        rubric="grounding",
        rubric_hash="0" * 64,
        use_case="bot",
        window="w",
        start=now,
        end=now,
        pi=0.1,
        stratum="base",
        selected_at=now,
    )
    entry = LedgerEntry(promise=promise, state=LedgerState.JUDGED, since=now, changed_at=now)
    scores = [
        Score(
            id=f"{number:030x}{at:06x}",
            trace_id=trace_id,
            name=f"score_{at}",
            value=0.5,
            comment="a sentence that says why",
            timestamp=now,
            metadata={"revision": "0" * 64},
        )
        for at in range(SCORES)
    ]
    return entry, scores


@contextmanager
def _receiver() -> Iterator[None]:
    here, there = Pipe()
    process = Process(target=_serve, args=(there,), daemon=True)
    process.start()
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{here.recv()}"  # noqa: TID251  # for the pipeline
    try:
        yield
    finally:
        process.terminate()
        process.join(10)


def _serve(told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    told.send(server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
