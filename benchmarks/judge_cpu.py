"""What a judgement by a model costs in processor time of ours, stage by stage: the model itself answers at once.

    python -m benchmarks.judge_cpu --data DIR [--rows 200] [--in-flight 100]

DIR holds `ragtruth_dev.jsonl.gz`. One answer of each source is judged, so that no sample profits from another's
evidence, `--in-flight` at a time: all of these prompts are built before the first reply is read, as in a worker. The
model supports each sentence by the line that shares most words with it. What the rules cost is printed apart.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from assay.judges import tiers
from assay.judges.cpu_executor import on_the_loop
from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding import judge as llm_judge
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.prices import PriceTable
from assay.judges.rubric import load_rubric
from assay.judges.rules import RuleSet
from assay.judges.schema import Sample, Usage
from benchmarks.labelled_rows import sample_of
from benchmarks.split_demo_data import read_rows

_RUBRIC = Path(__file__).parents[1] / "rubrics" / "grounding-llm.yaml"
_NUMBERED = re.compile(r"^([ER])(\d+): (.*)$", re.MULTILINE)
"""A line of the prompt, e.g. `E12: The gate opens at 6.`"""

_WORD = re.compile(r"\w{3,}")
"""A word that tells, e.g. `gate`."""

STAGES: Mapping[str, tuple[Any, str]] = {
    "prompt: numbering": (llm_judge, "divide_chosen"),
    "prompt: messages": (llm_judge, "build_messages"),
    "read: parsing": (llm_judge, "parse_reply"),
    "read: resolving": (llm_judge, "resolve"),
    "coverage": (tiers, "check_coverage"),
    "rules": (RuleSet, "apply"),
}
"""The stages that are timed, each with where its function is looked up. What is left of the whole is scoring."""


class AnsweringModel:
    """Answers as a judge would that finds every sentence supported. Its thinking is timed, to be left out."""

    model = "answering"

    def __init__(self, in_flight: int) -> None:
        self.thought = 0.0
        self._waiting = asyncio.Barrier(in_flight)

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        json_schema: Mapping[str, Any] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        """The reply, once all that are in flight have asked."""
        began = time.thread_time()
        text = _reply(messages[-1].content)
        self.thought += time.thread_time() - began
        await self._waiting.wait()
        return Reply(text=text, usage=Usage(calls=1), model_served=self.model, latency_s=0.0)

    async def close(self) -> None:
        """Nothing to close."""


def _reply(prompt: str) -> str:
    lines: dict[str, dict[int, frozenset[str]]] = {"E": {}, "R": {}}
    for kind, number, text in _NUMBERED.findall(prompt):
        lines[kind][int(number)] = frozenset(_WORD.findall(text.lower()))
    entries = []
    for number, words in lines["R"].items():
        best = max(lines["E"], key=lambda line: (len(words & lines["E"][line]), -line))
        entries.append({"supported": number, "evidence": [best], "p": 97})
    return json.dumps({"kind": "answer", "sentences": entries}, separators=(",", ":"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled corpora")
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=100)
    options = parser.parse_args()
    by_source = {row["source_id"]: row for row in read_rows(options.data / "ragtruth_dev.jsonl.gz")}
    samples = [sample_of(row) for row in by_source.values()][: options.rows]
    samples = samples[: len(samples) // options.in_flight * options.in_flight]
    asyncio.run(_measure(samples, options.in_flight))


async def _measure(samples: Sequence[Sample], in_flight: int) -> None:
    model = AnsweringModel(in_flight)
    rubric = load_rubric(_RUBRIC, {"ASSAY_JUDGE_MODEL": model.model})
    evaluator = Evaluator(rubric, llm_judge.LlmJudge(model, PriceTable.load()))
    await _judge_all(evaluator, samples[:in_flight], in_flight)
    gc.collect()
    gc.freeze()
    spent: dict[str, float] = defaultdict(float)
    patches = [
        patch.object(place, name, _timed(getattr(place, name), stage, spent)) for stage, (place, name) in STAGES.items()
    ]
    for each in patches:
        each.start()
    began, model.thought = time.thread_time(), 0.0
    await _judge_all(evaluator, samples, in_flight)
    whole = time.thread_time() - began - model.thought
    for each in patches:
        each.stop()
    _print(samples, in_flight, whole, spent)


async def _judge_all(evaluator: Evaluator, samples: Sequence[Sample], in_flight: int) -> None:
    with on_the_loop():
        for first in range(0, len(samples), in_flight):
            await asyncio.gather(*map(evaluator.evaluate, samples[first : first + in_flight]))


def _timed(function: Callable[..., Any], stage: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[stage] += time.thread_time() - began

    return timed


def _print(samples: Sequence[Sample], in_flight: int, whole: float, spent: Mapping[str, float]) -> None:
    words = sum(len(text.split()) for sample in samples for text in sample.contexts) / len(samples)
    answer = sum(len(sample.response.split()) for sample in samples) / len(samples)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}")
    print(
        f"{len(samples)} answers of {answer:.0f} words beside {words:.0f} of evidence on average, {in_flight} in flight"
    )
    rest = {"scoring and the rest": whole - sum(spent.values())}
    for stage, seconds in {**spent, **rest, "all": whole, "all but the rules": whole - spent["rules"]}.items():
        print(f"  {stage:22s} {1e6 * seconds / len(samples):7.0f} µs a sample")
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"Processor time of one thread. Load of the machine over 1, 5 and 15 minutes: {load}.")


if __name__ == "__main__":
    main()
