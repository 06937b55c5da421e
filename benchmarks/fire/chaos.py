"""The fleet under every fault, and an audit of what became of each trace.

    python -m benchmarks.fire.chaos --traces 10000 --workers 4 --seed 1            # all phases: hours
    python -m benchmarks.fire.chaos --phase everything --skewed --traces 10000 --workers 4

A phase is a fleet of its own: load, start, wait for the first verdicts, do the damage, wait until all is final,
audit. `start-…` does the damage before the fleet starts. `up-…` lets `assay up` run the fleet. In all others each
process is a command of its own that is started again when it ends.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.fire import faults, processes
from benchmarks.fire.audit import Audit, audit
from benchmarks.fire.faults import Fault
from benchmarks.fire.fleet import Fire, fire, scratch

BACK_WITHIN_S = 60.0
"""Every process that has work must have done some so long after a fault's end."""

SKEW = {"assess1": -30, "control": 300}


@dataclass(frozen=True)
class Phase:
    """One fault and what must hold.

    Attributes:
        traces, mean: how many, and how long the judge takes; slow where work in flight matters.
        most_extra: largest share of extra answered calls.
    """

    fault: Fault
    traces: int = 300
    mean: float = 1.0
    most_extra: float = 0.02
    workers: int = 3


PHASES: dict[str, Phase] = {
    "calm": Phase(faults.calm, traces=2000, mean=0.2, most_extra=0.0, workers=1),
    "kills": Phase(faults.kill_workers, traces=600, mean=2.0, most_extra=0.15),
    "broker": Phase(faults.kill_broker, mean=4.0, most_extra=0.02),
    "control-beat": Phase(faults.kill_control_and_beat),
    "zombie": Phase(faults.stop_worker, mean=4.0, most_extra=0.35),
    "sigterm": Phase(faults.rolling_sigterm, traces=3000, mean=2.0, most_extra=0.005),
    "read-only": Phase(faults.read_only),
    "memory": Phase(faults.full_memory),
    "password": Phase(faults.wrong_password),
    "frozen": Phase(faults.frozen),
    "failover": Phase(faults.failover, most_extra=0.02),
    "flushall": Phase(faults.flushall, most_extra=0.5),
    "judge-down": Phase(faults.judge_down),
    "judge-hanging": Phase(faults.judge_hanging),
    "store-dropping": Phase(faults.store_dropping, most_extra=0.0),
    "store-locked": Phase(faults.store_locked, most_extra=0.0),
    "everything": Phase(faults.everything, traces=10_000, mean=0.2, workers=4),
}
AT_START = ("read-only", "memory", "password", "frozen", "judge-down", "store-locked")
"""Outages that a fleet is also started into."""


def names() -> list[str]:
    """Every phase, in order."""
    whole = ("read-only", "memory", "password", "frozen", "failover", "flushall", "broker")
    return [*PHASES, *(f"start-{name}" for name in AT_START), *(f"up-{name}" for name in whole)]


def run_phase(name: str, given: argparse.Namespace) -> bool:
    """Run one phase; print its line; whether its bounds hold."""
    phase = PHASES[name.removeprefix("start-").removeprefix("up-")]
    home = scratch(name, given.scratch)
    env = _skewing(home) if given.skewed else {}
    traces, workers = given.traces or phase.traces, given.workers or phase.workers
    whole = name.startswith("up-")
    with fire(
        home, workers=workers, whole=whole, mean=phase.mean, seed=given.seed, checkout=given.checkout, env=env
    ) as fleet:
        fleet.load(traces)
        begun = time.monotonic()
        _damage(fleet, phase, at_start=name.startswith("start-"))
        ended, ended_at = time.monotonic(), time.time()
        was_done = fleet.final() >= fleet.traces
        done = fleet.settle(within_s=given.patience or 120.0 + traces / 10)
        found = audit(fleet)
        back = _seconds_until_work(fleet, ended_at)
        remarks = [*_broken_bounds(fleet, phase, found, done=done), *([] if was_done else _late(back))]
        print(
            f"{name}{' skewed' if given.skewed else ''}: {time.monotonic() - begun:.0f} s, final "
            f"{time.monotonic() - ended:.0f} s after the fault; {found.line()}; "
            f"work again after {', '.join(f'{name} {s:.0f} s' for name, s in back.items())}; ended by themselves: "
            f"{fleet.ended() or 'none'}; {'HOLDS' if not remarks else 'BROKEN: ' + '; '.join(remarks)}",
            flush=True,
        )
        fleet.stop()
    if not remarks and not given.keep:
        shutil.rmtree(home, ignore_errors=True)
    return not remarks


