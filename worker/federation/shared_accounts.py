"""The accounts and locks that all workers share, under names of one store's own: two of a kind have one each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.limits import RateLimit, RateLimits, Reservation
from assay.worker.ports.locks import Locks


@dataclass(frozen=True)
class LimitsOfStore:
    """`assay.worker.ports.limits.RateLimits` of one store."""

    limits: RateLimits
    store: str

    async def reserve(self, charges: Mapping[RateLimit, float], *, lease_s: float) -> Reservation:
        """Take this much of each limit, of all or of none."""
        return await self.limits.reserve(self._own(charges), lease_s=lease_s)

    async def settle(self, lease: str, charges: Mapping[RateLimit, float]) -> None:
        """End a lease, charging what was really used."""
        await self.limits.settle(lease, self._own(charges))

    async def pause(self, limit: RateLimit, *, seconds: float) -> None:
        """Grant nothing of this limit for a while."""
        await self.limits.pause(self._named(limit), seconds=seconds)

    def _own(self, charges: Mapping[RateLimit, float]) -> dict[RateLimit, float]:
        return {self._named(limit): amount for limit, amount in charges.items()}

    def _named(self, limit: RateLimit) -> RateLimit:
        return limit.model_copy(update={"name": f"{self.store}~{limit.name}"})


@dataclass(frozen=True)
class LocksOfStore:
    """`assay.worker.ports.locks.Locks` of one store."""

    locks: Locks
    store: str

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        """Take a named lock, or hold one's own for longer."""
        return await self.locks.acquire(f"{name}~{self.store}", owner=owner, ttl_s=ttl_s)

    async def release(self, name: str, *, owner: str) -> None:
        """Give a lock back."""
        await self.locks.release(f"{name}~{self.store}", owner=owner)


@dataclass(frozen=True)
class KeyValuesOfStore:
    """`assay.worker.ports.key_values.KeyValues` of one store."""

    key_values: KeyValues
    store: str

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Set a key."""
        return await self.key_values.keep(self._own(key), value, ttl_s=ttl_s, replace=replace)

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Values by key."""
        own = {self._own(key): key for key in keys}
        return {own[key]: value for key, value in (await self.key_values.kept(list(own))).items()}

    def _own(self, key: str) -> str:
        return f"{key}~{self.store}"
