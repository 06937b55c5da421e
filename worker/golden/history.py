"""What is kept of every run of a golden set: its files, and one line of history each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, ValidationError

from judges.schema import Record
from worker.golden.comparison import GateResult, GateVerdict
from worker.golden.decide import ItemStatus
from worker.golden.files import GoldenSetError, write_text
from worker.golden.journal import run_directory
from worker.golden.result import GoldenRun, ItemResult, JudgeExam
from worker.golden.run import read_run

HISTORY = "history.jsonl"
RUN, GATE = "run.json", "gate.json"


class RunSummary(Record):
    """One run or gate in a line: enough for a chart and for the weekly series. `verdict` is None for a plain run."""

    model_config = ConfigDict(extra="ignore")

    run_id: str
    kind: Literal["run", "gate"]
    finished: AwareDatetime
    target: str
    set_digest: str
    revision: str
    repeats: int
    passed: int
    failed: int
    missing: int
    informedness: float | None = None
    verdict: GateVerdict | None = None
    p_value: float | None = None
    cost_usd: float | None = None


class RunStore:
    """The kept runs of one golden set: a directory each, and the history beside them."""

    def __init__(self, data_dir: Path, golden_set: str) -> None:
        self.path = data_dir / "golden" / golden_set

    def directory(self, run_id: str) -> Path:
        """Where a run keeps its files.

        Raises:
            GoldenSetError: not a run's name.
        """
        return run_directory(self.path, run_id)

    def save_run(self, run: GoldenRun) -> Path:
        """Keep a run and add it to the history."""
        path = self.directory(run.run_id) / RUN
        write_text(path, run.model_dump_json() + "\n")
        self._add(_summary("run", run, run.items, run.exam))
        return path

    def save_gate(self, result: GateResult) -> Path:
        """Keep a gate's result and add its candidate to the history."""
        path = self.directory(result.run_id) / GATE
        write_text(path, result.model_dump_json() + "\n")
        items = [item for pair in result.pairs for item in pair.candidate]
        summary = _summary("gate", result, items, result.exam)
        self._add(summary.model_copy(update={"verdict": result.verdict, "p_value": result.p_value}))
        return path

    def run(self, named: str) -> GoldenRun:
        """A kept run by its id, or a run in a file.

        Raises:
            GoldenSetError: there is none, or it is no run.
        """
        if named.endswith(".json"):
            return read_run(Path(named))
        path = self.directory(named) / RUN
        if not path.exists():
            raise GoldenSetError(path, "run", f"no finished run {named!r}; see `assay golden runs`")
        return read_run(path)

    def history(self) -> tuple[RunSummary, ...]:
        """All finished runs, oldest first; a line that was cut off is left out, of a run written twice the last."""
        try:
            lines = (self.path / HISTORY).read_bytes().split(b"\n")
        except OSError:
            return ()
        found: dict[str, RunSummary] = {}
        for line in lines:
            with contextlib.suppress(ValidationError):
                summary = RunSummary.model_validate_json(line)
                found[summary.run_id] = summary
        return tuple(sorted(found.values(), key=lambda summary: summary.finished))

    def _add(self, summary: RunSummary) -> None:
        path = self.path / HISTORY
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(summary.model_dump_json() + "\n")
        except OSError as exc:
            raise GoldenSetError(path, "file", f"cannot be written ({exc.strerror or exc})") from exc


def _summary(
    kind: Literal["run", "gate"], made: GoldenRun | GateResult, items: Iterable[ItemResult], exam: JudgeExam | None
) -> RunSummary:
    statuses = [item.status for item in items]
    finished = made.finished
    if finished is None:
        raise ValueError("a gate's result without times cannot be kept")
    return RunSummary(
        run_id=made.run_id,
        kind=kind,
        finished=finished,
        target=made.target if isinstance(made, GoldenRun) else made.candidate,
        set_digest=made.set_digest,
        revision=made.revision,
        repeats=made.repeats,
        passed=statuses.count(ItemStatus.PASSED),
        failed=statuses.count(ItemStatus.FAILED),
        missing=statuses.count(ItemStatus.MISSING),
        informedness=exam.informedness if exam is not None else None,
        cost_usd=made.cost_usd,
    )
