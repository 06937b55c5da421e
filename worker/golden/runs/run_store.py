"""What is kept of every run of a golden set: its files, and one line of history each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, ValidationError

from assay.judges.schema import Record
from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ExamState, GoldenRun, ItemResult, JudgeExam, read_run
from assay.worker.golden.runs.journal import run_directory
from assay.worker.golden.sets.files import GoldenSetError, write_text

HISTORY = "history.jsonl"
RUN, GATE = "run.json", "gate.json"
WAITS = "waits.json"


Origin = Literal["command", "schedule"]
"""Who began a run: somebody's command, a pipeline's too, or the fleet's clock."""


class RunSummary(Record):
    """One run or gate in a line: enough for a chart and for the weekly series. `verdict` is None for a plain run.

    `exam` is how the judge's exam ended, None where there was none.
    """

    model_config = ConfigDict(extra="ignore")

    run_id: str
    kind: Literal["run", "gate"]
    origin: Origin = "command"
    finished: AwareDatetime
    target: str
    set_digest: str
    revision: str
    repeats: int
    passed: int
    failed: int
    missing: int
    exam: ExamState | None = None
    informedness: float | None = None
    verdict: GateVerdict | None = None
    p_value: float | None = None
    cost_usd: float | None = None


class WaitingRun(Record):
    """A run that is put aside until a provider's batch has ended: since when, and for which.

    `judgements` is how many wait. `batches` are our tags, as `assay batches ls` shows them.
    """

    run_id: str
    kind: Literal["waiting"] = "waiting"
    since: AwareDatetime
    judgements: int
    batches: tuple[str, ...] = ()


class _Acknowledged(Record):
    """A line of the history that says: what the series found up to this run has been looked into."""

    acknowledged: str
    at: AwareDatetime


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

    def save_run(self, run: GoldenRun, *, origin: Origin = "command") -> Path:
        """Keep a run and add it to the history."""
        path = self.directory(run.run_id) / RUN
        write_text(path, run.model_dump_json() + "\n")
        self._add(_summary("run", run, run.items, run.exam).model_copy(update={"origin": origin}))
        return path

    def save_gate(self, result: GateResult, *, origin: Origin = "command") -> Path:
        """Keep a gate's result and add its candidate to the history."""
        path = self.directory(result.run_id) / GATE
        write_text(path, result.model_dump_json() + "\n")
        items = [item for pair in result.pairs for item in pair.candidate]
        summary = _summary("gate", result, items, result.exam)
        told = {"verdict": result.verdict, "p_value": result.p_value, "origin": origin}
        self._add(summary.model_copy(update=told))
        return path

    def kept(self, run_id: str) -> GoldenRun | GateResult | None:
        """The result of a run or gate that was kept under this id; None where none can be read."""
        directory = self.directory(run_id)
        for name, kind in ((GATE, GateResult), (RUN, GoldenRun)):
            with contextlib.suppress(OSError, ValidationError):
                return kind.model_validate_json((directory / name).read_bytes())
        return None

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
        summaries: dict[str, RunSummary] = {}
        for line in self._lines():
            with contextlib.suppress(ValidationError):
                summary = RunSummary.model_validate_json(line)
                summaries[summary.run_id] = summary
        return tuple(sorted(summaries.values(), key=lambda summary: summary.finished))

    def acknowledge(self, run_id: str, at: datetime) -> None:
        """Note that the alarm up to this run has been looked into; the series restarts after it."""
        self._add(_Acknowledged(acknowledged=run_id, at=at))

    def acknowledged(self) -> frozenset[str]:
        """The runs up to which alarms have been looked into."""
        runs = []
        for line in self._lines():
            with contextlib.suppress(ValidationError):
                runs.append(_Acknowledged.model_validate_json(line).acknowledged)
        return frozenset(runs)

    def put_aside(self, waiting: WaitingRun) -> None:
        """Note that a run waits for a batch, beside its journal."""
        write_text(self.directory(waiting.run_id) / WAITS, waiting.model_dump_json() + "\n")

    def take_up(self, run_id: str) -> None:
        """Note that a run does not wait any more, or is looked at."""
        (self.directory(run_id) / WAITS).unlink(missing_ok=True)

    def waiting(self) -> tuple[WaitingRun, ...]:
        """The runs on this machine that are put aside, oldest first."""
        runs = []
        for path in sorted(self.path.glob(f"*/{WAITS}")):
            with contextlib.suppress(OSError, ValidationError):
                runs.append(WaitingRun.model_validate_json(path.read_bytes()))
        return tuple(runs)

    def _lines(self) -> list[bytes]:
        try:
            return (self.path / HISTORY).read_bytes().split(b"\n")
        except OSError:
            return []

    def _add(self, line: RunSummary | _Acknowledged) -> None:
        path = self.path / HISTORY
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(line.model_dump_json() + "\n")
        except OSError as exc:
            raise GoldenSetError(path, "file", f"cannot be written ({exc.strerror or exc})") from exc


def _summary(
    kind: Literal["run", "gate"], result: GoldenRun | GateResult, items: Iterable[ItemResult], exam: JudgeExam | None
) -> RunSummary:
    statuses = [item.status for item in items]
    finished = result.finished
    if finished is None:
        raise ValueError("a gate's result without times cannot be kept")
    return RunSummary(
        run_id=result.run_id,
        kind=kind,
        finished=finished,
        target=result.target if isinstance(result, GoldenRun) else result.candidate,
        set_digest=result.set_digest,
        revision=result.revision,
        repeats=result.repeats,
        passed=statuses.count(ItemStatus.PASSED),
        failed=statuses.count(ItemStatus.FAILED),
        missing=statuses.count(ItemStatus.MISSING),
        exam=exam.state if exam is not None else None,
        informedness=exam.informedness if exam is not None else None,
        cost_usd=result.cost_usd,
    )
