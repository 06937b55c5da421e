"""Sweep one window of very many roots from a Langfuse, and print what it cost: memory, requests, seconds.

    python -m benchmarks.langfuse_sweep --traces 200000

The server is the test suite's fake in a process of its own. The ledger is a private Valkey. Memory is this process's
resident set: what it was before the sweep (after a small one, so that nothing is loaded for the first time) against
its highest during the sweep.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.release import Releaser
from assay.worker.flow.sweep import Sweeper, SweepReport
from assay.worker.launch.broker import open_broker
from assay.worker.ports.clock import FixedClock
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.traces import TraceKey
from assay.worker.state.redis.state import check_connection, redis_state
from assay.worker.stores.langfuse.client import LangfuseClient
from assay.worker.stores.langfuse.quotas import PLANS
from assay.worker.stores.langfuse.store import LangfuseStore

HOUR = timedelta(hours=1)
WARM_UP = 2_000
"""Traces of the window before, which is swept first."""
START = datetime(2026, 11, 20, 10, tzinfo=UTC)
KEYS = ("pk-lf-test", "sk-lf-test")


class Published:
    """Counts what is published, and keeps the ids of the first two hundred."""

    def __init__(self) -> None:
        self.messages = 0
        self.keys: list[TraceKey] = []

    async def publish(self, messages: Sequence[AssessMessage | RecordMessage]) -> None:
        """Take messages as the queue would."""
        for message in messages:
            self.messages += 1
            if isinstance(message, AssessMessage) and len(self.keys) < 200:
                self.keys += [TraceKey(trace_id=i.trace_id, start=i.start, end=i.end) for i in message.items]


class Watch(threading.Thread):
    """Samples this process's resident set and remembers the highest."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest = resident_mb()
        self._over = threading.Event()

    def run(self) -> None:
        """Look fifty times a second."""
        while not self._over.wait(0.02):
            self.highest = max(self.highest, resident_mb())

    def stop(self) -> float:
        """Stop looking and give the highest value seen."""
        self._over.set()
        self.join()
        return self.highest


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=200_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.traces)
        return
    command = [sys.executable, "-m", "benchmarks.langfuse_sweep", "--serve", "--traces", str(given.traces)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            with (
                tempfile.TemporaryDirectory() as place,
                open_broker(None, Path(place), ping=check_connection) as broker,
            ):
                asyncio.run(measure(url, broker.url, given.traces))
        finally:
            server.terminate()


def serve(traces: int) -> None:
    """A few traces in one hour, for warming up, and all the others in the next."""
    from tests.servers.langfuse import LangfuseServer

    with LangfuseServer() as server:
        start = int(START.timestamp() * 1000)
        server.project.add_synthetic(WARM_UP, start_ms=start, span_ms=3_500_000, seed=1, plain=True)
        server.project.add_synthetic(traces, start_ms=start + 3_600_000, span_ms=3_500_000, seed=2, plain=True)
        print(server.url, flush=True)
        threading.Event().wait()


async def measure(url: str, redis_url: str, traces: int) -> None:
    deployment = Deployment.model_validate(
        {
            "store": {"kind": "langfuse", "plan": "self-hosted"},
            "window_seconds": 3600,
            "lookback_hours": 1,
            "late_seconds": 60,
            "exclude_environments": [],
            "use_cases": [{"name": "all", "rate": 0.1}],
            "defaults": {"low_traffic": {"below_per_day": 0}, "min_per_day": 0},
        }
    )
    state = redis_state(redis_url, prefix="bench:")
    client = LangfuseClient(
        url,
        public_key=KEYS[0],
        secret_key=SecretStr(KEYS[1]),
        limits=state.limits,
        plan=PLANS["self-hosted"],
    )
    store = LangfuseStore(client, locks=state.locks)
    clock = FixedClock(START + HOUR + timedelta(minutes=2))
    published = Published()
    releaser = Releaser(state.backlog, state.ledger, published.publish, clock, HOUR, queue="assess", weights={})
    sweeper = Sweeper(
        source=store,
        sink=store,
        ledger=state.ledger,
        windows=state.windows,
        documents=state.documents,
        locks=state.locks,
        deployment=deployment,
        rubrics={"grounding": Rubric(name="grounding")},
        backlog=state.backlog,
        top_up=releaser.top_up,
        pressure=Pressure(state.backlog, state.key_values, HOUR),
        budgeting=Budgeting(state.call_reader, state.ledger_reader, state.key_values, deployment, lambda rubric: 0.0),
        clock=clock,
        ledger_deadline=HOUR,
    )
    try:
        await sweeper.sweep()  # warms up: everything is imported, connected and cached
        clock.moment = START + 2 * HOUR + timedelta(minutes=2)
        await report(sweeper, store, published, traces)
    finally:
        await store.close()
        await state.close()


async def report(sweeper: Sweeper, store: LangfuseStore, published: Published, traces: int) -> None:
    gc.collect()
    before, asked, watch = resident_mb(), sum(store.client.requests.values()), Watch()
    watch.start()
    begun = time.monotonic()
    swept: SweepReport = await sweeper.sweep()
    seconds = time.monotonic() - begun
    grown = watch.stop() - before
    requests = sum(store.client.requests.values()) - asked
    print(f"{platform.machine()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}")
    sums = f"seen {swept.seen:,}, selected {swept.selected:,}, messages {swept.messages:,}"
    print(f"window of {traces:,} roots, and one of {WARM_UP:,} again: {sums}")
    print(f"memory grew by {grown:.1f} MB; {requests} requests ({requests / traces:.5f} a trace); {seconds:.0f} s")
    asked = sum(store.client.requests.values())
    contents = await store.fetch_traces(published.keys[:200])
    requests = sum(store.client.requests.values()) - asked
    print(f"content of {len(contents)} traces: {requests} requests")
    assert grown < 50, "memory grows with the window"
    # The window that warmed up is looked back at in the same sweep.
    assert swept.seen == traces + WARM_UP


if __name__ == "__main__":
    main()
