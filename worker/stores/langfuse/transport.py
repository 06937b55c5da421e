"""The way every request to Langfuse takes, the SDK's too: through the shared budget, and back with the fleet slowed
down where the server asked for it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from assay.judges.models.wait_hints import retry_after_s as asked_wait_s
from assay.worker.ports.limits import LimitReached, RateLimits, admitted
from assay.worker.ports.store_errors import StoreBusy
from assay.worker.stores.langfuse.quotas import Plan, bucket_of

DEFAULT_RETRY_AFTER_S = 10.0
LONGEST_RETRY_AFTER_S = 3600.0


class BudgetedTransport(httpx.AsyncBaseTransport):
    """Sends a request when the plan has room for it, waiting at most `max_wait_s`."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, *, limits: RateLimits, plan: Plan, project: str, max_wait_s: float
    ) -> None:
        self._inner = inner
        self._limits = limits
        self._plan = plan
        self._project = project
        self._max_wait_s = max_wait_s
        self.sent: dict[str, int] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            StoreBusy: no room for longer than we wait.
            StateUnavailable: the account of the limits cannot be reached.
        """
        bucket = bucket_of(request.url.path, request.method)
        if bucket is None:
            return await self._send(request)
        limit = self._plan.limit(bucket, self._project)
        try:
            async with admitted(self._limits, {limit: 1}, max_wait_s=self._max_wait_s):
                response = await self._send(request)
        except LimitReached as exc:
            raise StoreBusy(f"Langfuse: {exc} (store.plan in assay.yaml)", retry_after_s=exc.wait_s) from exc
        if response.status_code == 429:
            longest_s = max(LONGEST_RETRY_AFTER_S, limit.period_s)
            await self._limits.pause(limit, seconds=retry_after_s(response, longest_s=longest_s))
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        self.sent[request.url.path] = self.sent.get(request.url.path, 0) + 1
        return await self._inner.handle_async_request(request)


def retry_after_s(response: httpx.Response, *, longest_s: float = LONGEST_RETRY_AFTER_S) -> float:
    """The seconds a 429 asks to wait, within bounds; X-RateLimit-Reset is a date in words and is not obeyed."""
    asked = asked_wait_s(response.headers, datetime.now(UTC), longest_s=longest_s)
    return DEFAULT_RETRY_AFTER_S if asked is None else asked
