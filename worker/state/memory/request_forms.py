"""The forms of judge endpoints in the memory of one process. They never expire."""

from __future__ import annotations

from assay.judges.models.request_form import LearntForm


class MemoryRequestForms:
    """`assay.worker.ports.request_forms.RequestForms` without a server."""

    def __init__(self) -> None:
        self._forms: dict[str, LearntForm] = {}

    async def recall(self, place: str) -> LearntForm | None:
        """What is known of a place. None: nothing."""
        return self._forms.get(place)

    async def keep(self, place: str, learnt: LearntForm, *, ttl_s: int) -> None:
        """Keep a form instead of what was known of its place."""
        self._forms[place] = learnt
