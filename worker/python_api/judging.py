"""Judging from Python: a list, a frame or a file, by a rubric's name, in a program, a notebook or a running loop."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from rich.progress import Progress

from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import JudgeName, Rubric
from assay.judges.schema import Sample
from assay.worker.batch.reading import RawLine, open_samples
from assay.worker.batch.run import choose_rubric, judge_on_loop
from assay.worker.batch.tables import line_of_row
from assay.worker.batch.verdict_lines import Judged
from assay.worker.config.egress import check_egress
from assay.worker.config.redaction import redaction_of
from assay.worker.config.root import ConfigRoot, find_root
from assay.worker.config.settings import load_settings
from assay.worker.config.shown_use_cases import named_use_case
from assay.worker.python_api.frames import Frame, library_of, rows_of
from assay.worker.python_api.verdicts import Verdict, Verdicts
from assay.worker.records.jsonl import BadLine
from assay.worker.wiring.judges import build_evaluator

T = TypeVar("T")
Row = Mapping[str, Any] | Sample
Samples = Iterable[Row] | Row | Frame | str | Path
"""What can be judged: rows as mappings, samples, one of these, a frame, or the path of a JSONL, CSV or Parquet file."""

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
    return _waited_for(
        ajudge(
            samples,
            rubric=rubric,
            judge=judge,
            use_case=use_case,
            config=config,
            concurrency=concurrency,
            progress=progress,
        )
    )


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
    """As `judge`, awaited. Cancelling it ends the calls that are in flight."""
    settings = load_settings()
    root = find_root(Path(config) if config is not None else None, settings)
    chosen = choose_rubric(root, settings.rubric_variables(), rubric=rubric, judge=judge)
    redaction = _redaction(root, use_case, chosen)
    evaluator = build_evaluator(chosen, root, settings, tier=judge, use_case=use_case)
    verdicts: list[Verdict] = []
    with _lines(samples) as lines, _bar(shown=progress) as bar:

        def take(result: Judged | BadLine) -> None:
            if isinstance(result, BadLine):
                verdicts.append(Verdict.refused(result))
            else:
                verdicts.append(Verdict.of_record(json.loads(result.line)))
            bar.advance(bar.task_ids[0])

        await judge_on_loop(lines, evaluator, take, concurrency=concurrency, redaction=redaction)
    return Verdicts(verdicts, evaluator.revision, samples if library_of(samples) else None)


def _redaction(root: ConfigRoot, use_case: str | None, rubric: Rubric) -> Redaction:
    deployment = root.deployment()
    if use_case is None:
        return Redaction.of(deployment.defaults.redact)
    check_egress(named_use_case(deployment, use_case), rubric)
    return redaction_of(deployment, use_case)


@contextmanager
def _lines(samples: Samples) -> Iterator[Iterator[RawLine | BadLine]]:
    if isinstance(samples, str | Path):
        with open_samples(Path(samples)) as source:
            yield iter(source)
        return
    if library_of(samples):
        rows: Iterable[Any] = rows_of(samples)
    else:
        rows = [samples] if isinstance(samples, Mapping | Sample) else samples
        if not isinstance(rows, Iterable):
            raise TypeError(f"samples: is of type {type(samples).__name__}; give rows, a frame, or the path of a file")
    yield (_line(number, row) for number, row in enumerate(rows, 1))


def _line(number: int, row: Any) -> RawLine | BadLine:
    if isinstance(row, Sample):
        row = row.model_dump(mode="json", exclude={"metadata"})
    if not isinstance(row, Mapping):
        remedy = f"is of type {type(row).__name__}; give mappings with question, contexts and response"
        return BadLine(number=number, key="line", remedy=remedy)
    return line_of_row(number, row)


@contextmanager
def _bar(*, shown: bool) -> Iterator[Progress]:
    with Progress(disable=not shown, transient=True) as bar:
        bar.add_task("judging", total=None)
        yield bar


def _waited_for(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, run on a loop of its own: beside the caller's, where the caller has one.

    Ctrl-C cancels the work and is raised.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    results: list[T] = []
    errors: list[BaseException] = []
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)

    def run() -> None:
        try:
            results.append(loop.run_until_complete(task))
        except BaseException as exc:  # noqa: BLE001  # raised again where it is waited for
            errors.append(exc)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    thread = threading.Thread(target=run, name="assay-judge", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
    if errors:
        raise errors[0]
    return results[0]
