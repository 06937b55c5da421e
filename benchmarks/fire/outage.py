"""Outages and faults of the judge and the store: what do they cost in calls and in time?

    python -m benchmarks.fire.outage            # all three

`judge`: down for 60 s. Counted are the failed calls until the breaker opens (then a second passes without a call), and
the probes of the rest of the minute. `store`: locked for 60 s: no trace may be judged twice. `mixed`: 300 traces at 64
in flight, 10 % 429 with Retry-After 1, 5 % 500, 5 % broken JSON, 2 % hang for 30 s, beside the same without faults.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.fire import faults, processes
from benchmarks.fire.audit import audit
from benchmarks.fire.fleet import Fire, fire, scratch

MIXED = {"rate_limited": 0.10, "failing": 0.05, "broken": 0.05, "hanging": 0.02, "hang_s": 30.0}


def judge_down(given: argparse.Namespace) -> list[str]:
    """60 s without a judge."""
    with _fleet(given, "judge", workers=2, mean=1.0) as fleet:
        fleet.load(600)
        fleet.start()
        _under_way(fleet, 40)
        began = time.time()
        faults.judge_down(fleet)
        up_again = time.time()
        done = fleet.settle(within_s=240.0)
        failed = [c["at"] for c in fleet.judge.ask("calls") if c["outcome"] == "reset"]
        first = _until_pause(failed)
        probes = len(failed) - first
        found = audit(fleet)
        print(
            f"judge down {up_again - began:.0f} s: {first} failed calls until it opens (those in flight at the same "
            f"moment included), then {probes} probes; all final {time.time() - up_again:.0f} s after; {found.line()}"
        )
        return [
            *([] if done else [f"not all final: {found.states}"]),
            *([] if probes <= 30 else [f"{probes} probes"]),
            *([] if not found.states.get("dead") else [f"dead: {found.reasons}"]),
        ]


def _until_pause(moments: list[float], pause_s: float = 0.9) -> int:
    """How many came before the first pause."""
    for n, (earlier, later) in enumerate(pairwise(moments), start=1):
        if later - earlier > pause_s:
            return n
    return len(moments)


def store_down(given: argparse.Namespace) -> list[str]:
    """60 s without a store."""
    with _fleet(given, "store", workers=2, mean=1.0) as fleet:
        fleet.load(600)
        fleet.start()
        _under_way(fleet, 40)
        faults.store_locked(fleet, seconds=60.0)
        done = fleet.settle(within_s=240.0)
        found = audit(fleet)
        print(f"store locked 60 s: {found.line()}")
        return [
            *([] if done else [f"not all final: {found.states}"]),
            *([] if not found.extra else [f"{found.extra} extra calls"]),
        ]


def mixed(given: argparse.Namespace) -> list[str]:
    """Every fault of the judge at once, beside a run without."""
    walls, calls = [], []
    for name, some in (("calm", {}), ("faulty", MIXED)):
        env = {"ASSAY_JUDGE_CONCURRENCY": "64"}
        with _fleet(given, f"mixed-{name}", workers=1, mean=1.0, env=env) as fleet:
            fleet.judge.control(**some)
            fleet.load(300)
            fleet.start()
            done = fleet.settle(within_s=400.0)
            log = fleet.judge.ask("calls")
            ends = [call["end"] for call in log if call["outcome"] == "answered"]
            walls.append(max(ends) - min(call["at"] for call in log))
            calls.append(len(log) / 300)
            print(f"mixed {name}: wall {walls[-1]:.1f} s, calls/trace {calls[-1]:.2f}; {audit(fleet).line()}")
    print(f"wall {walls[1] / walls[0]:.2f} x fault-free")
    return [
        *([] if done else ["not all final"]),
        *([] if walls[1] <= 2.5 * walls[0] else [f"wall {walls[1] / walls[0]:.1f} x"]),
        *([] if calls[1] <= 1.3 else [f"{calls[1]:.2f} calls a trace"]),
    ]


def _fleet(given: argparse.Namespace, name: str, **options: Any) -> Any:
    home = scratch(name, given.scratch)
    return fire(home, whole=False, seed=given.seed, checkout=given.checkout, **options)


def _under_way(fleet: Fire, answered: int) -> None:
    processes.wait_for(lambda: fleet.judge.ask("stats")["traces_answered"] >= answered, within_s=120.0)


RUNS: dict[str, Callable[[argparse.Namespace], list[str]]] = {"judge": judge_down, "store": store_down, "mixed": mixed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="append", choices=RUNS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkout", type=Path, default=processes.checkout())
    parser.add_argument("--scratch", type=Path)
    given = parser.parse_args()
    processes.unwind_on_sigterm()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processes.machine()}; seed {given.seed}")
    broken = [f"{name}: {remark}" for name in given.run or RUNS for remark in RUNS[name](given)]
    print("HOLDS" if not broken else "BROKEN: " + "; ".join(broken))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
