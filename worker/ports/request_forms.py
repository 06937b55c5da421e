"""In which form each judge endpoint is asked, as found out by any process of the fleet."""

from __future__ import annotations

from typing import Protocol

from assay.judges.models.request_form import LearntForm


class RequestForms(Protocol):
    """The forms by place. A place is a digest of address, model and settings: the address itself may hold a secret.

    Raises (all methods):
        StateUnavailable
    """

    async def recall(self, place: str) -> LearntForm | None:
        """What is known of a place. None: nothing, or what another version wrote and this one cannot read."""
        ...

    async def keep(self, place: str, learnt: LearntForm, *, ttl_s: int) -> None:
        """Keep a form instead of what was known of its place."""
        ...
