"""What a worker depends on, and whether that is well now: for `/readyz`. No look waits longer than a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from assay.worker.flow.history_trouble import HistoryTroubles
from assay.worker.limits.call_rules import endpoint_key
from assay.worker.limits.status import call_status
from assay.worker.ports.health import PartState
from assay.worker.wiring.admissions import models_of
from assay.worker.wiring.golden import read_schedule_statuses
from assay.worker.wiring.part_looks import bounded, redis_look
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.stores import Part


async def part_states(runtime: Runtime, *, is_control: bool) -> dict[str, PartState]:
    """Everything that a worker depends on.

    Args:
        runtime: its deployment.
        is_control: whether it also writes the record and runs golden sets.
    """
    looks: dict[str, Callable[[Runtime], Awaitable[PartState]]] = {
        "redis": lambda runtime: redis_look(runtime.state.ping),
        **{_look_name(part): partial(_store, part) for part in runtime.stores.parts},
        "endpoints": _endpoints,
        **({"record": _record, "golden": _golden} if is_control else {}),
    }
    states = await asyncio.gather(*(bounded(look(runtime)) for look in looks.values()))
    return dict(zip(looks, states, strict=True))


def _look_name(part: Part) -> str:
    """What a store is called among what a worker depends on: `store`, and `store rag` for any but the first."""
    return f"store {part.mark}" if part.mark else "store"


async def _store(part: Part, _: Runtime) -> PartState:
    """Whether a store has told its project. It is not asked again once it has: probes take none of its requests."""
    await part.store.project_id()
    return PartState(ok=True)


async def _endpoints(runtime: Runtime) -> PartState:
    """The breakers of the endpoints that rubrics ask."""
    named = {endpoint_key(model.endpoint) for rubric in runtime.rubrics.values() for model in models_of(rubric)}
    calls = await call_status(runtime.state.call_reader, runtime.deployment, endpoints=tuple(sorted(named)))
    breakers = dict.fromkeys(sorted(named), "closed") | {each.endpoint: each.breaker for each in calls.endpoints}
    ailing = [name for name, breaker in breakers.items() if breaker != "closed"]
    return PartState(
        ok=not ailing,
        why=f"breaker not closed: {', '.join(ailing)}" if ailing else "",
        details={"breakers": {**breakers}},
    )


async def _record(runtime: Runtime) -> PartState:
    trouble = await HistoryTroubles(runtime.state.key_values).present()
    if trouble is None:
        return PartState(ok=True)
    return PartState(ok=False, why=f"no row is written since {trouble.since:%Y-%m-%d %H:%M} UTC; see the log")


async def _golden(runtime: Runtime) -> PartState:
    statuses = await read_schedule_statuses(runtime)
    ailing = [status.golden_set for status in statuses if status.problem or status.overdue_s]
    why = f"overdue or unreadable: {', '.join(ailing)}" if ailing else ""
    return PartState(ok=not ailing, why=why, details={"schedules": len(statuses)})
