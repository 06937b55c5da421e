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
from assay.worker.cli.golden.call import Call, Side, side_name
from assay.worker.cli.streams import print_error
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.fleet_judging import FleetEvaluator
from assay.worker.golden.runs.run import SampleEvaluator
from assay.worker.launch.broker import Broker
from assay.worker.launch.fleet import running_broker
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import redis_state
from assay.worker.wiring.golden import judged_by
from assay.worker.wiring.judges import build_evaluator

T = TypeVar("T")

FLEET_TIMEOUT_S = 1800.0
"""Of a run with --fleet without a time limit of its own: nobody waits for ever for a fleet that is not there."""


def with_session(call: Call, sides: dict[str, Side], work: Callable[[GoldenSession], Awaitable[T]]) -> T:
    """Run `work` with a session whose judge is closed afterwards, showing progress and keeping what is done."""
    golden, names = call.golden, {part: side_name(side) for part, side in sides.items()}
    total = sum(len(golden.items) * call.repeats for side in sides.values() if not isinstance(side, GoldenRun))

    async def run(stack: AsyncExitStack) -> T:
        evaluator = await _evaluator(call, broker, stack)
        journal = call.journal(evaluator, names)
        with _progress() as bars:
            task = bars.add_task("judging", total=total + len(golden.anchors))
            session = GoldenSession(
                golden,
                evaluator,
                call.concurrency,
                on_done=lambda: bars.advance(task),
                run_id=call.run_id,
                repeats=call.repeats,
                timeout_s=call.timeout_s or (FLEET_TIMEOUT_S if call.fleet else None),
                journal=journal,
            )
            try:
                return await work(session)
            finally:
                journal.close()

    async def closing() -> T:
        async with AsyncExitStack() as stack:
            return await run(stack)

    with running_broker(call.settings, call.root) if call.fleet else nullcontext() as broker:
        return asyncio.run(closing())


@contextmanager
def interruptible(words: Callable[[], str]) -> Iterator[None]:
    """Make an interruption exit 3 and say `words`: what there is by then."""
    try:
        yield
    except KeyboardInterrupt:
        print_error(f"assay: interrupted; {words()}")
        raise typer.Exit(EXIT_BACKEND) from None


async def _evaluator(call: Call, broker: Broker | None, stack: AsyncExitStack) -> SampleEvaluator:
    """The judge of this process, or, with a broker, the fleet's workers."""
    evaluator = build_evaluator(call.golden.rubric, call.root, call.settings)
    stack.push_async_callback(evaluator.judge.close)
    if broker is None:
        return evaluator
    if broker.started:
        raise StateUnavailable("--fleet: no fleet runs here; start `assay up`, or set ASSAY_REDIS_URL to the fleet's")
    # Celery takes a while to import, and only --fleet needs it.
    from assay.worker.fleet.app import publish, use_settings

    use_settings(call.settings.model_copy(update={"redis_url": SecretStr(broker.url)}))
    state = redis_state(broker.url, prefix=call.settings.key_prefix)
    stack.push_async_callback(state.close)
    fleet = FleetEvaluator(
        judged_by(evaluator, call.root, call.settings),
        state.key_values,
        state.documents,
        publish,
        say=lambda line: stderr.print(Text(f"{call.golden.name}: {line}")),
    )
    stack.push_async_callback(fleet.close)
    return fleet


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=stderr, transient=True)
