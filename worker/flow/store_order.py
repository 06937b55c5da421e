"""Which store is the first is remembered: its traces have plain ids, and all ids change where another takes its place.

Sweeps that went on under other ids would have every trace judged, and its scores written, once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from assay.judges.schema import Record
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.parts import ALONE
from assay.worker.ports.source import Project
from assay.worker.ports.store_errors import StoreError

_KEY = "stores:first"

_TTL_S = 14 * 24 * 3600
"""As long as the ledger knows a trace."""


class First(Record):
    """The first store as it was last.

    Attributes:
        name: what assay.yaml called it; empty where it said `store`.
        kind: its kind.
        project: its own id of its project; empty where it has not told it.
        stores: how many stores had their traces judged.
    """

    name: str
    kind: str
    project: str = ""
    stores: int = 1


@dataclass(frozen=True)
class StoreOrder:
    """Remembers the first store.

    Attributes:
        key_values: where.
        project: tells the project of the store that is the first now.
        first: what is known of it without asking it.
        names: all stores and places of assay.yaml.
    """

    key_values: KeyValues
    project: Project
    first: First
    names: Sequence[str]

    async def trouble(self) -> str:
        """Why nothing may be swept, with the remedy; empty where the first store is the one it was.

        Raises:
            StateUnavailable
        """
        before = await self._before()
        if before is None or before.name == self.first.name or before.stores == self.first.stores == 1:
            return ""
        if before.name not in self.names:  # renamed, or from `store` to `stores`
            project = await self._project()
            if not project or not before.project or (before.kind, before.project) == (self.first.kind, project):
                return ""
        was = before.name if before.name != ALONE else f"the {before.kind} store of `store`"
        now = self.first.name if self.first.name != ALONE else f"the {self.first.kind} store of `store`"
        return (
            f"stores: the first store was {was}, and is {now} now. Trace ids would change, and traces be judged twice, "
            "so nothing is swept. List the former one first again, or set another ASSAY_KEY_PREFIX to begin anew"
        )

    async def remember(self) -> None:
        """Keep the first store as it is now.

        Raises:
            StateUnavailable
        """
        before = await self._before()
        is_known = before is not None and before.name == self.first.name and before.project
        project = before.project if before is not None and is_known else await self._project()
        first = self.first.model_copy(update={"project": project})
        await self.key_values.keep(_KEY, first.model_dump_json().encode(), ttl_s=_TTL_S, replace=True)

    async def _before(self) -> First | None:
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        try:
            return First.model_validate_json(raw) if raw else None
        except ValidationError:  # of another version of Assay
            return None

    async def _project(self) -> str:
        try:
            return await self.project.project_id()
        except StoreError:
            return ""