def _damage(fleet: Fire, phase: Phase, *, at_start: bool) -> None:
    if not at_start:
        fleet.start()
        first = fleet.traces // 20
        processes.wait_for(lambda: fleet.judge.ask("stats")["traces_answered"] >= first, within_s=600.0)
        phase.fault(fleet)
        return
    damage = threading.Thread(target=phase.fault, args=(fleet,))
    damage.start()
    time.sleep(1.0)
    fleet.start()
    damage.join()


def _broken_bounds(fleet: Fire, phase: Phase, found: Audit, *, done: bool) -> Sequence[str]:
    own = phase.fault in (faults.kill_workers, faults.everything, faults.kill_control_and_beat, faults.kill_broker)
    checks = {
        f"not all final: {found.states}": not done,
        f"{len(found.lost)} lost, e.g. {found.lost[:2]}": bool(found.lost),
        f"{found.doubled} doubled": bool(found.doubled),
        f"wrong values, e.g. {found.wrong_value[:2]}": bool(found.wrong_value),
        f"scores of other traces, e.g. {found.wrong_trace[:2]}": bool(found.wrong_trace),
        f"extra {found.extra_share:.2%} over {phase.most_extra:.1%}": found.extra_share > phase.most_extra,
        f"{found.extra_kept} paid again that were kept": bool(found.extra_kept) and own,
        "parked as poison": any("poison" in reason for reason in found.reasons),
        "the funnel does not add up": not found.funnel_adds_up,
        f"processes ended: {fleet.ended()}": bool(fleet.ended()) and phase.fault is not faults.rolling_sigterm,
    }
    return [remark for remark, broken in checks.items() if broken]


def _seconds_until_work(fleet: Fire, ended_at: float) -> dict[str, float]:
    """How long after a fault's end each worker said that it had done a task; without one it had no work."""
    found: dict[str, float] = {}
    for log in sorted(fleet.logs.glob("[ac]*.log")):
        done = [_moment(line) for line in log.read_text().splitlines() if '"event": "task.done"' in line]
        later = [moment - ended_at for moment in done if moment >= ended_at]
        found |= {log.stem: min(later)} if later else {}
    return found


def _moment(line: str) -> float:
    return datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp()


def _late(back: Mapping[str, float]) -> Sequence[str]:
    late = {name: round(s) for name, s in back.items() if s > BACK_WITHIN_S}
    return [f"back late: {late}"] if late else [] if "control" in back else ["control never worked again"]


def _skewing(home: Path) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    (home / "skew.json").write_text(json.dumps(SKEW))
    folder = Path(__file__).parent / "clock_skew"
    return {"PYTHONPATH": str(folder), "FIRE_CLOCK_SKEW": str(home / "skew.json")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phase", action="append", choices=names(), help="default: all")
    parser.add_argument("--traces", type=int, help="default: each phase's own")
    parser.add_argument("--workers", type=int, help="default: each phase's own")
    parser.add_argument("--skewed", action="store_true", help=f"with clocks off by {SKEW} seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, help="seconds after the fault; default: by the number of traces")
    parser.add_argument("--checkout", type=Path, default=processes.checkout())
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--keep", action="store_true", help="keep the folder of a phase that holds")
    given = parser.parse_args()
    processes.unwind_on_sigterm()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {processes.machine()}; seed {given.seed}", flush=True)
    held = [run_phase(name, given) for name in given.phase or names()]
    print(f"{sum(held)} of {len(held)} phases hold")
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
