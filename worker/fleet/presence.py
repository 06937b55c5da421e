"""Whether workers run: asked of themselves, over the broker."""

from __future__ import annotations

from assay.judges.cpu_executor import in_thread
from assay.worker.config.settings import Settings
from assay.worker.fleet.app import app, use_settings
from assay.worker.ports.state import StateUnavailable
from assay.worker.wiring.queues import ASSESS_QUEUE

ANSWER_WITHIN_S = 2.0
"""In seconds. A worker answers at once, however busy: its answers have a thread of their own."""


async def has_assess_workers(settings: Settings) -> bool:
    """Whether any worker takes judgements from the queue.

    Args:
        settings: with the broker's address.

    Raises:
        StateUnavailable: the broker does not answer.
    """
    use_settings(settings)
    return await in_thread(_ask)


def _ask() -> bool:
    try:
        queues = app.control.inspect(timeout=ANSWER_WITHIN_S).active_queues() or {}
    except Exception as exc:  # whatever the client library raises means the same here
        raise StateUnavailable(f"broker: {type(exc).__name__}; check ASSAY_REDIS_URL") from exc
    return any(queue["name"] == ASSESS_QUEUE for taken in queues.values() for queue in taken)
