"""A further place that does not answer is left alone for a while, by all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from pydantic import AwareDatetime, ValidationError

from assay.judges.schema import Record
from assay.worker.ports.key_values import KeyValues

FIRST_S, LONGEST_S = 10.0, 600.0
"""How long a place is left alone after its first failure, and after many in a row."""

_TTL_S = 24 * 3600

log = structlog.get_logger(__name__)


class Held(Record):
    """Until when a place is left alone, after how many failures in a row, and the last of them."""

    until: AwareDatetime
    failures: int
    why: str = ""


@dataclass(frozen=True)
class CopyHold:
    """Remembers how a place answers."""

    key_values: KeyValues
    place: str

    async def present(self) -> Held | None:
        """What is remembered; None where the place answered last.

        Raises:
            StateUnavailable
        """
        raw = (await self.key_values.kept([self._key])).get(self._key)
        try:
            return Held.model_validate_json(raw) if raw else None
        except ValidationError:  # of another version of Assay
            return None

    async def failed(self, before: Held | None, why: str, now: datetime, wait_s: float | None) -> Held:
        """The place did not take what was sent, or did not answer.

        Args:
            before: what was remembered.
            why: in words.
            now: the current moment.
            wait_s: how long it asks to be left alone; None: it does not say.

        Raises:
            StateUnavailable
        """
        failures = before.failures + 1 if before else 1
        pause_s = min(LONGEST_S, max(FIRST_S * 2.0 ** min(failures - 1, 10), wait_s or 0.0))
        held = Held(until=now + timedelta(seconds=pause_s), failures=failures, why=why[:200])
        if before is None:
            log.warning("copies.place_unavailable", place=self.place, error=why[:200])
        await self._keep(held.model_dump_json().encode())
        return held

    async def answered(self, before: Held | None) -> None:
        """The place answers.

        Raises:
            StateUnavailable
        """
        if before is not None:
            log.info("copies.place_answers", place=self.place, failures=before.failures)
            await self._keep(b"")

    async def _keep(self, value: bytes) -> None:
        await self.key_values.keep(self._key, value, ttl_s=_TTL_S, replace=True)

    @property
    def _key(self) -> str:
        return f"copies:held:{self.place}"
