"""`assay backfill`: judge the traces of a past time range."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from assay.worker.cli import EXIT_BACKEND
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, stderr, with_runtime
from assay.worker.cli.moments import parse_range
from assay.worker.cli.plan import ToOption, UseCaseOption, check_use_case
from assay.worker.cli.progress import leaving_cleanly

if TYPE_CHECKING:
    from rich.progress import Progress

    from assay.worker.flow.backfill.outcome import RangeOutcome
    from assay.worker.setup.backfilling import BackfillResult
    from assay.worker.wiring.runtime import Runtime

NO_WORKER = "no worker is running: what is released waits in the queue; start `assay up`, or a worker, and it is judged"


class _Show(Protocol):
    """Moves a bar: to a stage, how much of it is done, and of how much."""

    def __call__(self, stage: str, done: float, total: float) -> None:
        """Move it."""


def backfill(  # noqa: PLR0913, PLR0917  # one parameter for each option
    start: Annotated[
        str, typer.Option("--from", help="First moment: 2026-11-20, 2026-11-20T09:30Z or 7d (7 days ago).")
    ],
    end: ToOption = "now",
    use_case: UseCaseOption = None,
    rejudge: Annotated[
        bool, typer.Option("--rejudge", help="Judge again what came to an end under another version of the rubric.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Most judgements to release; run it again for the rest.")
    ] = None,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Ask models in their provider's batches: half the price, answers within a day."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="End when all is released, before it is judged.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge the traces of a past time range: shows the plan, asks, then does it beside live traffic.

    A trace is judged once, whoever selects it. Interrupt it when you like: the same command goes on from there. Exit
    code 3: some judgements have not come to an end.

    With --batch it ends when all is released; `assay batches ls` shows how the batches stand.
    """

    async def work(runtime: Runtime) -> BackfillResult:
        from assay.worker.cli.plan_view import plan_group
        from assay.worker.fleet.presence import has_assess_workers
        from assay.worker.setup.backfilling import Backfilling
        from assay.worker.wiring.batches import check_batches

        check_use_case(runtime.deployment, use_case)
        first, last = parse_range(start, end, runtime.clock.now())
        if batch:
            await check_batches(runtime, use_case)
        takers = partial(has_assess_workers, runtime.settings)
        backfilling = Backfilling(runtime, takers, only=use_case, rejudge=rejudge, limit=limit, by_batch=batch)
        with _bar("looking through the range") as show:
            planned, report = await backfilling.plan(
                first, last, lambda share: show("looking through the range", share, 1.0)
            )
        (stderr if as_json else console).print(plan_group(report))
        if planned.plan.work and not await takers():
            stderr.print(f"assay: {NO_WORKER}", highlight=False, markup=False, soft_wrap=True)
        if planned.plan.work and not yes:
            _confirm(min(planned.plan.work, limit or planned.plan.work))
        with _bar("judging") as show:
            return await backfilling.run(planned, report, wait=not (no_wait or batch), progress=show)

    with leaving_cleanly(again=True):
        result = with_runtime(config, work)
    _tell(result, as_json=as_json)
    if not result.is_complete:
        raise typer.Exit(EXIT_BACKEND)


def _tell(result: BackfillResult, *, as_json: bool) -> None:
    """Print what was done."""
    if as_json:
        print_json(result)
    else:
        for line in result_lines(result):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _confirm(judgements: int) -> None:
    """Go on only if a person says so.

    Raises:
        Abort
    """
    typer.confirm(f"Release {_judgements(judgements)}?", abort=True, err=True)


def result_lines(result: BackfillResult) -> Iterator[str]:
    """What was done, and a sum that adds up."""
    released = result.released
    if released.selected or released.stopped:
        yield f"released: {_judgements(released.selected)}"
    else:
        yield "nothing to release: every trace of the range that the hash selects was selected before"
    if released.already_scored:
        yield f"  {released.already_scored:,} more have their scores in the store already; not judged again"
    if released.stopped == "limit":
        yield "  --limit ended it: run the same command again for the rest"
    elif released.stopped == "no_worker":
        left = result.plan.plan.work - released.selected
        yield f"  {_judgements(left)} more are not released: run the same command again when a worker runs"
    yield outcome_line(result.outcome)
    if result.end == "no_worker":
        yield NO_WORKER
    elif result.end == "no_progress":
        yield "nothing has changed for a while: `assay status` and the workers' logs say why"


def outcome_line(outcome: RangeOutcome) -> str:
    """The range's sum: `40 selected = 38 scored + 2 skipped (no_evidence 2) + 0 dead + 0 in flight`."""
    parts = (("skipped", outcome.skipped), ("dead", outcome.dead), ("in flight", outcome.in_flight))
    told = [f"{outcome.scored:,} scored"]
    for name, part in parts:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(part.items()))
        told.append(f"{sum(part.values()):,} {name}" + (f" ({reasons})" if reasons else ""))
    return f"in this range: {outcome.selected:,} selected = {' + '.join(told)}"


def _judgements(n: int) -> str:
    return f"{n:,} judgement" + ("" if n == 1 else "s")


@contextmanager
def _bar(words: str) -> Iterator[_Show]:
    """A bar on stderr, where that is a terminal."""
    with _progress() as bars:
        task = bars.add_task(words, total=None)

        def show(stage: str, done: float, total: float) -> None:
            bars.update(task, description=stage, completed=done, total=total)

        yield show


def _progress() -> Progress:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal)
