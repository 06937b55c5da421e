"""Looks at what a process depends on: each is short, and one that fails is an answer, too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from assay.worker.config.redis_answers import redis_trouble
from assay.worker.ports.health import PartState
from assay.worker.ports.state import StateUnavailable

LOOK_WITHIN_S = 3.0
"""Longest look at one part."""


async def bounded(look: Awaitable[PartState]) -> PartState:
    """What a look says, in time. Of an error only its kind is told: its words may be private."""
    try:
        async with asyncio.timeout(LOOK_WITHIN_S):
            return await look
    except TimeoutError:
        return PartState(ok=False, why=f"no answer within {LOOK_WITHIN_S:g} s")
    except StateUnavailable as exc:
        return PartState(ok=False, why=f"Redis {redis_trouble(exc)}")
    except Exception as exc:  # noqa: BLE001  # whatever it is, the probe answers
        return PartState(ok=False, why=type(exc).__name__)


async def redis_look(ping: Callable[[], Awaitable[None]]) -> PartState:
    """Whether Redis answers."""

    async def look() -> PartState:
        await ping()
        return PartState(ok=True)

    return await bounded(look())
