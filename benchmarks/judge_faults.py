"""What a judge endpoint that fails now and then costs in time and calls: one process, no fleet around it.

    python -m benchmarks.judge_faults [--traces 300] [--in-flight 64] [--seed 1]

The endpoint is another process (`benchmarks.fire.judge_server`): log-normal latency of mean 1 s, and 10 % of the calls
answered with 429 and Retry-After 1, 5 % with 500, 5 % with broken JSON, 2 % held for 30 s. The same traces are judged
three times: without faults, with faults and what is learnt of the endpoint, and with faults and the fixed time-out of
60 s. A sample whose evaluation fails is evaluated again after its `retry_after_s`, as in the fleet, five times in all.

Bounds: all scored, wall at most 2.5 times the run without faults, extra calls at most 30 % of the traces. Since 22 % of
all calls fail, 28 % are needed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.timeouts import ADAPTIVE_TIMEOUTS
from assay.judges.prices import PriceTable
from assay.judges.schema import Failed, Sample
from benchmarks.fire.processes import end, machine
from benchmarks.fire.rules_cost import RUBRIC, synthetic

FAULTS = {"rate_limited": 0.10, "retry_after": 1.0, "failing": 0.05, "broken": 0.05, "hanging": 0.02, "hang_s": 30.0}
NO_FAULTS = dict.fromkeys(("rate_limited", "failing", "broken", "hanging"), 0.0)
MOST_WALL, MOST_EXTRA = 2.5, 0.30
_TRIES = 5


class Run(NamedTuple):
    """One pass over the traces."""

    wall_s: float
    calls: int
    outcomes: Counter[str]


@contextmanager
def judge_server(*, seed: int, mean: float = 1.0, sigma: float = 0.4) -> Iterator[str]:
    """The endpoint in a process of its own; its address."""
    options = ["--mean", str(mean), "--sigma", str(sigma), "--seed", str(seed)]
    command = [sys.executable, "-m", "benchmarks.fire.judge_server", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        end(process)


def told(url: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What the endpoint says of itself."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{url}/{path}", data=data, timeout=10) as answer:
        return json.loads(answer.read() or b"{}")


async def judged(url: str, samples: Sequence[Sample], in_flight: int, timeout_s: float | None) -> Run:
    """Judge all samples, so many at a time."""
    model = HttpChatModel("m", EndpointSettings(url=f"{url}/v1", timeout_s=timeout_s, concurrency=in_flight))
    evaluator = Evaluator(RUBRIC, LlmJudge(model, PriceTable(checked="2026-11", models={})))
    waiting = iter(samples)
    outcomes: Counter[str] = Counter()

    async def work() -> None:
        for sample in waiting:
            outcomes[await _outcome(evaluator, sample)] += 1

    begun, calls = time.perf_counter(), told(url, "stats")["calls"]
    try:
        await asyncio.gather(*(work() for _ in range(in_flight)))
    finally:
        await model.close()
    return Run(time.perf_counter() - begun, told(url, "stats")["calls"] - calls, outcomes)


async def _outcome(evaluator: Evaluator, sample: Sample) -> str:
    for _ in range(_TRIES):
        outcome = await evaluator.evaluate(sample)
        if not isinstance(outcome, Failed):
            break
        await asyncio.sleep(outcome.retry_after_s or 1.0)
    return outcome.error if isinstance(outcome, Failed) else outcome.outcome


def run_all(url: str, samples: Sequence[Sample], in_flight: int) -> dict[str, Run]:
    """The three passes. Each begins with nothing learnt."""
    told(url, "control", NO_FAULTS)
    runs = {"no faults": asyncio.run(judged(url, samples, in_flight, None))}
    told(url, "control", FAULTS)
    for name, timeout_s in (("faults, learnt time-out", None), ("faults, fixed 60 s", 60.0)):
        ADAPTIVE_TIMEOUTS.clear()
        runs[name] = asyncio.run(judged(url, samples, in_flight, timeout_s))
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=300)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    samples = synthetic(given.traces)
    with judge_server(seed=given.seed) as url:
        runs = run_all(url, samples, given.in_flight)
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}; n {given.traces}, {given.in_flight} in flight")
    plain = runs["no faults"].wall_s
    for name, run in runs.items():
        ratio, extra = run.wall_s / plain, run.calls / given.traces - 1
        print(f"{name:24} {run.wall_s:6.1f} s = {ratio:4.2f} x, calls +{extra:6.1%}, {dict(run.outcomes)}")
    learnt = runs["faults, learnt time-out"]
    is_whole = learnt.outcomes["scored"] == given.traces
    is_kept = learnt.wall_s <= MOST_WALL * plain and learnt.calls <= (1 + MOST_EXTRA) * given.traces
    print("bounds kept" if is_whole and is_kept else "bounds NOT kept")
    sys.exit(0 if is_whole and is_kept else 1)


if __name__ == "__main__":
    main()
