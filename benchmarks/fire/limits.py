"""Are limits kept, and used, by eight worker processes? The judge server counts.

    python -m benchmarks.fire.limits                       # all, about half an hour
    python -m benchmarks.fire.limits --run concurrency

`requests`: 60 a minute, nothing else. `tokens`: 100,000 a minute, nothing else. Both may be exceeded in no sliding
minute by more than the stated burst, and 90 % must be used. `concurrency`: 8, three rubrics on one endpoint.
`budget`: 1 USD a day, by the server's tokens and the price table. `noisy`: one use case with ten times the traffic of
each other, which must not delay the others' 95th percentile by a fifth. `gate`: a golden run during a flood of traffic.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.fire import processes
from benchmarks.fire.audit import audit
from benchmarks.fire.fleet import Fire, fire, scratch
from benchmarks.fire.judge_calls import ANSWERED, busiest
from benchmarks.fire.traffic import trace_id

WORKERS = 8
BURST = 0.05
"""What a sliding minute may have beyond the limit: the burst that the documentation states."""

DEAR_MODEL = "gpt-6-astra"
"""Of the shipped price table: a dollar is gone after about 40 calls."""

QUIET_S = 40.0
"""Without a call for so long, nobody will make one."""

Config = dict[str, Any]


def config(limits: Config | None = None, cases: Sequence[Config] | None = None, rubrics: Sequence[str] = ()) -> str:
    """An assay.yaml that judges everything by these rubrics."""
    defaults = {"quiet_seconds": 1, "min_per_day": 0, "low_traffic": {"below_per_day": 0}}
    document = {
        "defaults": {**defaults, "rubrics": list(rubrics) or ["grounding-llm"]},
        "limits": limits or {},
        "use_cases": [{"rate": 1.0, "allow_rate": True, **case} for case in cases or [{"name": "bot"}]],
    }
    return yaml.safe_dump(document)


def _limited(given: argparse.Namespace, name: str, **endpoint: Any) -> Any:
    text = config({"endpoints": {"default": endpoint}})
    return _fleet(given, name, config=text, workers=WORKERS, mean=0.3)


def _fleet(given: argparse.Namespace, name: str, **options: Any) -> Any:
    return fire(scratch(name, given.scratch), whole=False, seed=given.seed, checkout=given.checkout, **options)


def _per_minute(given: argparse.Namespace, what: str, limit: int) -> list[str]:
    """Run for some minutes under one limit; what the server counted."""
    with _limited(given, what, **{f"{what}_per_minute": limit}) as fleet:
        fleet.load(int(given.minutes * 70) + 60)
        fleet.start()
        processes.wait_for(lambda: fleet.judge.ask("stats")["calls"] > 0, within_s=600.0)
        _let_pass(fleet, given.minutes * 60.0)
        calls = [call for call in fleet.judge.ask("calls") if call["outcome"] != "open"]
        amounts = [1 if what == "requests" else c["prompt_tokens"] + c["completion_tokens"] for c in calls]
        moments = [call["at"] for call in calls]
        most = busiest(moments, amounts, 60.0)
        span_s = moments[-1] - moments[0]
        used = sum(amounts) / (limit * span_s / 60.0)
        print(
            f"{what}: limit {limit:,}/min, {WORKERS} processes, {span_s:.0f} s: busiest minute {most:,} "
            f"({most / limit:.1%}), used {used:.1%}; {audit(fleet).line()}"
        )
    # One call more than the burst: tokens come in calls.
    allowed = limit * (1 + BURST) + max(amounts)
    return [
        *([] if most <= allowed else [f"{most:,} in a minute"]),
        *([] if used >= 0.9 else [f"only {used:.1%} used"]),
    ]


def _let_pass(fleet: Fire, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        fleet.revive()
        time.sleep(1.0)


def requests(given: argparse.Namespace) -> list[str]:
    """60 requests a minute."""
    return _per_minute(given, "requests", 60)


def tokens(given: argparse.Namespace) -> list[str]:
    """100,000 tokens a minute."""
    return _per_minute(given, "tokens", 100_000)


def concurrency(given: argparse.Namespace) -> list[str]:
    """Three rubrics, one endpoint, 8 in flight."""
    names = ("first", "second", "third")
    text = config({"endpoints": {"default": {"concurrency": 8}}}, rubrics=names)
    with _fleet(given, "concurrency", config=text, workers=WORKERS, mean=1.0) as fleet:
        own_rubrics(fleet.home, names, given.checkout)
        fleet.load(100)
        fleet.start()
        done = fleet.settle(within_s=300.0, n=300)
        stats = fleet.judge.ask("stats")
        busy = _seconds(fleet) * 8
        print(
            f"concurrency 8, 3 rubrics, {WORKERS} processes: most in flight {stats['most_in_flight']}, "
            f"{stats['calls']} calls, {300 * 1.0 / busy:.1%} used, states {fleet.states()}"
        )
    most = stats["most_in_flight"]
    return [*([] if done else ["not all final"]), *([] if most <= 8 else [f"{most} in flight"])]


def own_rubrics(home: Path, names: Sequence[str], checkout: Path) -> None:
    """Rubrics of a model like `grounding-llm`, under these names."""
    (home / "rubrics").mkdir(exist_ok=True)
    shipped = (checkout / "rubrics" / "grounding-llm.yaml").read_text()
    for name in names:
        (home / "rubrics" / f"{name}.yaml").write_text(shipped.replace("name: grounding-llm", f"name: {name}"))


def _seconds(fleet: Fire) -> float:
    calls = fleet.judge.ask("calls")
    return float(max(call["end"] for call in calls) - min(call["at"] for call in calls))


def budget(given: argparse.Namespace) -> list[str]:
    """One dollar a day, and no more by the server's count."""
    price = yaml.safe_load((given.checkout / "judges" / "prices.yaml").read_text())["models"][DEAR_MODEL]
    options = {"workers": WORKERS, "mean": 1.0, "env": {"ASSAY_JUDGE_MODEL": DEAR_MODEL}}
    with _fleet(given, "budget", config=config(), **options) as fleet:
        fleet.load(200)
        # All are selected before there is a budget: pacing would choose fewer, and nothing would try to exceed it.
        for name in ("control", "beat"):
            fleet.start_one(name)
        processes.wait_for(lambda: fleet.final() >= 0 and sum(fleet.states().values()) >= 200, within_s=300.0)
        (fleet.home / "assay.yaml").write_text(config({"usd_per_day": 1.0}))
        for name in fleet.commands().keys() - fleet.members.keys():
            fleet.start_one(name)
        processes.wait_for(lambda: fleet.judge.ask("stats")["calls"] > 0, within_s=600.0)
        processes.wait_for(lambda: _latest_call(fleet) < time.time() - QUIET_S, within_s=600.0, every_s=2.0)
        calls = fleet.judge.ask("calls")
        spent = sum(c["prompt_tokens"] * price["input"] + c["completion_tokens"] * price["output"] for c in calls) / 1e6
        print(f"budget 1 USD: {len(calls)} calls, spent {spent:.3f} USD as the server counts; states {fleet.states()}")
    return [*([] if spent <= 1.0 else [f"{spent:.3f} USD spent"]), *([] if spent >= 0.8 else [f"only {spent:.3f} USD"])]


