"""How long a gate takes: 100 recorded items with the local judge, and with a model that takes a second an answer.

    python -m benchmarks.gate_speed

Runs `assay gate` as a pipeline would, process start included, on a set of 100 items made of the shipped one, both sides
and the judge's exam on 176 anchors. The model is a local server whose answers take one second on average (uniformly
0.5 to 1.5). The ideal time of a run is the sum of all answers' seconds divided by the calls in flight. Exits 1 above
15 s, or where a run takes more than 1.3 times the ideal.
"""

from __future__ import annotations

import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from assay.worker.config.settings import child_environment
from benchmarks.build_golden_set import OUT
from tests.servers.openai_server import Answer, Body, OpenAIServer, judges_well

ITEMS, IN_FLIGHT = 100, 32
LOCAL_LIMIT_S, OVER_IDEAL = 15.0, 1.3


class Delays:
    """Answers of the test server, each after a time of its own. Remembers how long all took together and in all."""

    def __init__(self) -> None:
        self.total_s = 0.0
        self.first = self.last = 0.0
        self.calls = 0
        self._random = random.Random(1)
        self._lock = threading.Lock()

    def __call__(self, request: Body) -> Answer:
        """One verdict."""
        with self._lock:
            delay = self._random.uniform(0.5, 1.5)
            self.total_s += delay
            self.calls += 1
            now = time.perf_counter()
            self.first = self.first or now
            self.last = max(self.last, now + delay)
        answer = judges_well(request)
        return Answer(answer.body, delay_s=delay)


def write_set(home: Path, rubric: str) -> None:
    """A config root with a set of exactly 100 items: the shipped ones, and the first once more."""
    (home / "assay.yaml").write_text("use_cases: [{name: bot}]\n", encoding="utf-8")
    target = home / "golden_sets" / "speed"
    (target / "releases").mkdir(parents=True)
    _stretch(OUT / "items.jsonl", target / "items.jsonl", "question")
    for release in ("gpt-4o", "llama-3.1-405b"):
        name = f"releases/{release}.jsonl"
        _stretch(OUT / name, target / name, "response")
    (target / "anchors.jsonl").write_bytes((OUT / "anchors.jsonl").read_bytes())
    manifest = yaml.safe_load((OUT / "manifest.yaml").read_text(encoding="utf-8"))
    manifest |= {"name": "speed", "rubric": rubric, "gate": {"allow_uncalibrated": True, "allow_unexamined": True}}
    (target / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")


def gate(home: Path, env: Mapping[str, str]) -> tuple[float, float]:
    """Seconds the command took, and seconds of CPU."""
    _assay(home, env, "golden", "freeze", "speed", "--yes")
    started, cpu = time.perf_counter(), _children_cpu_s()
    out = _assay(home, env, "gate", "speed", "--candidate", "llama-3.1-405b", "--json", "--concurrency", str(IN_FLIGHT))
    seconds, cpu = time.perf_counter() - started, _children_cpu_s() - cpu
    report = json.loads(out)
    if report["candidate_missing"] or report["baseline_missing"] or len(report["pairs"]) != ITEMS:
        raise RuntimeError(f"not everything was judged: {report['reasons']}")
    return seconds, cpu


def main() -> int:
    """Print both times. The exit status is 1 where a promise is not kept."""
    print(f"{date.today()}, {platform.machine()}, {platform.system()}, Python {platform.python_version()}")  # noqa: DTZ011
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_set(home, "grounding")
        local_s, local_cpu = gate(home, {})
    print(
        f"local judge: {ITEMS} items on both sides, 176 anchors: {local_s:.1f} s (limit {LOCAL_LIMIT_S:.0f} s), "
        f"{local_cpu:.1f} s of CPU"
    )
    delays = Delays()
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(default=delays) as server:
        home = Path(folder)
        write_set(home, "grounding-llm")
        model_s, model_cpu = gate(home, {"OPENAI_BASE_URL": server.url})
    ideal_s = delays.total_s / IN_FLIGHT
    run_s = delays.last - delays.first
    mean, over = delays.total_s / delays.calls, run_s / ideal_s
    print(f"model: {delays.calls} calls of {mean:.2f} s on average, {IN_FLIGHT} in flight")
    print(f"  {run_s:.1f} s from the first call to the last reply, ideal {ideal_s:.1f} s")
    print(f"  {over:.2f} times the ideal (limit {OVER_IDEAL})")
    print(f"  the whole command {model_s:.1f} s, {model_cpu:.1f} s of CPU")
    return 0 if local_s < LOCAL_LIMIT_S and over < OVER_IDEAL else 1


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stretch(source: Path, target: Path, key: str) -> None:
    """Copy records, and the first ones once more under other ids, until there are enough."""
    records: list[dict[str, Any]] = [json.loads(line) for line in source.read_bytes().split(b"\n") if line]
    more = [
        {**record, "id": f"{record['id']}-again", key: f"{record[key]} "} for record in records[: ITEMS - len(records)]
    ]
    for record in more:
        if "history" in record:
            record["history"] = [*record["history"], {"role": "user", "content": "Again, please."}]
    lines = [json.dumps(record, ensure_ascii=False) for record in (*records, *more)]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _assay(home: Path, env: Mapping[str, str], *args: str) -> str:
    command = [sys.executable, "-m", "assay.worker.cli", *args, "--config", str(home)]
    done = subprocess.run(command, env=child_environment(**env), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
