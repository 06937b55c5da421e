"""What the configuration in force says of texts that wait for a batch: it may be another one than when they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.worker.config.egress import may_see
from assay.worker.config.redaction import redaction_of

if TYPE_CHECKING:
    from assay.worker.flow.batch_calls.terms import Terms
    from assay.worker.wiring.batches import BatchEndpoints


class ConfiguredTerms:
    """`assay.worker.flow.batch_calls.terms.TermsInForce` by the files that a process has taken up last."""

    def __init__(self, endpoints: BatchEndpoints) -> None:
        """Keep where the files in force are."""
        self._endpoints = endpoints

    def objection(self, terms: Terms) -> str:
        """Why a text may not go any more. See `TermsInForce.objection`."""
        deployment, use_case = self._endpoints.deployment, terms.use_case
        is_allowed = may_see(deployment, use_case, terms.rubric)
        if is_allowed is None:
            return f"use case {use_case!r} was removed"
        if not is_allowed:
            return f"{', '.join(sorted(terms.rubric.judge.destinations()))} may not all see {use_case!r}"
        if redaction_of(deployment, use_case) != terms.redaction:
            return f"redact of {use_case!r} was edited"
        return ""

    def place(self, endpoint: str) -> EndpointSettings | None:
        """An endpoint's settings. None: there are none that can be used, and the submission says why."""
        try:
            return self._endpoints.place(endpoint)
        except ConfigurationError:
            return None
