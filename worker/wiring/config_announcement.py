"""The last edit of the configuration and what the fleet made of it, kept where `assay status` finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import AwareDatetime, ValidationError

from assay.judges.schema import Record
from assay.worker.ports.clock import Clock
from assay.worker.ports.key_values import KeyValues
from assay.worker.wiring.config_version import config_version

if TYPE_CHECKING:
    from assay.worker.wiring.reload import Edit

KEY = "config:last-edit"
KEPT_S = 7 * 86400
"""How long it is told: a week, e.g. over a weekend."""


class LastEdit(Record):
    """What became of the last edit that a worker saw.

    Attributes:
        at: when that worker took it up, or refused it.
        version: of the configuration in force since.
        changes: what the edit changed. Empty where it was refused.
        problem: why it was refused. Empty where it was taken up.
    """

    at: AwareDatetime
    version: str
    changes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def sentence(self) -> str:
        """One line for a person."""
        at = f"{self.at:%Y-%m-%d %H:%M} UTC"
        if self.problem:
            return f"configuration: the edit of {at} is not in force ({self.problem}); version {self.version} stays"
        return f"configuration: version {self.version} since {at}: {', '.join(self.changes)}"


async def keep_last_edit(key_values: KeyValues, clock: Clock, edit: Edit) -> None:
    """Keep what became of an edit, in the place of the one before.

    Raises:
        StateUnavailable
    """
    version = config_version(edit.successor) if edit.successor else edit.was
    last = LastEdit(at=clock.now(), version=version, changes=edit.changes, problem=edit.problem)
    await key_values.keep(KEY, last.model_dump_json().encode(), ttl_s=KEPT_S, replace=True)


async def keep_start(key_values: KeyValues, clock: Clock, version: str) -> None:
    """Replace what was told before a start: an edit that was refused then is in force now, or was taken back.

    Raises:
        StateUnavailable
    """
    told = await last_edit(key_values)
    if told is not None and (told.problem or told.version != version):
        last = LastEdit(at=clock.now(), version=version, changes=("read when a worker started",))
        await key_values.keep(KEY, last.model_dump_json().encode(), ttl_s=KEPT_S, replace=True)


async def last_edit(key_values: KeyValues) -> LastEdit | None:
    """What became of the last edit. None where there was none in a week, or a later version wrote it.

    Raises:
        StateUnavailable
    """
    kept = await key_values.kept([KEY])
    try:
        return LastEdit.model_validate_json(kept[KEY]) if KEY in kept else None
    except ValidationError:
        return None
