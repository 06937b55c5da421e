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
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.worker.batch.reading import RawLine
from assay.worker.batch.verdict_lines import Judged, judge_line
from assay.worker.records.jsonl import BadLine


class Task(NamedTuple):
    """What a process is told first: plain text, so that nothing but text and numbers crosses."""

    rubric: str
    calibration: str | None
    explain: bool
    redaction: str

    @classmethod
    def of(cls, evaluator: Evaluator, *, explain: bool, redaction: Redaction) -> Task:
        """The task of judging as this evaluator does what is left of a text."""
        calibration = evaluator.calibration.content() if evaluator.calibration else None
        return cls(evaluator.rubric.content(), calibration, explain, redaction.model_dump_json())

    def evaluator(self) -> Evaluator:
        """An evaluator as the one this was made of."""
        calibration = Calibration.model_validate_json(self.calibration) if self.calibration else None
        return Evaluator(Rubric.model_validate_json(self.rubric), LocalJudge(), calibration)


def main(descriptor: int) -> None:
    """Serve one parent until it closes the connection or is gone."""
    with Connection(descriptor) as parent, on_the_loop(), asyncio.Runner() as runner:
        task: Task = parent.recv()
        evaluator, redaction = task.evaluator(), Redaction.model_validate_json(task.redaction)
        parent.send(evaluator.revision)
        while True:
            try:
                lines: Sequence[RawLine | BadLine] = parent.recv()
                parent.send(runner.run(_judge_all(lines, evaluator, explain=task.explain, redaction=redaction)))
            except (EOFError, BrokenPipeError, ConnectionResetError):
                return


async def _judge_all(
    lines: Sequence[RawLine | BadLine], evaluator: Evaluator, *, explain: bool, redaction: Redaction
) -> list[Judged | BadLine]:
    return [await judge_line(line, evaluator, explain=explain, redaction=redaction) for line in lines]
