"""Judging a whole input: by which rubric, on what, and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing

from judges.errors import ConfigurationError
from judges.evaluate import Evaluator
from judges.rubric import JudgeName, Rubric
from worker.config import ConfigRoot
from worker.judging.concurrent import judge_concurrently
from worker.judging.pool import JudgingPool
from worker.judging.reading import RawLine
from worker.judging.verdict_lines import Judged
from worker.lines import BadLine

USUAL_RUBRICS: dict[JudgeName, str] = {"local": "grounding", "llm": "grounding-llm"}
"""The rubric a judge is asked by where none is named."""


def choose_rubric(
    root: ConfigRoot, variables: Mapping[str, str], *, rubric: str | None, judge: JudgeName | None
) -> Rubric:
    """The rubric that was named, or the usual one of the judge.

    Raises:
        ConfigurationError: unknown or broken, or judged by another judge than was asked for.
    """
    found = root.rubric(rubric or USUAL_RUBRICS[judge or "local"], variables)
    if judge is not None and found.tier != judge:
        raise ConfigurationError(
            f"rubric {found.name}: judge.tiers: names {found.tier!r}, --judge says {judge!r}; "
            f"leave --judge out, or give a --rubric whose judge is {judge!r}"
        )
    return found


def judge_all(
    lines: Iterable[RawLine | BadLine],
    evaluator: Evaluator,
    take: Callable[[Judged | BadLine], None],
    *,
    workers: int,
    concurrency: int,
    explain: bool = False,
) -> None:
    """Judge every line and hand the results over in order: the local judge in processes, a model on one loop.

    Raises:
        ConfigurationError: the input cannot be read, or the endpoint refuses us.
        ProcessLost: processes cannot be started.
    """
    if evaluator.judge.name == "local" and workers > 1:
        with JudgingPool(evaluator, workers=workers, explain=explain) as pool:
            for result in pool.judge(lines):
                take(result)
    else:
        at_once = 1 if evaluator.judge.name == "local" else concurrency
        asyncio.run(_on_one_loop(lines, evaluator, take, concurrency=at_once, explain=explain))


async def _on_one_loop(
    lines: Iterable[RawLine | BadLine],
    evaluator: Evaluator,
    take: Callable[[Judged | BadLine], None],
    *,
    concurrency: int,
    explain: bool,
) -> None:
    try:
        results = judge_concurrently(lines, evaluator, concurrency=concurrency, explain=explain)
        async with aclosing(results):
            async for result in results:
                take(result)
    finally:
        await evaluator.judge.close()
