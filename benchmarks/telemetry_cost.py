"""What metrics, OpenTelemetry, signals and alerts cost: processor time of the whole fleet for each judged trace.

    python -m benchmarks.telemetry_cost [--copies 3] [--rounds 3]

A real fleet judges the demo's answers, `--copies` times each, with the local judge: the cheapest there is, so that
everything else shows most. It does so with nothing switched on, and with everything: a port for metrics that is
scraped every 15 s, spans, results and metrics by OTLP to a receiver that answers at once. Rounds take turns. What a
fleet does by the clock and not by the trace, signals and alerts, is off in both: `benchmarks.signals_cost` tells that.
The receiver and the scraper run in this process, whose time does not count.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.demo.traffic import demo_traffic
from assay.worker.launch.fleet import Fleet, running_fleet
from assay.worker.records.traces import Trace
from assay.worker.reporting.funnel import read_funnel
from assay.worker.stores.sqlite.store import SqliteStore
from assay.worker.wiring.runtime import Runtime

CONFIG = """
defaults: {quiet_seconds: 60, rubrics: [grounding]}
use_cases:
  - {name: everything, rate: 1.0, allow_rate: true}
"""
HOURLY = dict.fromkeys(("signals_every_s", "alerts_every_s", "drift_every_s", "digest_every_s"), 3600.0)
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
FIRST_PORT = 29_460


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}")
    spent: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(asked.rounds):
        for is_on in (False, True):
            start_s, _ = _round(0, is_on=is_on)
            seconds, n = _round(asked.copies, is_on=is_on)
            spent[is_on].append(1000 * (seconds - start_s) / n)
            print(f"  {'all on' if is_on else 'all off':7} {spent[is_on][-1]:6.2f} ms a judged trace (n={n:,})")
    off, on = (statistics.median(spent[is_on]) for is_on in (False, True))
    print(
        f"median: {off:.2f} ms without, {on:.2f} ms with: {100 * (on / off - 1):+.1f} % (load {os.getloadavg()[0]:.1f})"
    )


def _round(copies: int, *, is_on: bool) -> tuple[float, int]:
    """Processor seconds of a whole fleet, and how many traces it judged. Without copies: of its start alone."""
    with tempfile.TemporaryDirectory() as folder, _surroundings(is_on=is_on):
        home = Path(folder)
        (home / "assay.yaml").write_text(CONFIG)
        ours = HOURLY | ({"metrics_port": FIRST_PORT} if is_on else {})
        settings = Settings.model_validate(
            {"data_dir": home / ".assay", "sweep_every_s": 10.0, "log_level": "warning", **ours}
        )
        root, n = ConfigRoot(path=home), asyncio.run(_fill(settings, copies))
        with running_fleet(settings, root, assess_workers=1) as fleet:
            asyncio.run(_settled(fleet, settings, root, n) if n else _ready(fleet, settings, root))
            return _spent_s(fleet), n


def _spent_s(fleet: Fleet) -> float:
    return sum(_processor_s(pid) for pid in fleet.supervisor.pids.values())


async def _ready(fleet: Fleet, settings: Settings, root: ConfigRoot) -> None:
    """Wait until control, assess and beat tell of themselves: what they import does not count."""
    runtime = Runtime(settings, root, redis_url=fleet.broker.url)
    try:
        while len(await runtime.state.pulse.processes()) < 3:
            fleet.check()
            await asyncio.sleep(0.5)
        await asyncio.sleep(5)
    finally:
        await runtime.close()


async def _fill(settings: Settings, copies: int) -> int:
    assert settings.data_dir is not None
    store = SqliteStore(settings.data_dir / "traces.db")
    try:
        return await store.add_traces(_traces(copies))
    finally:
        await store.close()


def _traces(copies: int) -> Iterator[Trace]:
    for copy in range(copies):
        for item in demo_traffic(datetime.now(UTC) - timedelta(minutes=copy)):
            trace = item.trace
            named = {
                "trace_id": f"{copy:02x}{trace.id[2:]}",
                "observation_id": f"{copy:02x}{trace.root.observation_id[2:]}",
            }
            yield trace.model_copy(update={"root": trace.root.model_copy(update=named)})


async def _settled(fleet: Fleet, settings: Settings, root: ConfigRoot, n: int) -> None:
    runtime = Runtime(settings, root, redis_url=fleet.broker.url)
    today = datetime.now(UTC).date()
    try:
        while True:
            fleet.check()
            first, last = today - timedelta(days=2), today
            funnel = await read_funnel(runtime.state.ledger_reader, runtime.state.windows, first, last)
            is_through = sum(row.seen for row in funnel.rows) >= n and funnel.in_flight == 0
            if is_through and not (await runtime.state.ended.unrecorded()).entries:
                return
            await asyncio.sleep(1)
    finally:
        await runtime.close()


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


@contextmanager
def _surroundings(*, is_on: bool) -> Iterator[None]:
    """A receiver of OTLP, named in the environment, and somebody who scrapes."""
    if not is_on:
        yield
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ends = threading.Event()
    threading.Thread(target=_scrape, args=(ends,), daemon=True).start()
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"  # noqa: TID251  # for the fleet
    try:
        yield
    finally:
        del os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]  # noqa: TID251
        ends.set()
        server.shutdown()


def _scrape(ends: threading.Event) -> None:
    while not ends.wait(15.0):
        for port in range(FIRST_PORT, FIRST_PORT + 3):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
                    page.read()
            except OSError:
                time.sleep(0.1)


class _Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    main()
