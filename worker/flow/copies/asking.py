"""Which scores go to further places: those of use cases that name some, once their own store shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assay.worker.ports.copies import Copies, CopyKey
from assay.worker.records.ledger import LedgerEntry


@dataclass(frozen=True)
class CopyRequests:
    """Has scores copied.

    Attributes:
        copies: where they wait. None: no use case names a further place.
        places: the further places of each use case that has some.
    """

    copies: Copies | None = None
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)

    async def ask(self, entries: Sequence[LedgerEntry], now: datetime) -> None:
        """Have the scores of these traces copied. Asking again changes nothing but when it is done.

        Raises:
            StateUnavailable
        """
        if self.copies is None:
            return
        keys: dict[str, list[CopyKey]] = defaultdict(list)
        for entry in entries:
            for place in self.places.get(entry.promise.use_case, ()):
                keys[place].append(CopyKey(entry.promise.rubric, entry.trace_id))
        for place, wanted in keys.items():
            await self.copies.ask(place, wanted, now=now)
