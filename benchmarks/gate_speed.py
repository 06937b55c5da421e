"""How long a gate takes: 100 recorded items with the local judge, and with a model that takes a second an answer.

    python -m benchmarks.gate_speed

Runs `assay gate` as a pipeline would, process start included, on a set of 100 items made of the shipped one, both sides
and the judge's exam on 176 anchors. The model is a local server whose answers take one second on average (uniformly
0.5 to 1.5); its ideal time is the sum of all answers' seconds divided by the calls in flight. Exits 1 above 15 s, or
above 1.3 times the ideal.
"""

from __future__ import annotations

import json
import platform
import random
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

from benchmarks.build_golden_set import OUT
from tests.servers.openai_server import Answer, Body, OpenAIServer, judges_well
from worker.settings import child_environment

ITEMS, IN_FLIGHT = 100, 32
LOCAL_LIMIT_S, OVER_IDEAL = 15.0, 1.3


class Delays:
    """Answers of the test server, each after a time of its own; remembers how long all took together."""

    def __init__(self) -> None:
        self.total_s = 0.0
        self.calls = 0
        self._random = random.Random(1)
        self._lock = threading.Lock()

    def __call__(self, request: Body) -> Answer:
        """One verdict."""
        with self._lock:
            delay = self._random.uniform(0.5, 1.5)
            self.total_s += delay
            self.calls += 1
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


def gate(home: Path, env: Mapping[str, str]) -> float:
    """Seconds the command took."""
    _assay(home, env, "golden", "freeze", "speed", "--yes")
    started = time.perf_counter()
    out = _assay(home, env, "gate", "speed", "--candidate", "llama-3.1-405b", "--json", "--concurrency", str(IN_FLIGHT))
    seconds = time.perf_counter() - started
    report = json.loads(out)
    if report["candidate_missing"] or report["baseline_missing"] or len(report["pairs"]) != ITEMS:
        raise RuntimeError(f"not everything was judged: {report['reasons']}")
    return seconds


def main() -> int:
    """Print both times; 1 where a promise is not kept."""
    print(f"{date.today()}, {platform.machine()}, {platform.system()}, Python {platform.python_version()}")  # noqa: DTZ011
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_set(home, "grounding")
        local_s = gate(home, {})
    print(f"local judge: {ITEMS} items on both sides, 176 anchors: {local_s:.1f} s (limit {LOCAL_LIMIT_S:.0f} s)")
    delays = Delays()
    with tempfile.TemporaryDirectory() as folder, OpenAIServer(default=delays) as server:
        home = Path(folder)
        write_set(home, "grounding-llm")
        model_s = gate(home, {"OPENAI_BASE_URL": server.url})
    ideal_s = delays.total_s / IN_FLIGHT
    over = model_s / ideal_s
    mean = delays.total_s / delays.calls
    print(f"model, {delays.calls} calls of {mean:.2f} s on average, {IN_FLIGHT} in flight: {model_s:.1f} s")
    print(f"  ideal {ideal_s:.1f} s, {over:.2f} times that (limit {OVER_IDEAL})")
    return 0 if local_s < LOCAL_LIMIT_S and over < OVER_IDEAL else 1


def _stretch(source: Path, target: Path, key: str) -> None:
    """Copy records, and the first ones once more under other ids, until there are enough."""
    records: list[dict[str, Any]] = [json.loads(line) for line in source.read_bytes().split(b"\n") if line]
    more = [{**one, "id": f"{one['id']}-again", key: f"{one[key]} "} for one in records[: ITEMS - len(records)]]
    for one in more:
        if "history" in one:
            one["history"] = [*one["history"], {"role": "user", "content": "Again, please."}]
    lines = [json.dumps(record, ensure_ascii=False) for record in (*records, *more)]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _assay(home: Path, env: Mapping[str, str], *args: str) -> str:
    command = [sys.executable, "-m", "worker.cli", *args, "--config", str(home)]
    done = subprocess.run(command, env=child_environment(**env), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
