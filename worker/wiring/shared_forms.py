"""What the fleet knows of its judge endpoints' forms, as the judges ask for it."""

from __future__ import annotations

import hashlib

import structlog

from assay.judges.models.request_form import KEPT_S, FormPlace, LearntForm
from assay.worker.ports.request_forms import RequestForms
from assay.worker.ports.state import StateUnavailable

log = structlog.get_logger(__name__)


class SharedForms:
    """`assay.judges.models.request_form.FormMemory` over the fleet's state. Without the state it knows nothing."""

    def __init__(self, forms: RequestForms) -> None:
        self._forms = forms

    async def recall(self, place: FormPlace) -> LearntForm | None:
        """What is known of a place. None: nothing."""
        try:
            return await self._forms.recall(_digest(place))
        except StateUnavailable as exc:
            log.warning("request_form.not_recalled", error=str(exc))
            return None

    async def keep(self, place: FormPlace, learnt: LearntForm) -> None:
        """Keep a form that has worked, for all processes."""
        try:
            await self._forms.keep(_digest(place), learnt, ttl_s=int(KEPT_S))
        except StateUnavailable as exc:
            log.warning("request_form.not_kept", error=str(exc))


def _digest(place: FormPlace) -> str:
    return hashlib.sha256("\n".join(place).encode()).hexdigest()[:32]
