"""A judging process: takes lines from a connection, judges them by the local judge, gives results back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import NamedTuple

from assay.judges.calibration import Calibration
from assay.judges.cpu_executor import on_the_loop
from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Rubric
from assay.worker.batch.reading import RawLine
from assay.worker.batch.verdict_lines import Judged, judge_line
from assay.worker.records.jsonl import BadLine


class Task(NamedTuple):
    """What a process is told first: plain text, so that nothing but text and numbers crosses."""

    rubric: str
    calibration: str | None
    explain: bool

    @classmethod
    def of(cls, evaluator: Evaluator, *, explain: bool) -> Task:
        """The task of judging as this evaluator does."""
        calibration = evaluator.calibration.content() if evaluator.calibration else None
        return cls(evaluator.rubric.content(), calibration, explain)

    def evaluator(self) -> Evaluator:
        """An evaluator as the one this was made of."""
        calibration = Calibration.model_validate_json(self.calibration) if self.calibration else None
        return Evaluator(Rubric.model_validate_json(self.rubric), LocalJudge(), calibration)


def main(descriptor: int) -> None:
    """Serve one parent until it closes the connection or is gone."""
    with Connection(descriptor) as parent, on_the_loop(), asyncio.Runner() as runner:
        task: Task = parent.recv()
        evaluator = task.evaluator()
        parent.send(evaluator.revision)
        while True:
            try:
                lines: Sequence[RawLine | BadLine] = parent.recv()
                parent.send(runner.run(_judge_all(lines, evaluator, explain=task.explain)))
            except (EOFError, BrokenPipeError, ConnectionResetError):
                return


async def _judge_all(
    lines: Sequence[RawLine | BadLine], evaluator: Evaluator, *, explain: bool
) -> list[Judged | BadLine]:
    return [await judge_line(line, evaluator, explain=explain) for line in lines]
