"""What one `assay golden run` or `assay gate` is: its set, its sides, its journal, and where its run is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from assay.worker.cli.context import settings_and_root, stderr
from assay.worker.cli.golden.options import RunOptions
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.gate.session import Targets
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.journal import JOURNAL, Journal, JournalHeader, forget_journal, is_run_id, new_run_id
from assay.worker.golden.runs.run import SampleEvaluator
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.lock import load_golden_set, noted_changes
from assay.worker.golden.targets import ExchangeLog, baseline_targets, target_for

Side = Targets | GoldenRun


@dataclass(frozen=True)
class Call:
    """What one command was called with, and where its run is kept."""

    settings: Settings
    root: ConfigRoot
    golden: GoldenSet
    command: str
    concurrency: int
    repeats: int
    timeout_s: float | None
    run_id: str
    resumed: bool
    fleet: bool = False

    @property
    def store(self) -> RunStore:
        """Where the set's runs are kept."""
        return RunStore(self.root.data_dir(self.settings), self.golden.name)

    def how_to_go_on(self) -> str:
        """What an interruption leaves, in words."""
        if not (self.store.directory(self.run_id) / JOURNAL).exists():
            return "nothing is decided"
        again = f"assay {self.command} {self.golden.name} --resume {self.run_id}"
        return f"nothing is decided. Go on, with the same options, by `{again}`"

    def finish(self, made: GoldenRun | GateResult) -> None:
        """Forget the journal of a kept result that nobody can go on with: nothing in it is missing."""
        if is_through(made):
            forget_journal(self.store.directory(self.run_id))

    def journal(self, evaluator: SampleEvaluator, targets: dict[str, str]) -> Journal:
        """The run's journal, new or gone on with."""
        header = JournalHeader(
            run_id=self.run_id,
            golden_set=self.golden.name,
            set_digest=self.golden.digest,
            revision=evaluator.revision,
            targets=targets,
            repeats=self.repeats,
        )
        directory = self.store.directory(self.run_id)
        return Journal.resume(directory, header) if self.resumed else Journal.start(directory, header)

    def target(self, release: str | None) -> Targets:
        """A recorded release, or the manifest's target."""
        log = ExchangeLog(self.store.directory(self.run_id))
        lookup = self.settings.variable
        return target_for(self.golden, release=release, lookup=lookup, concurrency=self.concurrency, keep=log.keep)

    def side(self, named: str | None) -> Side:
        """A run file or a kept run if it is one, else a recorded release, else the manifest's target."""
        if named is None or named in self.golden.releases():
            return self.target(named)
        return self.store.run(named) if named.endswith(".json") or is_run_id(named) else self.target(named)

    def baseline(self, named: str | None) -> Side:
        """What is compared with: what was named, else the reviewed baseline, else the manifest's release."""
        if named is None and self.golden.baseline is None:
            named = self.golden.manifest.baseline
        return baseline_targets(self.golden, self.repeats, self.run_id) if named is None else self.side(named)


def is_through(made: GoldenRun | GateResult) -> bool:
    """Whether every answer and every anchor has its judgement."""
    lost = made.missing if isinstance(made, GoldenRun) else made.candidate_missing + made.baseline_missing
    return not lost and (made.exam is None or not made.exam.missing)


def open_call(name: str, command: str, options: RunOptions) -> Call:
    """The call of a command on a golden set, which is held against its lock.

    Raises:
        ConfigurationError
    """
    settings, root = settings_and_root(options.config)
    variables = settings.rubric_variables()
    golden = load_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, variables))
    stderr.print(Text(f"{name}: {golden.directory}, digest {golden.digest[:12]}"), soft_wrap=True)
    for change in noted_changes(golden):
        stderr.print(Text(f"{name}: since it was frozen: {change}"))
    return Call(
        settings=settings,
        root=root,
        golden=golden,
        command=command,
        concurrency=options.concurrency,
        repeats=options.repeats or golden.manifest.repeats,
        timeout_s=options.timeout or golden.manifest.timeout_s,
        run_id=options.resume or new_run_id(),
        resumed=options.resume is not None,
        fleet=options.fleet,
    )


def side_name(side: Side) -> str:
    """What a side is called in the journal."""
    if isinstance(side, GoldenRun):
        return f"run {side.run_id or side.started.isoformat()} of {side.target}"
    return " + ".join(target.identity for target in side) if isinstance(side, Sequence) else side.identity
