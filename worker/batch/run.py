"""Judging a whole input: by which rubric, on what, and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import aclosing

from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import JudgeName, Rubric
from assay.worker.batch.concurrent import judge_concurrently
from assay.worker.batch.lines_ahead import LinesAhead
from assay.worker.batch.process_pool import JudgingPool
from assay.worker.batch.reading import RawLine
from assay.worker.batch.redacting import NOTHING
from assay.worker.batch.verdict_lines import Judged
from assay.worker.config.root import ConfigRoot
from assay.worker.records.jsonl import BadLine

USUAL_RUBRICS: dict[JudgeName, str] = {
    "local": "grounding",
    "llm": "grounding-llm",
    "panel": "grounding-cascade",
    "decision": "grounding-decision",
}
"""The rubric a judge is asked by where none is named."""

REFUSED_IN_A_ROW = 3
"""Calls in a row that an endpoint may refuse for good. One refusal for an unknown reason may be due to the sample.
Three are due to the key, the quota, the model's name or the request's form, and all that follow would fail as well. A
sample that is too long for the model, or that a filter refuses, is skipped and counts for nothing here."""

HELD_AT_MOST = 10_000
"""Results that wait until it is clear whether a refused call was the sample's fault."""


def choose_rubric(
    root: ConfigRoot, variables: Mapping[str, str], *, rubric: str | None, judge: JudgeName | None
) -> Rubric:
    """The rubric that was named, or the usual one of the judge. Of a cascade, the judge named is asked alone.

    Raises:
        ConfigurationError: unknown or broken, or without the judge that was asked for.
    """
    if judge is not None and judge not in USUAL_RUBRICS:
        raise ConfigurationError(f"judge: {judge!r} is none; give one of {', '.join(USUAL_RUBRICS)}")
    chosen = root.rubric(rubric or USUAL_RUBRICS[judge or "local"], variables)
    if judge is not None and judge not in chosen.judge.tiers:
        raise ConfigurationError(
            f"rubric {chosen.name}: judge.tiers: names {', '.join(chosen.judge.tiers)}, --judge says {judge!r}; "
            f"leave --judge out, or give a --rubric with the judge {judge!r}"
        )
    return chosen


def judge_all(
    lines: Iterable[RawLine | BadLine],
    evaluator: Evaluator,
    take: Callable[[Judged | BadLine], None],
    *,
    workers: int,
    concurrency: int,
    explain: bool = False,
    redaction: Redaction = NOTHING,
) -> None:
    """Judge every line and hand the results over in order: the local judge in processes, a model on one loop.

    Args:
        lines: the input.
        evaluator: who judges.
        take: is given each result.
        workers: processes of the local judge.
        concurrency: samples in flight at a model.
        explain: whether results come with words for a person.
        redaction: what no judge gets to see.

    Raises:
        ConfigurationError: the input cannot be read, or the endpoint refuses us.
        ProcessLost: processes cannot be started.
    """
    if evaluator.judge.name == "local" and workers > 1:
        with JudgingPool(evaluator, workers=workers, explain=explain, redaction=redaction) as pool:
            for result in pool.judge(lines):
                take(result)
    else:
        asyncio.run(
            judge_on_loop(lines, evaluator, take, concurrency=concurrency, explain=explain, redaction=redaction)
        )


async def judge_on_loop(
    lines: Iterable[RawLine | BadLine] | LinesAhead,
    evaluator: Evaluator,
    take: Callable[[Judged | BadLine], None],
    *,
    concurrency: int,
    explain: bool = False,
    redaction: Redaction = NOTHING,
) -> None:
    """The same on the running loop, and in this process. Arguments and errors as of `judge_all`."""
    at_once = 1 if evaluator.judge.name == "local" else concurrency
    results = judge_concurrently(lines, evaluator, concurrency=at_once, explain=explain, redaction=redaction)
    try:
        async with aclosing(results):
            held: list[Judged | BadLine] = []
            async for result in results:
                held.append(result)
                _check_refused(held)
                if not _is_waiting(held):
                    _take_held(held, take)
            _take_held(held, take)
    finally:
        await evaluator.judge.close()


def _is_waiting(held: Sequence[Judged | BadLine]) -> bool:
    """Whether it is open if the endpoint refuses one sample or everybody: refused, and no call went through since.

    What a cascade's first tier settles by itself says nothing about the endpoint, and waits for its turn to be written.
    """
    last = held[-1]
    went_through = isinstance(last, Judged) and not last.refused and not last.settled
    return bool(_refusals(held)) and not went_through and len(held) < HELD_AT_MOST


def _refusals(held: Sequence[Judged | BadLine]) -> list[str]:
    return [result.refused for result in held if isinstance(result, Judged) and result.refused]


def _take_held(held: list[Judged | BadLine], take: Callable[[Judged | BadLine], None]) -> None:
    """Refused calls count as failed samples once another call went through, or there is no other."""
    for result in held:
        take(result)
    held.clear()


def _check_refused(held: Sequence[Judged | BadLine]) -> None:
    """Give up before anything false is written: the same command tries these samples again.

    Raises:
        ConfigurationError
    """
    refusals = _refusals(held)
    if len(refusals) >= REFUSED_IN_A_ROW:
        raise ConfigurationError(
            f"endpoint: {len(refusals)} calls in a row were refused: {refusals[-1]}; then run the same command again"
        )
