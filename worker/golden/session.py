"""One gate from targets to verdict: both sides and the judge itself examined in the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from worker.golden.exam import JudgeExam, examine_judge
from worker.golden.gate import GateResult, compare
from worker.golden.goldenset import GoldenSet
from worker.golden.run import GoldenRun, SampleEvaluator, run_golden
from worker.golden.targets import GoldenTarget


@dataclass(frozen=True)
class GoldenSession:
    """A golden set, the evaluator that judges it, and how many items may be in flight."""

    golden: GoldenSet
    evaluator: SampleEvaluator
    concurrency: int
    on_done: Callable[[], None] = lambda: None

    async def run(self, target: GoldenTarget) -> GoldenRun:
        """Ask, judge and decide every item, and close the target."""
        try:
            return await run_golden(
                self.golden, target, self.evaluator, concurrency=self.concurrency, on_item=lambda _: self.on_done()
            )
        finally:
            await target.close()

    async def examine(self) -> JudgeExam:
        """Judge the anchors again: is the judge still worth believing?"""
        return await examine_judge(
            self.golden, self.evaluator, concurrency=self.concurrency, on_anchor=lambda _: self.on_done()
        )

    async def gate(self, baseline: GoldenTarget | GoldenRun, candidate: GoldenTarget | GoldenRun) -> GateResult:
        """Compare a candidate with a baseline, each a target to ask or a run already made, under today's judge."""
        sides = [side if isinstance(side, GoldenRun) else await self.run(side) for side in (baseline, candidate)]
        return compare(sides[0], sides[1], self.golden, await self.examine())
