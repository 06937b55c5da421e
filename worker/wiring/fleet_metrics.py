"""The metrics of the fleet as a whole, read from its state now: for the scrapes of control workers, and for alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import structlog

from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.flow.metric_snapshots import kept_snapshots
from assay.worker.flow.pressure import read_pressure
from assay.worker.flow.release import read_backlog
from assay.worker.limits.call_rules import endpoint_key
from assay.worker.limits.status import call_status
from assay.worker.ports.backlog import Lane
from assay.worker.ports.pulse import ProcessSeen
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.metrics import fleet
from assay.worker.records.metrics.metric import Sample
from assay.worker.reporting.fleet_samples import (
    call_samples,
    copy_samples,
    funnel_samples,
    golden_samples,
    pulse_samples,
    record_samples,
    sample,
    work_samples,
)
from assay.worker.reporting.funnel import read_funnel
from assay.worker.reporting.record_health import read_record_health
from assay.worker.wiring.admissions import models_of
from assay.worker.wiring.copying import read_copies
from assay.worker.wiring.golden import read_schedule_statuses
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE, TICKS
from assay.worker.wiring.runtime import Runtime

READ_WITHIN_S = 8.0
"""Longest look at the state. Prometheus itself gives up after ten seconds."""

UNREADABLE = (sample(fleet.STATE_READABLE, 0), sample(fleet.GOLDEN_READABLE, 0))
"""All that is told where the state does not answer: an old value would hide that nobody knows it."""

log = structlog.get_logger(__name__)


async def fleet_samples(runtime: Runtime) -> Sequence[Sample]:
    """Every metric of `records/metrics/fleet.py`, as it is now.

    An outage is a value, too: where the state does not answer in time, these are `UNREADABLE` and nothing else.
    """
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            samples = await _read(runtime)
    except (StateUnavailable, TimeoutError) as exc:
        log.warning("metrics.state_unreadable", error=type(exc).__name__)
        return UNREADABLE
    return [sample(fleet.STATE_READABLE, 1), *samples, *await _golden(runtime)]


async def computed_samples(runtime: Runtime) -> Sequence[Sample]:
    """What ticks computed last from the record. Nothing where the state does not answer in time."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            snapshots = await kept_snapshots(runtime.state.key_values)
    except (StateUnavailable, TimeoutError):  # told by `fleet_samples`
        return []
    return [each for snapshot in snapshots for each in snapshot.samples]


def tick_intervals(runtime: Runtime) -> dict[str, float]:
    """How often each tick is due, in seconds; those of reviews and of copies only where there are any."""
    has = {"review": bool(runtime.deployment.review_queues), "copies": bool(runtime.stores.sinks)}
    wanted = [name for name in TICKS if has.get(name, True)]
    return {name: getattr(runtime.settings, f"{name}_every_s") for name in wanted}


def roles_of(processes: Iterable[ProcessSeen]) -> dict[str, int]:
    """Processes that are alive by role. A beat takes no messages. All roles are named, also those of nobody."""
    roles = dict.fromkeys(("assess", "control", "beat"), 0)
    for process in processes:
        is_worker = bool(process.queues)
        roles["beat"] += not is_worker
        roles["assess"] += ASSESS_QUEUE in process.queues
        roles["control"] += CONTROL_QUEUE in process.queues
    return roles


async def _read(runtime: Runtime) -> list[Sample]:
    state, now = runtime.state, runtime.clock.now()
    today = now.date()
    funnel = await read_funnel(state.ledger_reader, state.windows, today, today)
    queues = {name: await state.deliveries.queue_depth(name) for name in (ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE)}
    lanes = (await read_backlog(state.backlog, runtime.clock)).lanes
    processes = await state.pulse.processes()
    by_rubric = _endpoints(runtime)
    endpoints = {name for names in by_rubric.values() for name in names} | set(runtime.judge_files.endpoints)
    calls = await call_status(state.call_reader, runtime.deployment, endpoints=tuple(sorted(endpoints)))
    return [
        *funnel_samples(funnel),
        *work_samples(queues, await state.deliveries.in_hand(), lanes, await state.ledger_reader.in_flight(now), now),
        *pulse_samples(await state.pulse.ticks(), tick_intervals(runtime), roles_of(processes), processes),
        sample(fleet.SWEEP_HELD_BACK, await read_pressure(state.key_values) is not None),
        *call_samples(calls, endpoints | {DEFAULT_ENDPOINT}, _denied(lanes, by_rubric)),
        *copy_samples(await read_copies(runtime), now),
        *record_samples(await read_record_health(state.ended, state.key_values, now)),
    ]


async def _golden(runtime: Runtime) -> list[Sample]:
    """How golden sets stand. Their files may be unreadable while the rest of the fleet is well."""
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            statuses = await read_schedule_statuses(runtime)
    except Exception as exc:  # noqa: BLE001  # whatever is wrong with a set's files, the scrape must say so
        log.warning("metrics.schedules_unreadable", error=type(exc).__name__)
        return [sample(fleet.GOLDEN_READABLE, 0)]
    return [sample(fleet.GOLDEN_READABLE, 1), *golden_samples(statuses)]


def _endpoints(runtime: Runtime) -> dict[str, set[str]]:
    """The endpoints that each rubric asks."""
    return {
        name: {endpoint_key(model.endpoint) for model in models_of(rubric)} for name, rubric in runtime.rubrics.items()
    }


def _denied(lanes: Iterable[Lane], by_rubric: Mapping[str, set[str]]) -> set[str]:
    """Endpoints for which work waits until a person has mended access."""
    return {name for lane in lanes if lane.hold == "access" and lane.waiting for name in by_rubric.get(lane.rubric, ())}
