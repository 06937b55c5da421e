"""What keeps rows from being written: told once in the log, and remembered for `assay status` until it has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import AwareDatetime, ValidationError

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.schema import Record
from assay.worker.ports.key_values import KeyValues

_KEY = "history:trouble"
_TTL_S = 24 * 3600
"""Longer than any pause between two tries, so that a trouble lasts as long as it does."""

_LONGEST = 500

log = structlog.get_logger(__name__)


class HistoryTrouble(Record):
    """Why no row is written, and since when. `is_configuration`: only a person can mend it."""

    since: AwareDatetime
    message: str
    is_configuration: bool = False


@dataclass(frozen=True)
class HistoryTroubles:
    """The trouble of all processes together: they write to one database."""

    key_values: KeyValues

    async def present(self) -> HistoryTrouble | None:
        """What is wrong; None where nothing is.

        Raises:
            StateUnavailable
        """
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        try:
            return HistoryTrouble.model_validate_json(raw) if raw else None
        except ValidationError:  # of another version of Assay: as if it were not there
            return None

    async def tell(self, error: EvaluationError, now: datetime) -> None:
        """Remember an error. It is logged where it is news, and not at every try.

        Raises:
            StateUnavailable
        """
        before = await self.present()
        trouble = HistoryTrouble(
            since=before.since if before else now,
            message=str(error)[:_LONGEST],
            is_configuration=isinstance(error, ConfigurationError),
        )
        if before is None or (before.message, before.is_configuration) != (trouble.message, trouble.is_configuration):
            write = log.error if trouble.is_configuration else log.warning
            write("history.not_written", error=trouble.message, since=trouble.since.isoformat())
        await self._keep(trouble.model_dump_json().encode())

    async def is_over(self) -> None:
        """Rows are written again.

        Raises:
            StateUnavailable
        """
        before = await self.present()
        if before is not None:
            log.info("history.written_again", not_written_since=before.since.isoformat())
            await self._keep(b"")

    async def _keep(self, value: bytes) -> None:
        await self.key_values.keep(_KEY, value, ttl_s=_TTL_S, replace=True)
