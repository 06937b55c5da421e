"""`assay status`: what became of the traces, what waits, and how scheduled golden sets stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from assay.judges.errors import ConfigurationError
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
from assay.worker.reporting.fleet_health import FleetHealth, HealthPorts, process_clock, read_fleet_health
from assay.worker.reporting.funnel import Funnel, read_funnel
from assay.worker.reporting.rate_rules import RateRule, read_rate_rules
from assay.worker.reporting.terminal.copies import copies_line
from assay.worker.reporting.terminal.fleet_health import health_lines
from assay.worker.reporting.terminal.funnel import funnel_table
from assay.worker.reporting.terminal.schedules import schedule_line
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE

if TYPE_CHECKING:
    from assay.worker.alerts.present import PresentAlerts
    from assay.worker.flow.coverage import Coverage
    from assay.worker.golden.scheduling.slot_records import ScheduleStatus
    from assay.worker.ports.copies import CopyCounts
    from assay.worker.ports.history import HistoryReader
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
                "copies": {name: counts.model_dump(mode="json") for name, counts in now.copies.items()},
                "queues": now.waiting,
                "warnings": now.warnings,
                "clock_offset_s": now.offset_s,
                "fleet": now.health.model_dump(mode="json"),
                "golden": [schedule.model_dump(mode="json") for schedule in now.schedules],
                "spent_without_score": now.lost.model_dump(),
                "alerts": now.alerts.model_dump(mode="json"),
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
        health: what the fleet is kept from.
        offset_s: how far this machine's clock is ahead of Redis'. None: not known.
        lost: what was paid for no score.
        schedules: how scheduled golden sets stand.
        reviews: answers given to people, by state.
        copies: how the copies of scores for each further place stand.
        rules: which rule gives each use case's rate.
        coverage: traces that sweeps have not looked at, where the store tells cheaply.
        alerts: what fires, and who does not take alerts.
        edit: what became of the last edit of the configuration.
        order: why nothing is swept, where another store became the first.
    """

    funnel: Funnel
    waiting: dict[str, int]
    health: FleetHealth
    offset_s: float | None
    lost: UnscoredSpend
    schedules: list[ScheduleStatus]
    reviews: dict[str, int]
    copies: dict[str, CopyCounts]
    rules: list[RateRule]
    coverage: Coverage | None
    alerts: PresentAlerts
    edit: LastEdit | None
    order: str

    @property
    def warnings(self) -> list[str]:
        """What a person has to look at."""
        here = process_clock("this command", self.offset_s).sentence
        return [*(words for words in (self.order, here) if words), *self.health.warnings]


async def _read_status(runtime: Runtime, days: int) -> Status:
    from assay.worker.wiring.config_announcement import last_edit
    from assay.worker.wiring.copying import read_copies
    from assay.worker.wiring.fleet_metrics import tick_intervals
    from assay.worker.wiring.golden import read_schedule_statuses
    from assay.worker.wiring.present_alerts import read_present_alerts
    from assay.worker.wiring.state_of_store import store_order

    first, last = last_days(runtime.clock.now(), days)
    state = runtime.state
    return Status(
        funnel=await read_funnel(state.ledger_reader, state.windows, first, last, record=_reader(runtime)),
        waiting={
            name: await runtime.state.deliveries.queue_depth(name)
            for name in (ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE)
        },
        health=await read_fleet_health(
            HealthPorts(state.pulse, state.backlog, state.key_values, state.call_reader, state.ended),
            runtime.deployment,
            runtime.clock,
            tick_intervals(runtime),
            first=first,
            last=last,
        ),
        offset_s=runtime.state.clock.offset_s,
        lost=await runtime.state.spend.total(first, last),
        schedules=await read_schedule_statuses(runtime),
        reviews=dict(await runtime.state.reviews.counts()),
        copies=await read_copies(runtime),
        rules=await read_rate_rules(runtime.state.windows, runtime.deployment, runtime.clock.now()),
        coverage=await read_coverage(runtime, most=MOST_LOOKED_AT),
        alerts=await read_present_alerts(runtime),
        edit=await last_edit(runtime.state.key_values),
        order=await store_order(runtime).trouble(),
    )


def _reader(runtime: Runtime) -> HistoryReader | None:
    """The record, for days that the ledger has forgotten. Without it the others are told all the same."""
    try:
        return runtime.history.reader
    except ConfigurationError:  # the worker that writes says so, and so does `assay doctor`
        return None


def _print_status(now: Status) -> None:
    console.print(funnel_table(now.funnel))
    for rule in now.rules:
        console.print(f"{rule.use_case}: {rule.sentence}", highlight=False, markup=False, soft_wrap=True)
    if now.coverage is not None:
        from assay.worker.reporting.terminal.coverage import status_lines

        for line in status_lines(now.coverage):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print("queues: " + ", ".join(f"{name} {depth} waiting" for name, depth in now.waiting.items()))
    here = process_clock("this command", now.offset_s).sentence
    for line in (*(f"! {words}" for words in (now.order, here) if words), *health_lines(now.health)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if now.lost.calls:
        unpriced = f", and {now.lost.unpriced_calls} calls of unknown price" if now.lost.unpriced_calls else ""
        console.print(f"spent without a score: {now.lost.calls} model calls, {now.lost.cost_usd:.4f} USD{unpriced}")
    if any(now.reviews.values()):
        console.print("flagged answers for people: " + ", ".join(f"{n} {name}" for name, n in now.reviews.items()))
    for schedule in now.schedules:
        console.print(schedule_line(schedule))
    at = datetime.now(UTC)
    for line in (*(copies_line(name, counts, at) for name, counts in now.copies.items()), *now.alerts.lines):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if now.edit is not None:
        console.print(now.edit.sentence, highlight=False, markup=False, soft_wrap=True)
