"""Values under a key in the memory of one process. Verdicts lie there as well. They never expire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class MemoryKeyValues:
    """`assay.worker.ports.key_values.KeyValues` and `….verdicts.VerdictCache` without a server."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Set a key unless it is set, or replace its value. Returns the value that lies there now."""
        if replace:
            self._values[key] = value
        return self._values.setdefault(key, value)

    async def keep_all(self, values: Mapping[str, bytes], *, ttl_s: int, replace: bool = False) -> Mapping[str, bytes]:
        """Set keys unless they are set, or replace their values. Returns the values that lie there now."""
        return {key: await self.keep(key, value, ttl_s=ttl_s, replace=replace) for key, value in values.items()}

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Values by key."""
        return {key: self._values[key] for key in keys if key in self._values}
