"""Judging from Python: a list, a frame or a file, by a rubric's name, in a program, a notebook or a running loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import JudgeName, Rubric
from assay.worker.batch.lines_ahead import LinesAhead
from assay.worker.batch.run import choose_rubric, judge_on_loop
from assay.worker.batch.verdict_lines import Judged
from assay.worker.config.egress import check_egress
from assay.worker.config.redaction import redaction_of
from assay.worker.config.root import ConfigRoot, find_root
from assay.worker.config.settings import load_settings
from assay.worker.config.shown_use_cases import named_use_case
from assay.worker.python_api.frames import kept, library_of
from assay.worker.python_api.given_samples import Samples, count_of, lines_of
from assay.worker.python_api.logging_to_stderr import log_to_stderr
from assay.worker.python_api.own_loop import run_beside
from assay.worker.python_api.verdicts import Verdict, Verdicts
from assay.worker.records.jsonl import BadLine
from assay.worker.wiring.judges import build_evaluator

CONCURRENCY = 32


def judge(
    samples: Samples,
    *,
    rubric: str | None = None,
    judge: JudgeName | None = None,
    use_case: str | None = None,
    config: str | Path | None = None,
    concurrency: int = CONCURRENCY,
    progress: bool = False,
) -> Verdicts:
    """Judge, and wait. It may be called where a loop runs already, as in a notebook.

    Args:
        samples: rows with `question`, `contexts` and `response`, or under the names of other tools, as
            `user_input`, `retrieved_contexts`. A frame, a list, one row, or the path of a file.
        rubric: its name, of your config root or a packaged one. Default: `grounding`, with `judge="llm"`
            `grounding-llm`.
        judge: `local`, `llm`, `panel` or `decision`. Default: whom the rubric names.
        use_case: of `assay.yaml`: its `redact` and its calibration hold, and its text goes nowhere else.
        config: the directory of `assay.yaml`. Default: as for the command.
        concurrency: samples in flight at a judge model.
        progress: whether a bar is shown on stderr.

    Returns:
        One verdict for each row, in order.

    Raises:
        ConfigurationError: names file, key and remedy.
    """
    evaluator, redaction = _evaluator(rubric, judge, use_case, config, concurrency)
    samples = kept(samples) if library_of(samples) else samples
    with lines_of(samples) as lines:
        loop = asyncio.new_event_loop()
        # Rows are drawn in this thread: a cursor of a database, for example, can be read in no other.
        ahead = LinesAhead(lines, loop)
        work = _verdicts(ahead, samples, evaluator, redaction, concurrency=concurrency, progress=progress)
        return run_beside(loop, work, ahead.draw, ahead.close)


async def ajudge(
    samples: Samples,
    *,
    rubric: str | None = None,
    judge: JudgeName | None = None,
    use_case: str | None = None,
    config: str | Path | None = None,
    concurrency: int = CONCURRENCY,
    progress: bool = False,
) -> Verdicts:
    """As `judge`, awaited. Cancelling it ends the calls that are in flight.

    Rows are drawn in a thread, so that your loop goes on while they are waited for.
    """
    evaluator, redaction = _evaluator(rubric, judge, use_case, config, concurrency)
    samples = kept(samples) if library_of(samples) else samples
    with lines_of(samples) as lines:
        ahead = LinesAhead.by_thread(lines)
        try:
            return await _verdicts(ahead, samples, evaluator, redaction, concurrency=concurrency, progress=progress)
        finally:
            ahead.close()


def _evaluator(
    rubric: str | None, judge: JudgeName | None, use_case: str | None, config: str | Path | None, concurrency: int
) -> tuple[Evaluator, Redaction]:
    """Who judges, and what it does not see."""
    if not isinstance(concurrency, int) or concurrency < 1:
        raise ConfigurationError(f"concurrency: is {concurrency!r}; give a whole number from 1 on")
    log_to_stderr()
    settings = load_settings()
    root = find_root(Path(config) if config is not None else None, settings)
    chosen = choose_rubric(root, settings.rubric_variables(), rubric=rubric, judge=judge)
    redaction = _redaction(root, use_case, chosen)
    return build_evaluator(chosen, root, settings, tier=judge, use_case=use_case), redaction


async def _verdicts(
    lines: LinesAhead, samples: Samples, evaluator: Evaluator, redaction: Redaction, *, concurrency: int, progress: bool
) -> Verdicts:
    verdicts: list[Verdict] = []
    with _bar(count_of(samples), shown=progress) as bar:

        def take(result: Judged | BadLine) -> None:
            if isinstance(result, BadLine):
                verdicts.append(Verdict.refused(result))
            else:
                verdicts.append(Verdict.of_record(json.loads(result.line)))
            bar.advance(bar.task_ids[0])

        await judge_on_loop(lines, evaluator, take, concurrency=concurrency, redaction=redaction)
    frame = samples if library_of(samples) else None
    return Verdicts(verdicts, evaluator.revision, frame, tuple(evaluator.rubric.scores))


def _redaction(root: ConfigRoot, use_case: str | None, rubric: Rubric) -> Redaction:
    deployment = root.deployment()
    if use_case is None:
        return Redaction.of(deployment.defaults.redact)
    check_egress(named_use_case(deployment, use_case), rubric)
    return redaction_of(deployment, use_case)


@contextmanager
def _bar(total: int | None, *, shown: bool) -> Iterator[Progress]:
    with Progress(console=Console(stderr=True), disable=not shown, transient=True) as bar:
        bar.add_task("judging", total=total)
        yield bar
