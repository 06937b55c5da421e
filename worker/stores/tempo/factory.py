"""Grafana Tempo as a deployment names it. Opening it loads the HTTP client."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.otlp.forms import needs_messages
from assay.worker.ports.capabilities import WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.limits import RateLimit
from assay.worker.ports.store import Store, StoreContext, StoreFactory
from assay.worker.store_clients.addresses import (
    header_value,
    headers_in,
    place_of,
    spans_address,
    web_address,
    without_secrets,
)

REQUESTS_PER_MINUTE = 1200
"""A trace takes one request, and so does the look whether its scores are there."""


class TempoSection(Record):
    """Its keys in a store's section of assay.yaml."""

    tenant: str | None = Field(default=None, description="Tenant, sent as X-Scope-OrgID, where it has several.")
    search_limit: int = Field(
        default=5_000, ge=10, le=262_144, description="Traces in one answer of the search; the server has a limit, too."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description=f"How many requests at most; default {REQUESTS_PER_MINUTE}."
    )


class TempoVariables(Record):
    """Its environment variables."""

    model_config = ConfigDict(populate_by_name=True)

    url: str | None = Field(
        None, validation_alias="ASSAY_TEMPO_URL", description="Query frontend of Tempo, as http://tempo:3200."
    )
    headers: SecretStr | None = Field(
        None,
        validation_alias="ASSAY_TEMPO_HEADERS",
        description="Headers with a key, as Authorization=Bearer%20KEY, where a gateway asks for one.",
    )
    otlp_endpoint: str | None = Field(
        None,
        validation_alias="ASSAY_TEMPO_OTLP_ENDPOINT",
        description="Where Tempo takes spans by OTLP over HTTP; default: port 4318 of the same host.",
    )
    otlp_headers: SecretStr | None = Field(
        None,
        validation_alias="ASSAY_TEMPO_OTLP_HEADERS",
        description="Headers for that address; default: those of ASSAY_TEMPO_HEADERS.",
    )

    @field_validator("url", "otlp_endpoint")
    @classmethod
    def _fit_to_be_shown(cls, url: str | None) -> str | None:
        return url and without_secrets(url)


class TempoFactory(StoreFactory[TempoSection, TempoVariables]):
    """One tenant of one Tempo."""

    kind = "tempo"
    title = "Tempo"
    section = TempoSection
    variables = TempoVariables
    capabilities = (WithScoredTraces, WithRequestBudget, WithExamination)
    keys = ("ASSAY_TEMPO_URL",)
    read_lag_s = 15.0
    section_note = "`tenant` and `search_limit` are for Tempo"

    def open(self, section: TempoSection, variables: TempoVariables, context: StoreContext) -> Store:
        """The store.

        Raises:
            ConfigurationError: no address, or one that is none; the extra `otlp` is not installed.
        """
        needs_messages(self.title)
        from assay.worker.otlp.sending import ResultSender
        from assay.worker.store_clients.connection import Connection
        from assay.worker.stores.tempo.client import ACCEPTED, TempoClient
        from assay.worker.stores.tempo.store import TempoStore

        address = _address(variables)
        otlp = spans_address(variables.otlp_endpoint, address, "environment: ASSAY_TEMPO_OTLP_ENDPOINT")
        tenant = {"x-scope-orgid": header_value(section.tenant, "tenant")} if section.tenant else {}
        place = place_of(address) + (f"|{section.tenant}" if section.tenant else "")
        limit = RateLimit(name=f"tempo:{place}", amount=section.requests_per_minute or REQUESTS_PER_MINUTE)
        reading = Connection(
            address,
            remedy="check ASSAY_TEMPO_HEADERS and the tenant",
            headers=headers_in(variables.headers, "environment: ASSAY_TEMPO_HEADERS") | tenant,
            accepted=ACCEPTED,
            limits=context.limits,
            limit=limit,
        )
        sending = Connection(
            otlp,
            remedy="check ASSAY_TEMPO_OTLP_HEADERS and the tenant",
            headers=headers_in(variables.otlp_headers or variables.headers, "environment: ASSAY_TEMPO_OTLP_HEADERS")
            | tenant,
            limits=context.limits,
            limit=limit,
        )
        return TempoStore(
            TempoClient(reading),
            ResultSender(sending),
            project=place,
            root_metadata=context.root_metadata,
            limit=section.search_limit,
        )

    def is_chosen(self, variables: TempoVariables) -> bool:
        """Whether its address is set."""
        return variables.url is not None

    def first_lines(self, section: TempoSection, why_late: str) -> Sequence[str]:
        """Where the address comes from, and how late traces can be searched."""
        return (
            "# Address and keys come from ASSAY_TEMPO_URL, ASSAY_TEMPO_HEADERS and ASSAY_TEMPO_OTLP_ENDPOINT.",
            "store: {kind: tempo}",
            "late_seconds: 900                # a search may miss a trace for some minutes after it was flushed",
        )


def _address(variables: TempoVariables) -> str:
    if variables.url is None:
        raise ConfigurationError(
            "environment: ASSAY_TEMPO_URL: not set; say where Tempo's query frontend is, as http://tempo:3200"
        )
    return web_address(variables.url, "environment: ASSAY_TEMPO_URL")


FACTORY = TempoFactory()
