"""Running a call: this process's judge or the fleet's, progress on the terminal, what an interruption leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, nullcontext
from typing import TypeVar

import typer
from pydantic import SecretStr
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from assay.worker.cli import EXIT_BACKEND
from assay.worker.cli.context import stderr
from assay.worker.cli.golden.call import CommandCall
from assay.worker.cli.golden.shared_limits import run_admissions
from assay.worker.cli.streams import print_error
from assay.worker.golden.call import OnDone
from assay.worker.golden.runs.fleet_judging import FleetEvaluator
from assay.worker.golden.runs.judgement import SampleEvaluator
from assay.worker.launch.broker import Broker
from assay.worker.launch.fleet import running_broker
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import redis_state
from assay.worker.wiring.golden_calls import judged_by
from assay.worker.wiring.judges import build_evaluator

T = TypeVar("T")


def judged(called: CommandCall, asked: int, work: Callable[[SampleEvaluator, OnDone], Awaitable[T]]) -> T:
    """Run `work` with a judge, which is closed afterwards, and show progress.

    Args:
        called: whose judge is taken: this process's, or the fleet's.
        asked: answers that are judged; the anchors come on top.
        work: gets the judge, and what to call after each judgement.
    """
    total = asked + len(called.call.golden.anchors)

    async def run() -> T:
        async with AsyncExitStack() as stack:
            evaluator = await _evaluator(called, broker, stack)
            with _progress() as bars:
                task = bars.add_task("judging", total=total)
                return await work(evaluator, lambda: bars.advance(task))

    with running_broker(called.settings, called.root) if called.is_fleet else nullcontext() as broker:
        return asyncio.run(run())


@contextmanager
def interruptible(words: Callable[[], str]) -> Iterator[None]:
    """Make an interruption exit 3 and say `words`: what there is by then."""
    try:
        yield
    except KeyboardInterrupt:
        print_error(f"assay: interrupted; {words()}")
        raise typer.Exit(EXIT_BACKEND) from None


async def _evaluator(called: CommandCall, broker: Broker | None, stack: AsyncExitStack) -> SampleEvaluator:
    """The judge of this process, or, with a broker, the fleet's workers."""
    rubric = called.call.golden.rubric
    admissions = None if broker else await run_admissions(rubric, called.root, called.settings, stack)
    evaluator = build_evaluator(rubric, called.root, called.settings, admissions=admissions)
    stack.push_async_callback(evaluator.judge.close)
    if broker is None:
        return evaluator
    if broker.started:
        raise StateUnavailable("--fleet: no fleet runs here; start `assay up`, or set ASSAY_REDIS_URL to the fleet's")
    # Celery takes a while to import, and only --fleet needs it.
    from assay.worker.fleet.app import publish, use_settings

    use_settings(called.settings.model_copy(update={"redis_url": SecretStr(broker.url)}))
    state = redis_state(broker.url, prefix=called.settings.key_prefix)
    stack.push_async_callback(state.close)
    fleet = FleetEvaluator(
        judged_by(evaluator, called.root, called.settings),
        state.key_values,
        state.documents,
        publish,
        say=lambda line: stderr.print(Text(f"{called.call.golden.name}: {line}")),
    )
    stack.push_async_callback(fleet.close)
    return fleet


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=stderr, transient=True)
