"""What both ways of fetching whole traces share: a deadline for all they ask, what a failure means for one trace."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from assay.worker.ports.store_errors import StoreBusy, StoreError, TraceTooLarge
from assay.worker.stores.langfuse.client import LangfuseClient, Query, TooLarge, UrlTooLong

FETCH_S = 60.0
"""No request of a fetch begins later than this. With the last one's own time-out that leaves a batch, which has 120 s,
time to be judged in; and a minute is what a used-up request budget takes to fill again."""


class Patience:
    """Asks on behalf of one fetch. Before the first answer it gives up as soon as the budget has no room, since nothing
    would be lost; then it waits for room, so that what was read is not read again.
    """

    def __init__(self, client: LangfuseClient) -> None:
        self._client = client
        self._until = time.monotonic() + FETCH_S
        self._has_begun = False
        self._gave_up = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._gave_up or time.monotonic() > self._until

    async def get(self, path: str, query: Query = ()) -> Any:
        """The JSON answer to a GET.

        Raises:
            StoreBusy: the time is over, or would be before there is room in the budget.
            StoreUnavailable, StoreRejected
        """
        while True:
            if self._has_begun and self.is_over:
                raise StoreBusy("Langfuse: no time was left to fetch this with the rest", retry_after_s=1.0)
            try:
                answer = await self._client.get(path, query)
            except StoreBusy as exc:
                wait_s = max(exc.retry_after_s or 0.0, 0.1)
                if not self._has_begun or time.monotonic() + wait_s > self._until:
                    self._gave_up = self._has_begun
                    raise
                await asyncio.sleep(wait_s)
            except StoreError:
                self._has_begun = True
                raise
            else:
                self._has_begun = True
                return answer


def meaning_for_one(error: StoreError) -> StoreError:
    """What the failure of a request for a single trace says of that trace."""
    if isinstance(error, TooLarge) and not isinstance(error, UrlTooLong):
        return TraceTooLarge(str(error))
    return error
