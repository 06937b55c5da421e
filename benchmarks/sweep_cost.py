"""What does selecting and releasing a trace cost, and does it stay the same for many?

    python -m benchmarks.sweep_cost --sizes 1000 10000 50000
    python -m benchmarks.sweep_cost --sizes 1000000 --rate 0.05

A real sweep over roots that are made on the way, a real server for the state, and a queue that takes messages and
forgets them. For each size: processor time by root, by selected trace and by released trace, the server's share, its
bytes by selected trace, and this process's memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.release import Releaser
from assay.worker.flow.sweep import Sweeper
from assay.worker.launch.broker import open_broker
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.traces import TraceRoot
from assay.worker.state.redis.state import check_connection, redis_state

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PAGE = 1000
WINDOWS = 12
"""Roots are spread over so many windows of five minutes, whatever their number: the windows' own cost is the same."""


class Roots:
    """A store of so many roots within the last hour, made as they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.first = NOW - timedelta(minutes=5 * WINDOWS + 5)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """The roots of a window, page by page."""
        number = round((start - self.first) / timedelta(minutes=5))
        if not 0 <= number < WINDOWS:
            return
        share = self.count // WINDOWS
        for at in range(0, share, PAGE):
            yield [self._root(number, n, start) for n in range(at, min(share, at + PAGE))]

    def _root(self, window: int, n: int, start: datetime) -> TraceRoot:
        fields = {"name": "bot", "environment": "production", "start": start, "end": start + timedelta(seconds=2)}
        return TraceRoot.model_validate({"trace_id": f"{window:04x}{n:028x}", "observation_id": "", **fields})

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """None."""
        return 0

    async def project_id(self) -> str:
        """Any."""
        return "benchmark"

    async def read_scores(self, keys: Any) -> dict[str, Any]:
        """None."""
        return {}


async def _forget(messages: Sequence[AssessMessage | RecordMessage]) -> None:
    """Take messages, as a broker would, and forget them."""


def _sweeper(state: FleetState, count: int, rate: float) -> tuple[Sweeper, Releaser]:
    case = {"name": "bot", "rate": rate, "allow_rate": True}
    defaults = {"low_traffic": {"below_per_day": 0}, "min_per_day": 0}
    deployment = Deployment.model_validate({"use_cases": [case], "defaults": defaults, "lookback_hours": 1})
    clock, deadline, store = FixedClock(NOW), timedelta(seconds=120), Roots(count)
    releaser = Releaser(state.backlog, state.ledger, _forget, clock, deadline, queue="assess", weights={})
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
        top_up=_nothing,
        pressure=Pressure(state.backlog, state.key_values, timedelta(hours=1)),
        budgeting=Budgeting(state.call_reader, state.ledger_reader, state.key_values, deployment, lambda rubric: 0.0),
        clock=clock,
        ledger_deadline=deadline,
    )
    return sweeper, releaser


async def _nothing() -> int:
    """Release nothing yet: that is measured by itself."""
    return 0


async def _times(state: FleetState) -> tuple[float, float]:
    """Processor seconds of this process and of the server."""
    info = await state.connection.client.info("cpu")  # type: ignore[attr-defined]
    return time.process_time(), float(info["used_cpu_user"] + info["used_cpu_sys"])


async def _used_bytes(state: FleetState) -> int:
    return int((await state.connection.client.info("memory"))["used_memory"])  # type: ignore[attr-defined]


async def measure(url: str, count: int, rate: float) -> str:
    """One line of the table."""
    state = redis_state(url, prefix=f"bench{count}:{rate}:")
    try:
        empty, start = await _used_bytes(state), await _times(state)
        sweeper, releaser = _sweeper(state, count, rate)
        await state.windows.epoch(NOW - timedelta(hours=3))  # or the store would be asked for scores of a lost ledger
        report = await sweeper.sweep()
        swept, used = await _times(state), await _used_bytes(state) - empty
        messages = 0
        while published := await releaser.top_up():
            messages += published
        ended = await _times(state)
        counts = await state.ledger_reader.counts(NOW.date(), NOW.date())
    finally:
        await state.close()
    if sum(n for (_, _, at, _), n in counts.items() if at is LedgerState.OPEN) != report.selected:
        raise RuntimeError(f"the ledger does not hold what was selected: {counts}")
    n = max(1, report.selected)
    own, server = (1e6 * (after - before) / n for before, after in zip(start, swept, strict=True))
    own_release, server_release = (1e6 * (after - before) / n for before, after in zip(swept, ended, strict=True))
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{report.seen:>9,} roots, {n:>9,} selected: sweep {own:6.1f} us each ({own * n / report.seen:5.1f} a root), "
        f"server {server:5.1f}; release {own_release:5.1f}, server {server_release:5.1f}, {messages:,} messages; "
        f"{used / n:,.0f} bytes of Redis each; peak {rss:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--rate", type=float, default=1.0)
    given = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine}")
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as folder, open_broker(None, Path(folder), ping=check_connection) as broker:
            print(asyncio.run(measure(broker.url, size, given.rate)), flush=True)


if __name__ == "__main__":
    main()