def _latest_call(fleet: Fire) -> float:
    fleet.revive()
    return float(max((call["at"] for call in fleet.judge.ask("calls")), default=0.0))


def noisy(given: argparse.Namespace) -> list[str]:
    """The 95th percentile of four quiet use cases beside an equal fifth, and beside a noisy one."""
    late = {}
    for volume in (60, 600):
        names = ["noisy", *(f"quiet{n}" for n in range(4))]
        cases = [{"name": name, "match": {"trace_name": [name]}} for name in names]
        text = config({"endpoints": {"default": {"concurrency": 16}}}, cases)
        with _fleet(given, f"noisy{volume}", config=text, workers=2, mean=0.5) as fleet:
            for name in names:
                fleet.load(volume if name == "noisy" else 60, name=name)
            fleet.start()
            quiet = {trace_id(number)[6:] for number in range(volume, volume + 240)}
            fleet.settle(within_s=300.0)
            calls = fleet.judge.ask("calls")
            begun = min(call["at"] for call in calls)
            ends = sorted(c["end"] - begun for c in calls if c["marker"] in quiet and c["outcome"] == ANSWERED)
            late[volume] = ends[int(len(ends) * 0.95)]
            print(f"noisy use case of {volume}: the quiet ones' p95 {late[volume]:.1f} s (n {len(ends)})")
    ratio = late[600] / late[60]
    print(f"p95 of the others {ratio:.2f} x")
    return [] if ratio < 1.2 else [f"the others wait {ratio:.2f} x"]


def gate(given: argparse.Namespace) -> list[str]:
    """A golden run alone, and during a flood, under 16 calls in flight and 600 a minute."""
    text = config({"endpoints": {"default": {"concurrency": 16, "requests_per_minute": 600}}})
    spans = {}
    with _fleet(given, "gate", config=text, workers=2, mean=1.0) as fleet:
        _own_set(fleet)
        spans["alone"] = _golden(fleet)
        fleet.load(int(given.minutes * 600))
        fleet.start()
        processes.wait_for(lambda: fleet.judge.ask("stats")["traces_answered"] >= 100, within_s=120.0)
        spans["flood"] = _golden(fleet)
    ratio = spans["flood"] / spans["alone"]
    print(f"golden run of 88: alone {spans['alone']:.1f} s, during a flood {spans['flood']:.1f} s, {ratio:.2f} x")
    return [] if ratio <= 1.2 else [f"{ratio:.2f} x alone"]


def _own_set(fleet: Fire) -> None:
    """The shipped golden set, judged by the model's rubric."""
    import shutil

    folder = fleet.home / "golden_sets" / "mtrag-v1"
    shutil.copytree(processes.checkout() / "golden_sets" / "mtrag-v1", folder)
    manifest = folder / "manifest.yaml"
    text = manifest.read_text().replace("rubric: grounding ", "rubric: grounding-llm ")
    manifest.write_text(text.replace("gate: {", "gate: {allow_uncalibrated: true, "))
    fleet.assay("golden", "freeze", "mtrag-v1", check=False)


def _golden(fleet: Fire) -> float:
    """Seconds between the first and the last call of a golden run; its calls carry no marker."""
    before = time.time()
    result = fleet.assay("golden", "run", "mtrag-v1", "--release", "gpt-4o", check=False)
    calls = [call for call in fleet.judge.ask("calls") if not call["marker"] and call["at"] >= before]
    if len(calls) < 80:
        raise RuntimeError(f"the golden run made {len(calls)} calls: {result.stdout[-500:]}{result.stderr[-500:]}")
    return float(max(call["end"] for call in calls) - min(call["at"] for call in calls))


RUNS: dict[str, Callable[[argparse.Namespace], list[str]]] = {
    "requests": requests,
    "tokens": tokens,
    "concurrency": concurrency,
    "budget": budget,
    "noisy": noisy,
    "gate": gate,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", action="append", choices=RUNS)
    parser.add_argument("--minutes", type=float, default=5.0, help="of `requests` and `tokens`")
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
