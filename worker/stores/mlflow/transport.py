"""The way every request to MLflow takes: through the shared budget, and back with the fleet slowed down where asked."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import httpx

from assay.judges.models.wait_hints import retry_after_s as asked_wait_s
from assay.judges.schema import Record
from assay.worker.ports.limits import LimitReached, RateLimit, RateLimits, admitted
from assay.worker.ports.store_errors import StoreBusy

DEFAULT_RETRY_AFTER_S = 10.0
LONGEST_RETRY_AFTER_S = 3600.0


class Quota(Record):
    """Requests that all workers together may send to one server in a minute. MLflow itself has no limit.

    Each score is a request of its own there, so writing takes most of them.
    """

    server: str
    per_minute: int

    @property
    def limit(self) -> RateLimit:
        """The limit by the name that all workers know."""
        return RateLimit(name=f"mlflow:{self.server}", amount=self.per_minute)

    def share(self, part: float) -> int:
        """A part of it, at least one request."""
        return max(1, math.floor(self.per_minute * part))


class BudgetedTransport(httpx.AsyncBaseTransport):
    """Sends a request when the budget has room for it, waiting at most `max_wait_s`."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, limits: RateLimits, quota: Quota, max_wait_s: float) -> None:
        self._inner = inner
        self._limits = limits
        self._limit = quota.limit
        self._max_wait_s = max_wait_s

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            StoreBusy: no room for longer than we wait.
            StateUnavailable: the account of the limits cannot be reached.
        """
        try:
            async with admitted(self._limits, {self._limit: 1}, max_wait_s=self._max_wait_s):
                response = await self._inner.handle_async_request(request)
        except LimitReached as exc:
            words = f"MLflow: {exc} (store.requests_per_minute in assay.yaml)"
            raise StoreBusy(words, retry_after_s=exc.wait_s) from exc
        if response.status_code == 429:
            await self._limits.pause(self._limit, seconds=retry_after_s(response))
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def retry_after_s(response: httpx.Response) -> float:
    """The seconds that a 429 asks to wait, within bounds."""
    asked = asked_wait_s(response.headers, datetime.now(UTC), longest_s=LONGEST_RETRY_AFTER_S)
    return DEFAULT_RETRY_AFTER_S if asked is None else asked
