"""One gate from targets to verdict: both sides and the judge itself examined in the same run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assay.worker.golden.gate.comparison import Comparison, compare
from assay.worker.golden.results.run_result import GoldenRun, JudgeExam
from assay.worker.golden.runs.concurrency import limit_of, together
from assay.worker.golden.runs.deferral import Deferral
from assay.worker.golden.runs.exam import examine_judge
from assay.worker.golden.runs.journal import Journal
from assay.worker.golden.runs.judgement import SampleEvaluator
from assay.worker.golden.runs.run import RunPlan, Targets, ask_side, confirm_failures, run_side
from assay.worker.golden.sets.golden_set import GoldenSet


@dataclass(frozen=True)
class GoldenSession:
    """A golden set, the evaluator that judges it, and how much may be in flight, for how long.

    Where the judge's calls wait for a provider's batch (`deferral`), all answers are asked for first. A run or gate
    that cannot go on raises `WaitsForBatch`: called again with the same journal, it goes on.
    """

    golden: GoldenSet
    evaluator: SampleEvaluator
    concurrency: int
    on_done: Callable[[], None] = lambda: None
    run_id: str = ""
    repeats: int | None = None
    timeout_s: float | None = None
    journal: Journal = field(default_factory=Journal)
    deferral: Deferral = field(default_factory=Deferral)

    async def run(self, target: Targets) -> GoldenRun:
        """Ask, judge and decide every item, and close the target."""
        return await run_side(self.golden, target, self.evaluator, self._plan("candidate"))

    async def examine(self) -> JudgeExam:
        """Judge the anchors again: is the judge still worth believing?"""
        return await examine_judge(self.golden, self.evaluator, plan=self._plan("anchor"))

    async def run_and_examine(self, target: Targets) -> GoldenRun:
        """A run with the judge's exam in it, both at the same time."""
        plan = self._plan("candidate")
        await self._ask_first({"candidate": target}, plan)
        run: GoldenRun
        run, exam = await together(
            run_side(self.golden, target, self.evaluator, plan), examine_judge(self.golden, self.evaluator, plan=plan)
        )
        self.deferral.put_aside()
        return run.model_copy(update={"exam": exam})

    async def gate(self, baseline: Targets | GoldenRun, candidate: Targets | GoldenRun) -> Comparison:
        """Compare a candidate with a baseline, each a target to ask or a run already made, under today's judge.

        Both sides and the exam run at the same time under one limit; then failures that decide alone are confirmed.
        """
        plan, reviewed = self._plan("candidate"), _reviewed_outputs(baseline)
        await self._ask_first({"candidate": candidate, "baseline": baseline}, plan)
        before, after, exam = await together(
            run_side(self.golden, baseline, self.evaluator, replace(plan, part="baseline")),
            run_side(self.golden, candidate, self.evaluator, plan),
            examine_judge(self.golden, self.evaluator, plan=plan),
        )
        names = self.golden.manifest.gate.must_pass
        after = await confirm_failures(after, self.golden, self.evaluator, names, plan)
        self.deferral.put_aside()
        comparison = compare(before, after, self.golden, exam)
        # A candidate that was run before keeps its own files: this comparison is a run of its own.
        return replace(comparison, run_id=self.run_id or comparison.run_id, baseline_runs=reviewed)

    async def _ask_first(self, sides: Mapping[str, Targets | GoldenRun], plan: RunPlan) -> None:
        """Ask all sides before anything is judged, where judgements are gathered for a batch."""
        if self.deferral.judged_by == "batch":
            await together(*(ask_side(self.golden, side, replace(plan, part=part)) for part, side in sides.items()))

    def _plan(self, part: str) -> RunPlan:
        """The plan of everything that starts now."""
        deadline = None if self.timeout_s is None else asyncio.get_running_loop().time() + self.timeout_s
        return RunPlan(
            limit=limit_of(self.concurrency),
            repeats=self.repeats or self.golden.manifest.repeats,
            deadline=deadline,
            run_id=self.run_id,
            part=part,
            journal=self.journal,
            on_done=lambda _: self.on_done(),
            deferral=self.deferral,
        )


def _reviewed_outputs(baseline: Targets | GoldenRun) -> tuple[str, ...]:
    """The names of the reviewed outputs that stand for the baseline; none where it is one release or a run."""
    return tuple(target.name for target in baseline) if isinstance(baseline, Sequence) else ()
