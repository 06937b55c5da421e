"""What judging one long answer takes at most: calls, tokens, USD and seconds, told without a model.

    python -m benchmarks.answer_cost [--characters 20000] [--seconds 3]

Answers of the given length are made of sentences of every size, short ones, long ones and none at all, each beside
evidence that fills the prompt. Of each the plan is told that the judge makes before its first call (`LlmJudge.plan`):
the bound of its prompts, which in English is 2.7 times the truth, the bound of the completions, and their price with
gpt-6-luna. Seconds are those of a call that takes `--seconds`: the first call goes alone and the others together. What
a rubric does not allow is skipped before the first call; the last column says from which `max_calls` on it is judged.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

from assay.judges.call_plan import CallPlan
from assay.judges.errors import UnjudgeableSample
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.scripted import ScriptedModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import LlmOptions, Rubric
from assay.judges.schema import Sample

PRICED_AS = "gpt-6-luna"
EVIDENCE = " ".join(f"Evidence line {number} tells of the viaduct and of its builder." for number in range(1_500))
"""More than one call shows, so that every prompt is as long as one may be."""

UNITS: Mapping[str, str] = {
    "courtesy: Ok. ": "Ok. ",
    "list items of one word": "- item\n",
    "a, b, c: no word at all": "x1. ",
    "sentences of 20 characters": "The sheep graze low. ",
    "sentences of 61 characters": "The sheep graze below the eastern pillars of it in summer. ",
    "short and long in turn": "No. The sheep graze below the eastern pillars all the summer long. ",
    "sentences of 150 characters": (
        "The old viaduct in the north was built of local stone by men who came from the valley, and it has carried two "
        "railway tracks across it ever since then. "
    ),
    "one sentence": "and on it goes ",
}


def plan_of(unit: str, characters: int) -> tuple[CallPlan | None, float]:
    """The plan for an answer made of one unit, and how many seconds of ours it took. None where nothing is judged."""
    response = (unit * (characters // len(unit) + 1))[:characters]
    sample = Sample(id="s", contexts=(EVIDENCE,), question="What is told of the viaduct?", response=response)
    judge = LlmJudge(ScriptedModel([], model=PRICED_AS), PriceTable.load())
    plan = {"tiers": ["llm"], "llm": LlmOptions(model=PRICED_AS, max_calls=200)}
    started = time.perf_counter()
    try:
        planned = judge.plan(sample, Rubric.model_validate({"name": "grounding", "judge": plan}))
    except UnjudgeableSample:
        planned = None
    return planned, time.perf_counter() - started


def line(name: str, plan: CallPlan | None, took_s: float, call_s: float) -> str:
    """One row of the table."""
    if plan is None:
        return f"{name:30s} no statement: skipped without a call"
    wall = call_s * min(plan.calls, 2)
    usd = f"{plan.usd:.4f}" if plan.usd is not None else "unknown"
    tokens = f"{plan.prompt_tokens:>9,d} {plan.completion_tokens:>8,d}"
    return f"{name:30s} {plan.calls:>5d} {tokens} {usd:>8s} {wall:>6.1f} {1_000 * took_s:>8.0f} {plan.calls:>9d}"


def main() -> None:
    """Plan and print."""
    parser = argparse.ArgumentParser(description="What judging one long answer takes at most.")
    parser.add_argument("--characters", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one call")
    options = parser.parse_args()
    print(f"answers of {options.characters:,} characters; at most:")
    print(f"{'made of':30s} calls tokens in      out      USD   wall  ours ms max_calls")
    for name, unit in UNITS.items():
        print(line(name, *plan_of(unit, options.characters), options.seconds))


if __name__ == "__main__":
    main()
