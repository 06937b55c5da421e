"""What does it cost to keep the signals up to date over a month of a million rows?

    python -m benchmarks.signals_cost
    python -m benchmarks.signals_cost --rows 200000

The record of `benchmarks.record_size` is made in a SQLite file: 30 days, five use cases. Each part of the tick is
computed three times in a process of its own, which tells its seconds, its processor time and its peak of memory.
What share of a core that is follows from how long the tick lets a part rest, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from assay.judges.cpu_executor import on_the_loop
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.history.opening import open_history
from assay.worker.ports.history import History
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.cost.ticking import CostScope
from assay.worker.signals.parts import Memory, Part
from assay.worker.signals.quality import Scope
from assay.worker.signals.quality_parts import DAY_REST, LONG_REST, cost_part, day_part, long_part, slo_part
from assay.worker.signals.quality_rates import FlagPolicy
from assay.worker.signals.slos.snapshot import LONG_EVERY_S as SLO_EVERY_S
from assay.worker.signals.slos.snapshot import REST as SLO_REST
from assay.worker.signals.slos.snapshot import SloWatch
from assay.worker.state.memory.state import memory_state
from benchmarks.record_rows import NOW
from benchmarks.record_size import fill, peak_megabytes

USE_CASES = tuple(f"use-case-{number}" for number in range(5))
SCOPE = Scope({name: FlagPolicy(0.15, 0.05) for name in USE_CASES}, dict.fromkeys(USE_CASES, ("grounding",)))
RESTS = {"day": DAY_REST, "slo": SLO_REST, "cost": LONG_REST, "long": LONG_REST}
"""By part. Of objectives it is how long the whole period rests."""

REPEATS = 3
EVERY_S = 60
"""How often the tick comes."""


def parts_of(record: History) -> dict[str, Part]:
    """All parts of the tick, by name."""
    state = memory_state()
    deployment = Deployment(use_cases=tuple(UseCase(name=name) for name in USE_CASES))
    parts = (
        day_part(record.reader, state.ledger_reader, state.key_values, SCOPE),
        slo_part(partial(SloWatch(record.reader).snapshot, deployment)),
        cost_part(record.reader, state.windows, CostScope.of(deployment)),
        long_part(record.reader, SCOPE),
    )
    return {part.name: part for part in parts}


async def compute(place: Path, name: str) -> dict[str, float]:
    """One part, in the median of three times. Objectives have short windows beside: what their next look takes."""
    record = open_history(None, place)
    took: list[dict[str, float]] = []
    try:
        for _ in range(REPEATS):
            part = parts_of(record)[name]
            took.append(await measured(part))
            took[-1]["again"] = (await measured(part))["cpu"] if name == "slo" else 0.0
    finally:
        await record.close()
    return {**sorted(took, key=lambda each: each["cpu"])[REPEATS // 2], "peak": peak_megabytes()}


async def measured(part: Part) -> dict[str, float]:
    """One computation."""
    began, cpu = time.perf_counter(), time.process_time()
    samples = counted((await part.compute(Memory(), NOW)).samples)
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "samples": samples}


def counted(samples: dict[str, list[Sample]]) -> int:
    """How many there are in all windows."""
    return sum(map(len, samples.values()))


async def make(place: Path, rows: int) -> None:
    """Fill a record."""
    record = open_history(None, place)
    try:
        await fill(record, rows, 30)
    finally:
        await record.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.part:
        with on_the_loop():
            print(json.dumps(asyncio.run(compute(chosen.place, chosen.part))))
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        place, total = Path(directory) / "history.db", 0.0
        began = time.perf_counter()
        asyncio.run(make(place, chosen.rows))
        print(f"{chosen.rows:,} rows of 30 days, made in {time.perf_counter() - began:.0f} s", flush=True)
        for part, rest in RESTS.items():
            command = [sys.executable, "-m", "benchmarks.signals_cost", "--part", part, "--place", str(place)]
            told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            # On an idle machine a part takes no longer than its processor time, so it rests the least.
            every = max(SLO_EVERY_S if part == "slo" else EVERY_S, rest * told["cpu"])
            share = told["cpu"] / every + told["again"] / EVERY_S
            total += share
            print(
                f"  {part:5} {told['seconds']:6.2f} s ({told['cpu']:.2f} s, {told['again']:.2f} s each minute), "
                f"{told['samples']:>5} samples, {told['peak']:>4} MB; every {every:.0f} s: {share:.2%} of a core",
                flush=True,
            )
        print(f"  together {total:.2%} of a core")


if __name__ == "__main__":
    main()
