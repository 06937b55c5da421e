"""One run or gate of a golden set: what is asked, what it is compared with, where it is kept, whether it may resume.

Commands, the schedule and the demo make the same calls. They differ in who judges and in what is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.deferral import Deferral
from assay.worker.golden.runs.journal import (
    JOURNAL,
    Journal,
    JournalHeader,
    forget_journal,
    is_run_id,
    resume_or_restart,
)
from assay.worker.golden.runs.judgement import SampleEvaluator
from assay.worker.golden.runs.run import Targets
from assay.worker.golden.runs.run_store import Origin, RunStore
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.targets import ExchangeLog, GoldenTarget, baseline_targets, target_for
from assay.worker.golden.targets.exchange import keep_nothing
from assay.worker.golden.targets.opening import Lookup, no_variables

Side = Targets | GoldenRun
"""Where a side's answers come from: a target to ask, one for each repeat, or a run already made."""

Resume = Literal["never", "must", "may"]
"""Whether a call goes on with a run of its id: a new run; one that must be there; one if there is such a run."""

OnDone = Callable[[], None]


@dataclass(frozen=True)
class GoldenCall:
    """What one run or gate is called with.

    Attributes:
        golden: the set, held against its lock.
        data_dir: where runs are kept.
        repeats: answers to each item, on both sides.
        concurrency: answers in flight.
        lookup: a variable's value in the environment.
        run_id: names the run and its directory. Empty: nothing is kept.
        timeout_s: of the whole run; None: no limit.
        resume: whether it goes on with a run of this id.
        origin: who began it.
        deferral: where the judge's calls go.
    """

    golden: GoldenSet
    data_dir: Path
    repeats: int
    concurrency: int
    lookup: Lookup = no_variables
    run_id: str = ""
    timeout_s: float | None = None
    resume: Resume = "never"
    origin: Origin = "command"
    deferral: Deferral = field(default_factory=Deferral)

    @property
    def store(self) -> RunStore:
        """Where the set's runs are kept."""
        return RunStore(self.data_dir, self.golden.name)

    @property
    def directory(self) -> Path:
        """Where this run keeps its files."""
        return self.store.directory(self.run_id)

    @property
    def can_resume(self) -> bool:
        """Whether an interruption would leave something to go on with."""
        return (self.directory / JOURNAL).exists()

    def target(self, release: str | None = None) -> GoldenTarget:
        """A recorded release, or the manifest's target."""
        keep = ExchangeLog(self.directory).keep if self.run_id else keep_nothing
        return target_for(self.golden, release=release, lookup=self.lookup, concurrency=self.concurrency, keep=keep)

    def side(self, name: str | None = None) -> Side:
        """A run file or a kept run if it is one, else a recorded release, else the manifest's target."""
        is_run = name is not None and name not in self.golden.releases() and (name.endswith(".json") or is_run_id(name))
        return self.store.run(name) if name is not None and is_run else self.target(name)

    def baseline(self, name: str | None = None) -> Side:
        """What is compared with: what is named, else the reviewed baseline, else the manifest's release.

        Raises:
            GoldenSetError: there is none of these.
        """
        if name is None and self.golden.baseline is None:
            name = self.golden.manifest.baseline
        return self.side(name) if name is not None else baseline_targets(self.golden, self.repeats, self.run_id)

    def answers_to_ask(self, *sides: Side) -> int:
        """How many answers these sides have to be asked for; a run already made has its own."""
        return sum(len(self.golden.items) * self.repeats for side in sides if not isinstance(side, GoldenRun))

    async def run(self, target: Targets, evaluator: SampleEvaluator, on_done: OnDone = lambda: None) -> GoldenRun:
        """Ask the target every item, judge the answers, examine the judge."""
        with self.session(evaluator, {"candidate": target}, on_done) as session:
            return await session.run_and_examine(target)

    async def gate(
        self, baseline: Side, candidate: Side, evaluator: SampleEvaluator, on_done: OnDone = lambda: None
    ) -> GateResult:
        """Compare a candidate with a baseline under today's judge."""
        with self.session(evaluator, {"baseline": baseline, "candidate": candidate}, on_done) as session:
            comparison = await session.gate(baseline, candidate)
        return gate_result(comparison)

    @contextmanager
    def session(
        self, evaluator: SampleEvaluator, sides: Mapping[str, Side], on_done: OnDone = lambda: None
    ) -> Iterator[GoldenSession]:
        """A session whose judgements of these sides are kept as they come, and found again when the run goes on."""
        journal = self._journal(evaluator.revision, {name: side_name(side) for name, side in sides.items()})
        try:
            yield GoldenSession(
                self.golden,
                evaluator,
                self.concurrency,
                on_done=on_done,
                run_id=self.run_id,
                repeats=self.repeats,
                timeout_s=self.timeout_s,
                journal=journal,
                deferral=self.deferral,
            )
        finally:
            journal.close()

    def keep(self, result: GoldenRun | GateResult) -> Path:
        """Keep a finished result, and add it to the set's history."""
        if isinstance(result, GoldenRun):
            return self.store.save_run(result, origin=self.origin)
        return self.store.save_gate(result, origin=self.origin)

    def kept(self, revision: str) -> GoldenRun | GateResult | None:
        """The result that was kept under this id, if it is of this state of the set and this evaluator revision."""
        result = self.store.kept(self.run_id)
        is_same = result is not None and (result.set_digest, result.revision) == (self.golden.digest, revision)
        return result if is_same else None

    def forget_journal(self, result: GoldenRun | GateResult) -> None:
        """Remove the journal of a kept result that nobody can go on with: nothing in it is missing."""
        if is_complete(result):
            forget_journal(self.directory)

    def _journal(self, revision: str, targets: dict[str, str]) -> Journal:
        if not self.run_id:
            return Journal()
        header = JournalHeader(
            run_id=self.run_id,
            golden_set=self.golden.name,
            set_digest=self.golden.digest,
            revision=revision,
            targets=targets,
            repeats=self.repeats,
        )
        begin = {"never": Journal.start, "must": Journal.resume, "may": resume_or_restart}[self.resume]
        return begin(self.directory, header)


def is_complete(result: GoldenRun | GateResult) -> bool:
    """Whether every answer and every anchor has its judgement."""
    missing = result.missing if isinstance(result, GoldenRun) else result.candidate_missing + result.baseline_missing
    return not missing and (result.exam is None or not result.exam.missing)


def side_name(side: Side) -> str:
    """What a side is called in the journal, and to people: name and digest of what is asked."""
    if isinstance(side, GoldenRun):
        return f"run {side.run_id or side.started.isoformat()} of {side.target}"
    return " + ".join(target.identity for target in side) if isinstance(side, Sequence) else side.identity
