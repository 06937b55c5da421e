"""`assay status`: what became of the traces, what waits, and how scheduled golden sets stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.worker.cli.context import (
    ConfigOption,
    DaysOption,
    JsonOption,
    console,
    last_days,
    print_json,
    with_runtime,
)
from assay.worker.cli.uncovered import read_coverage
from assay.worker.reporting.funnel import Funnel, read_funnel
from assay.worker.reporting.rate_rules import RateRule, read_rate_rules
from assay.worker.reporting.terminal.funnel import funnel_table
from assay.worker.reporting.terminal.schedules import schedule_line
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE

if TYPE_CHECKING:
    from assay.worker.flow.coverage import Coverage
    from assay.worker.golden.scheduling.slot_records import ScheduleStatus
    from assay.worker.records.ledger import UnscoredSpend
    from assay.worker.wiring.config_announcement import LastEdit
    from assay.worker.wiring.runtime import Runtime


def status(config: ConfigOption = None, days: DaysOption = 14, as_json: JsonOption = False) -> None:
    """Show the funnel (it adds up), queues, what was paid for no score, and how scheduled golden sets stand."""
    now = with_runtime(config, lambda runtime: _read_status(runtime, days))
    if as_json:
        print_json(
            {
                "funnel": now.funnel.model_dump(mode="json"),
                "rates": [rule.model_dump(mode="json") for rule in now.rules],
                "coverage": now.coverage.model_dump(mode="json") if now.coverage else None,
                "reviews": now.reviews,
                "queues": now.waiting,
                "golden": [schedule.model_dump(mode="json") for schedule in now.schedules],
                "spent_without_score": now.lost.model_dump(),
                "last_edit": now.edit.model_dump(mode="json") if now.edit else None,
            }
        )
    else:
        _print_status(now)


MOST_LOOKED_AT = 20_000
"""Traces of the embedded store that are looked at, to tell which of them no sweep will look at."""


class Status(NamedTuple):
    """What the fleet is doing now.

    Attributes:
        funnel: what became of the traces of the last days.
        waiting: messages by queue.
        lost: what was paid for no score.
        schedules: how scheduled golden sets stand.
        reviews: answers given to people, by state.
        rules: which rule gives each use case's rate.
        coverage: traces that sweeps have not looked at, where the store tells cheaply.
        edit: what became of the last edit of the configuration.
    """

    funnel: Funnel
    waiting: dict[str, int]
    lost: UnscoredSpend
    schedules: list[ScheduleStatus]
    reviews: dict[str, int]
    rules: list[RateRule]
    coverage: Coverage | None
    edit: LastEdit | None


async def _read_status(runtime: Runtime, days: int) -> Status:
    from assay.worker.wiring.config_announcement import last_edit
    from assay.worker.wiring.golden import read_schedule_statuses

    first, last = last_days(runtime.clock.now(), days)
    return Status(
        funnel=await read_funnel(runtime.state.ledger_reader, runtime.state.windows, first, last),
        waiting={
            name: await runtime.state.deliveries.queue_depth(name)
            for name in (ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE)
        },
        lost=await runtime.state.spend.total(first, last),
        schedules=await read_schedule_statuses(runtime),
        reviews=dict(await runtime.state.reviews.counts()),
        rules=await read_rate_rules(runtime.state.windows, runtime.deployment, runtime.clock.now()),
        coverage=await read_coverage(runtime, most=MOST_LOOKED_AT),
        edit=await last_edit(runtime.state.key_values),
    )


def _print_status(now: Status) -> None:
    console.print(funnel_table(now.funnel))
    for rule in now.rules:
        console.print(f"{rule.use_case}: {rule.sentence}", highlight=False, markup=False, soft_wrap=True)
    if now.coverage is not None:
        from assay.worker.reporting.terminal.coverage import status_lines

        for line in status_lines(now.coverage):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print("queues: " + ", ".join(f"{name} {depth} waiting" for name, depth in now.waiting.items()))
    if now.lost.calls:
        unpriced = f", and {now.lost.unpriced_calls} calls of unknown price" if now.lost.unpriced_calls else ""
        console.print(f"spent without a score: {now.lost.calls} model calls, {now.lost.cost_usd:.4f} USD{unpriced}")
    if any(now.reviews.values()):
        console.print("flagged answers for people: " + ", ".join(f"{n} {name}" for name, n in now.reviews.items()))
    for schedule in now.schedules:
        console.print(schedule_line(schedule))
    if now.edit is not None:
        console.print(now.edit.sentence, highlight=False, markup=False, soft_wrap=True)
