"""Jaeger as a deployment names it. Opening it loads the HTTP client."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.otlp.forms import needs_messages
from assay.worker.ports.capabilities import WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.limits import RateLimit
from assay.worker.ports.store import Store, StoreContext, StoreFactory
from assay.worker.store_clients.addresses import headers_in, place_of, spans_address, web_address, without_secrets

REQUESTS_PER_MINUTE = 1200
"""A trace takes one request, and so does the look whether its scores are there."""


class JaegerSection(Record):
    """Its keys in a store's section of assay.yaml."""

    search_depth: int = Field(
        default=200, ge=10, le=10_000, description="Traces in one answer of the search, which has them whole."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description=f"How many requests at most; default {REQUESTS_PER_MINUTE}."
    )


class JaegerVariables(Record):
    """Its environment variables."""

    model_config = ConfigDict(populate_by_name=True)

    url: str | None = Field(
        None, validation_alias="ASSAY_JAEGER_URL", description="Query service of Jaeger, as http://jaeger:16686."
    )
    headers: SecretStr | None = Field(
        None,
        validation_alias="ASSAY_JAEGER_HEADERS",
        description="Headers with a key, as Authorization=Bearer%20KEY, where a gateway asks for one.",
    )
    otlp_endpoint: str | None = Field(
        None,
        validation_alias="ASSAY_JAEGER_OTLP_ENDPOINT",
        description="Where Jaeger takes spans by OTLP over HTTP; default: port 4318 of the same host.",
    )
    otlp_headers: SecretStr | None = Field(
        None,
        validation_alias="ASSAY_JAEGER_OTLP_HEADERS",
        description="Headers for that address; default: those of ASSAY_JAEGER_HEADERS.",
    )

    @field_validator("url", "otlp_endpoint")
    @classmethod
    def _fit_to_be_shown(cls, url: str | None) -> str | None:
        return url and without_secrets(url)


class JaegerFactory(StoreFactory[JaegerSection, JaegerVariables]):
    """One Jaeger."""

    kind = "jaeger"
    title = "Jaeger"
    section = JaegerSection
    variables = JaegerVariables
    capabilities = (WithScoredTraces, WithRequestBudget, WithExamination)
    keys = ("ASSAY_JAEGER_URL",)
    read_lag_s = 10.0
    section_note = "`search_depth` is for Jaeger"

    def open(self, section: JaegerSection, variables: JaegerVariables, context: StoreContext) -> Store:
        """The store.

        Raises:
            ConfigurationError: no address, or one that is none; the extra `otlp` is not installed.
        """
        needs_messages(self.title)
        from assay.worker.otlp.sending import ResultSender
        from assay.worker.store_clients.connection import Connection
        from assay.worker.stores.jaeger.client import ACCEPTED, JaegerClient
        from assay.worker.stores.jaeger.store import JaegerStore

        if variables.url is None:
            raise ConfigurationError(
                "environment: ASSAY_JAEGER_URL: not set; say where the query service is, as http://jaeger:16686"
            )
        address = web_address(variables.url, "environment: ASSAY_JAEGER_URL")
        otlp = spans_address(variables.otlp_endpoint, address, "environment: ASSAY_JAEGER_OTLP_ENDPOINT")
        place = place_of(address)
        limit = RateLimit(name=f"jaeger:{place}", amount=section.requests_per_minute or REQUESTS_PER_MINUTE)
        reading = Connection(
            address,
            remedy="check ASSAY_JAEGER_HEADERS",
            headers=headers_in(variables.headers, "environment: ASSAY_JAEGER_HEADERS"),
            accepted=ACCEPTED,
            limits=context.limits,
            limit=limit,
        )
        sending = Connection(
            otlp,
            remedy="check ASSAY_JAEGER_OTLP_HEADERS",
            headers=headers_in(variables.otlp_headers or variables.headers, "environment: ASSAY_JAEGER_OTLP_HEADERS"),
            limits=context.limits,
            limit=limit,
        )
        return JaegerStore(JaegerClient(reading), ResultSender(sending), project=place, depth=section.search_depth)

    def is_chosen(self, variables: JaegerVariables) -> bool:
        """Whether its address is set."""
        return variables.url is not None

    def first_lines(self, section: JaegerSection, why_late: str) -> Sequence[str]:
        """Where the address comes from."""
        return (
            "# Address and keys come from ASSAY_JAEGER_URL, ASSAY_JAEGER_HEADERS and ASSAY_JAEGER_OTLP_ENDPOINT.",
            "store: {kind: jaeger}",
        )


FACTORY = JaegerFactory()
