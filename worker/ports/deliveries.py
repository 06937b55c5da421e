"""What the broker has in hand: messages that wait, and deliveries that are not acknowledged yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Deliveries(Protocol):
    """The broker's queues and deliveries, as far as Celery itself does not look after them.

    Raises (all methods):
        StateUnavailable
    """

    async def queue_depth(self, queue: str) -> int:
        """Messages waiting in a Celery queue. 0 where there is no such queue."""
        ...

    async def in_hand(self) -> int:
        """Messages that workers hold and did not acknowledge yet."""
        ...

    async def renew(self, tags: Sequence[str], *, owners: Sequence[str] = ()) -> None:
        """Tell the broker that these deliveries are alive, so that it does not redeliver them.

        Call it also with nothing in work: it says that somebody lives. After a silence, as when the server was away,
        nothing in hand is taken over until the living have had the time to call again.

        Args:
            tags: Celery's tags of the deliveries.
            owners: under which names their ledger entries are held.
        """
        ...
