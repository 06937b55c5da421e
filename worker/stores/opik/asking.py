"""How Opik is asked: filters, batches that it takes, and several requests at a time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from assay.worker.records.traces import utc_iso

SCORES_AT_ONCE, BYTES_AT_ONCE = 1000, 4_000_000
"""In one request."""
AT_ONCE = 8
"""Requests that are open at the same time."""

Given = TypeVar("Given")
Answer = TypeVar("Answer")


def between(start: datetime, end: datetime) -> list[dict[str, str]]:
    """Filters of what began in a half-open range."""
    return [
        {"field": "start_time", "operator": ">=", "value": utc_iso(start)},
        {"field": "start_time", "operator": "<", "value": utc_iso(end)},
    ]


def equal(field: str, value: str) -> dict[str, str]:
    """A filter of one value."""
    return {"field": field, "operator": "=", "value": value}


def batches(bodies: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Items in batches that Opik takes: by their number, and by their bytes."""
    grouped: list[list[dict[str, Any]]] = [[]]
    taken = 0
    for body in bodies:
        size = len(json.dumps(body))
        if grouped[-1] and (len(grouped[-1]) == SCORES_AT_ONCE or taken + size > BYTES_AT_ONCE):
            grouped.append([])
            taken = 0
        grouped[-1].append(body)
        taken += size
    return grouped


async def each(given: Sequence[Given], ask: Callable[[Given], Awaitable[Answer]]) -> dict[Given, Answer]:
    """Every answer, a few requests at a time. The first error ends the others."""
    room = asyncio.Semaphore(AT_ONCE)

    async def answered(wanted: Given) -> Answer:
        async with room:
            return await ask(wanted)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = {wanted: group.create_task(answered(wanted)) for wanted in given}
    except ExceptionGroup as exc:
        raise exc.exceptions[0] from exc
    return {wanted: task.result() for wanted, task in tasks.items()}
