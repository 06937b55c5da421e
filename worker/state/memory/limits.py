"""The account of limits in the memory of one process, for tests and for commands that have no Redis."""

from __future__ import annotations

import math
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from assay.worker.ports.limits import BUCKETS, RateLimit, Reservation


@dataclass
class _Account:
    """What was used of one limit.

    Attributes:
        buckets: what was used, by part of a period.
        leases: amount and end of each open lease.
        paused_until: nothing is granted before.
    """

    buckets: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    leases: dict[str, tuple[float, float]] = field(default_factory=dict)
    paused_until: float = 0.0

    def wait_s(self, limit: RateLimit, asked: float, now: float) -> float:
        """Seconds until this much may be taken; 0 if it may now."""
        width = limit.period_s / BUCKETS
        for lease, (amount, ends) in list(self.leases.items()):
            if ends <= now:
                del self.leases[lease]
                self.buckets[math.floor(ends / width)] += amount
        free_at = {bucket: (bucket + 1) * width + limit.period_s for bucket in self.buckets}
        for bucket in [bucket for bucket, moment in free_at.items() if moment <= now]:
            del self.buckets[bucket]
        over = sum(self.buckets.values()) + sum(amount for amount, _ in self.leases.values()) + asked - limit.amount
        if over <= 1e-9:
            return max(0.0, self.paused_until - now)
        moment = now + width
        for bucket in sorted(self.buckets):
            if over <= 1e-9:
                break
            over -= self.buckets[bucket]
            moment = free_at[bucket]
        return max(moment - now, self.paused_until - now, 0.001)


class MemoryLimits:
    """`assay.worker.ports.limits.RateLimits` without a server: each process counts for itself."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = defaultdict(_Account)

    async def reserve(self, charges: Mapping[RateLimit, float], *, lease_s: float) -> Reservation:
        """Take this much of each limit, of all or of none."""
        now = time.monotonic()
        asked = {limit: min(amount, limit.amount) for limit, amount in charges.items()}
        wait_s = max(self._accounts[limit.name].wait_s(limit, amount, now) for limit, amount in asked.items())
        if wait_s > 0:
            return Reservation(wait_s=wait_s)
        lease = uuid.uuid4().hex
        for limit, amount in asked.items():
            self._accounts[limit.name].leases[lease] = (amount, now + lease_s)
        return Reservation(lease=lease)

    async def settle(self, lease: str, charges: Mapping[RateLimit, float]) -> None:
        """End a lease, charging what was really used."""
        for limit, used in charges.items():
            account = self._accounts[limit.name]
            if account.leases.pop(lease, None) is not None:
                account.buckets[math.floor(time.monotonic() / (limit.period_s / BUCKETS))] += used

    async def pause(self, limit: RateLimit, *, seconds: float) -> None:
        """Grant nothing of this limit for a while."""
        account = self._accounts[limit.name]
        account.paused_until = max(account.paused_until, time.monotonic() + seconds)
