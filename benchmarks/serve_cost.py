"""How long does the page of `assay serve` take with a million rows in the record?

    python -m benchmarks.serve_cost
    python -m benchmarks.serve_cost --rows 100000 --requests 50

A record is filled, all of its rows in the last 30 days, and a real `assay serve --days 30` reads it. Told are: how long
the figures took and how much processor time, what each page took by its own Server-Timing header and by the clock of
who asked, while the first figures are read, one after the other, eight at once, and while the figures are read anew.
Last, in headless Chromium where the machine has one, when the browser painted first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from assay.worker.config.settings import child_environment
from assay.worker.history.opening import FILE, open_history
from benchmarks import record_rows, record_size

TOKEN = "a-token-of-the-benchmark-alone"
DAYS = 30
PORT = 18_484
PAGES = {"fleet": "", "use case": "use-case?name=use-case-1"}
CONFIG = "use_cases:\n" + "".join(f"  - {{name: use-case-{number}}}\n" for number in range(5))


class Took(NamedTuple):
    """What one request took, in milliseconds, and the bytes that came."""

    server_ms: float
    whole_ms: float
    size: int
    status: int


def ask(path: str) -> Took:
    """One request."""
    request = Request(f"http://127.0.0.1:{PORT}/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    began = time.perf_counter()
    try:
        with urlopen(request, timeout=600) as reply:
            body, headers, status = reply.read(), reply.headers, reply.status
    except HTTPError as refused:
        with refused:
            body, headers, status = refused.read(), refused.headers, refused.code
    whole = 1000 * (time.perf_counter() - began)
    return Took(float(headers["Server-Timing"].partition("dur=")[2]), whole, len(body), status)


def tell(name: str, some: Sequence[Took]) -> None:
    """Middle, slow end and worst."""
    assert {took.status for took in some} == {200}
    for kind, values in (("server", [t.server_ms for t in some]), ("asked", [t.whole_ms for t in some])):
        ordered = sorted(values)
        middle, slow = statistics.median(ordered), ordered[int(0.95 * len(ordered))]
        told = f"p50 {middle:7.1f}  p95 {slow:7.1f}  max {ordered[-1]:7.1f} ms  n={len(ordered)}"
        print(f"  {name:34} {kind:6} {told}", flush=True)


@contextmanager
def serving(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, from when it answers."""
    environment = child_environment(ASSAY_CONFIG_DIR=str(home), ASSAY_SERVE_TOKEN=TOKEN, ASSAY_SERVE_PORT=str(PORT))
    command = [sys.executable, "-m", "assay.worker.cli", "serve", "--days", str(DAYS)]
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        while True:
            try:
                urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=5).close()
                break
            except URLError:
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def fill(home: Path, rows: int) -> None:
    """A deployment with so many rows in its record."""
    (home / "assay.yaml").write_text(CONFIG, encoding="utf-8")
    (home / ".assay").mkdir()

    async def run() -> None:
        record = open_history(None, home / ".assay" / FILE)
        try:
            await record_size.fill(record, rows, DAYS)
        finally:
            await record.close()

    asyncio.run(run())


class Age(NamedTuple):
    """When the figures that are shown were read, and which parts are still being read. None: there are none yet."""

    read_at: str | None
    awaited: list[str] | None


def age() -> Age:
    """How old the figures are."""
    request = Request(f"http://127.0.0.1:{PORT}/age", headers={"Authorization": f"Bearer {TOKEN}"})
    with urlopen(request, timeout=600) as reply:
        return Age(**json.load(reply))


def processor_s(process: subprocess.Popen[bytes]) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_paint() -> str:
    """When a browser painted first, in milliseconds after it asked."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        return "no browser here"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, chromium_sandbox=False, args=["--disable-gpu"])
        page = browser.new_context(extra_http_headers={"Authorization": f"Bearer {TOKEN}"}).new_page()
        told = []
        for _ in range(5):
            page.goto(f"http://127.0.0.1:{PORT}/")
            while not (entries := page.evaluate("performance.getEntriesByName('first-contentful-paint').length")):
                time.sleep(0.05)
            assert entries == 1
            told.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        browser.close()
    return ", ".join(f"{each:.0f}" for each in told) + " ms"


def measure(home: Path, requests: int) -> None:
    """Everything that is told."""
    began = time.perf_counter()
    with serving(home) as process:
        up = time.perf_counter() - began
        early = ask("")
        print(f"  answers after {up:.1f} s; before there are figures: {early.server_ms:.1f} ms ({early.status})")
        told_of, during = 4, list[Took]()  # four parts are awaited before there is anything
        while (now := age()).awaited != []:
            missing = told_of if now.awaited is None else len(now.awaited)
            if missing < told_of:
                told_of = missing
                left = ", ".join(now.awaited or ())
                print(f"  {time.perf_counter() - began:6.1f} s: shown but for {left}", flush=True)
            if now.awaited is not None:
                during.append(ask(""))
            time.sleep(0.1)
        whole = time.perf_counter() - began
        print(f"  {whole:6.1f} s: all figures, by {processor_s(process):.1f} s of processor time", flush=True)
        if during:
            tell("fleet, while the first are read", during)
        for name, path in PAGES.items():
            print(f"  {name}: {ask(path).size / 1000:.0f} kB", flush=True)
            tell(name, [ask(path) for _ in range(requests)])
            with ThreadPoolExecutor(8) as pool:
                tell(f"{name}, eight at once", list(pool.map(lambda _, path=path: ask(path), range(requests))))
        print(f"  first paint in a browser: {first_paint()}", flush=True)
        before, during = age(), list[Took]()
        while age() == before:
            during.append(ask(""))
            time.sleep(0.25)
        tell("fleet, until figures are read anew", during)
        status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
        print(f"  peak of memory: {int(status['VmHWM'].split()[0]) // 1024} MB", flush=True)


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--home", type=Path, help="a folder that this program filled before, or fills now and keeps")
    chosen = parser.parse_args()
    record_rows.NOW = datetime.now(UTC) - timedelta(minutes=1)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {chosen.rows:,} rows over {DAYS} days", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        home = chosen.home or Path(directory)
        home.mkdir(exist_ok=True)
        if not (home / "assay.yaml").exists():
            began = time.perf_counter()
            fill(home, chosen.rows)
            print(f"  filled in {time.perf_counter() - began:.0f} s", flush=True)
        measure(home, chosen.requests)
    print(f"load {os.getloadavg()[0]:.1f} at the end", flush=True)


if __name__ == "__main__":
    main()
