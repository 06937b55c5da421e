"""Whether workers run, as they told of themselves."""

from __future__ import annotations

from assay.worker.config.redis_url import required_redis_url
from assay.worker.config.settings import Settings
from assay.worker.state.redis.state import redis_state
from assay.worker.wiring.queues import ASSESS_QUEUE


async def has_assess_workers(settings: Settings) -> bool:
    """Whether any worker takes judgements from the queue.

    Args:
        settings: with the broker's address.

    Raises:
        StateUnavailable: the broker does not answer.
    """
    state = redis_state(required_redis_url(settings), prefix=settings.key_prefix)
    try:
        return any(ASSESS_QUEUE in process.queues for process in await state.pulse.processes())
    finally:
        await state.close()
