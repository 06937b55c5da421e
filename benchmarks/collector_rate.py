"""How many spans a second does the collector take on one core, and how many traces does `assay import`?

    python -m benchmarks.collector_rate [--spans 40000] [--traces 50000]

The collector is a process of its own, held to one core, with its store on disk. Another process sends it what an SDK
sends: protobuf, gzip, 512 spans a request, over four connections. Each trace has four spans: a root, a retrieval with
two passages, a model call with messages, a tool. A request is answered when its spans are committed. `assay import`
reads small traces, one a line, and is held to one core, too.

It prints spans and traces a second, the same for a CPU-second of the process, which a busy machine does not change, and
the load of the machine.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assay.worker.config.settings import child_environment
from assay.worker.records.spans import Span
from tests.otlp_filling import export_request_of
from tests.servers.collector_process import PROTOBUF, CollectorProcess, running_collector

SPANS_A_REQUEST = 512
CONNECTIONS = 4
PASSAGE = "The bridge was opened to traffic in 1932, after eight years of work, and carries a road and two tracks. "
RESOURCE = {"service.name": "bot", "service.version": "1.2.3", "deployment.environment.name": "production"}


def spans_of_trace(number: int, start: datetime) -> list[Span]:
    """A root with a retrieval, a model call and a tool under it; about 3 KB."""
    trace_id, ids = f"{number:032x}", [f"{number * 4 + n + 1:016x}" for n in range(4)]
    messages = [
        {"role": "system", "parts": [{"type": "text", "content": "Answer from the passages."}]},
        {"role": "user", "parts": [{"type": "text", "content": f"When was bridge {number} opened? {PASSAGE}"}]},
    ]
    answered = [{"role": "assistant", "parts": [{"type": "text", "content": "In 1932."}], "finish_reason": "stop"}]
    documents = {f"retrieval.documents.{n}.document.content": PASSAGE * 3 for n in range(2)}
    steps: list[tuple[str, dict[str, object]]] = [
        ("chat", {"input.value": f"When was bridge {number} opened?", "output.value": "In 1932.", "session.id": "s"}),
        ("retrieve", {"openinference.span.kind": "RETRIEVER", **documents}),
        (
            "chat gpt",
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "gpt",
                "gen_ai.usage.input_tokens": 120,
                "gen_ai.usage.output_tokens": 8,
                "gen_ai.input.messages": json.dumps(messages),
                "gen_ai.output.messages": json.dumps(answered),
            },
        ),
        ("tool", {"openinference.span.kind": "TOOL", "output.value": PASSAGE}),
    ]
    return [
        Span.model_validate(
            {
                "trace_id": trace_id,
                "span_id": ids[n],
                "parent_id": ids[0] if n else None,
                "name": name,
                "kind": "INTERNAL",
                "start": start + timedelta(milliseconds=n),
                "end": start + timedelta(milliseconds=500 + n),
                "attributes": attributes,
                "resource": RESOURCE,
                "scope": "bot",
            }
        )
        for n, (name, attributes) in enumerate(steps)
    ]


def bodies(spans: int) -> Iterator[bytes]:
    """Requests as an SDK sends them."""
    start = datetime.now(UTC) - timedelta(minutes=5)
    pending: list[Span] = []
    for number in range(spans // 4):
        pending += spans_of_trace(number, start)
        if len(pending) == SPANS_A_REQUEST:
            yield gzip.compress(export_request_of(pending).SerializeToString(), compresslevel=6)
            pending.clear()


def measure_collector(spans: int) -> None:
    """Print spans a second."""
    requests = list(bodies(spans))
    count = len(requests) * SPANS_A_REQUEST
    with (
        tempfile.TemporaryDirectory(prefix="assay-collector-") as home,
        running_collector(Path(home)) as collector,
        ThreadPoolExecutor(CONNECTIONS) as senders,
    ):
        os.sched_setaffinity(collector.process.pid, {0})
        for thread in Path(f"/proc/{collector.process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {0})
        before, begun = collector.cpu_seconds(), time.monotonic()
        statuses = set(senders.map(lambda body: _send(collector, body), requests))
        elapsed, cpu = time.monotonic() - begun, collector.cpu_seconds() - before
        size, peak = collector.database.stat().st_size, collector.peak_mb()
    if statuses != {200}:
        raise SystemExit(f"answered {statuses}")
    print(
        f"collector: {count:,} spans in {elapsed:.1f} s on one core: {count / elapsed:,.0f} spans/s, "
        f"{cpu:.1f} CPU-s ({count / cpu:,.0f} a CPU-s), peak memory {peak:.0f} MB, "
        f"{size / count:,.0f} bytes a span on disk"
    )


def _send(collector: CollectorProcess, body: bytes) -> int:
    return collector.post("/v1/traces", body, {**PROTOBUF, "Content-Encoding": "gzip"}).status


def measure_import(traces: int) -> None:
    """Print traces a second."""
    with tempfile.TemporaryDirectory(prefix="assay-import-") as home:
        file = Path(home, "traces.jsonl")
        file.write_text("".join(_lines(traces)))
        Path(home, "assay.yaml").write_text("use_cases: [{name: bot, rate: 1.0, allow_rate: true}]\n")
        argv: Sequence[str] = [sys.executable, "-m", "assay.worker.cli", "import", str(file), "--json"]
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(
            argv,
            env=child_environment(ASSAY_CONFIG_DIR=home),
            check=True,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {0}),
        )
        elapsed, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"import: {traces:,} traces in {elapsed:.1f} s on one core, start included: {traces / elapsed:,.0f} traces/s, "
        f"{cpu:.1f} CPU-s ({traces / cpu:,.0f} a CPU-s)"
    )


def _lines(traces: int) -> Iterator[str]:
    start = datetime.now(UTC) - timedelta(hours=1)
    for number in range(traces):
        moment = (start + timedelta(milliseconds=10 * number)).isoformat()
        retrieved = {"type": "retriever", "output": [{"text": PASSAGE}]}
        asked = {"input": f"When was bridge {number} opened?", "output": "In 1932."}
        yield json.dumps({"id": f"t{number}", "start": moment, **asked, "observations": [retrieved]}) + "\n"


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=40_000)
    parser.add_argument("--traces", type=int, default=50_000)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    measure_collector(options.spans)
    measure_import(options.traces)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
