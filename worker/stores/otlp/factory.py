"""Any backend that takes OpenTelemetry's protocol, as a sink: spans, events or both."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.otlp.forms import ResultForm, needs_messages
from assay.worker.ports.capabilities import WithExamination
from assay.worker.ports.limits import RateLimit
from assay.worker.ports.store import Sink, SinkFactory, StoreContext
from assay.worker.store_clients.addresses import headers_in, place_of, web_address, without_secrets

REQUESTS_PER_MINUTE = 600
"""A request carries up to 500 scores."""


class OtlpSection(Record):
    """Its keys in a store's section of assay.yaml."""

    endpoint: str | None = Field(
        default=None,
        description="Where results go, as http://collector:4318; default: ASSAY_RESULTS_OTLP_ENDPOINT. "
        "/v1/traces and /v1/logs are put behind it.",
    )
    results_as: tuple[ResultForm, ...] = Field(
        default=("spans",),
        min_length=1,
        description="In which forms: spans (every tracing backend), events (backends that take logs), or both.",
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description=f"How many requests at most; default {REQUESTS_PER_MINUTE}."
    )

    @field_validator("endpoint")
    @classmethod
    def _fit_to_be_shown(cls, url: str | None) -> str | None:
        return url and without_secrets(url)


class OtlpVariables(Record):
    """Its environment variables."""

    model_config = ConfigDict(populate_by_name=True)

    endpoint: str | None = Field(
        None, validation_alias="ASSAY_RESULTS_OTLP_ENDPOINT", description="Where results go, as http://collector:4318."
    )
    headers: SecretStr | None = Field(
        None,
        validation_alias="ASSAY_RESULTS_OTLP_HEADERS",
        description="Headers with the backend's key, as key=value,key2=value2.",
    )

    @field_validator("endpoint")
    @classmethod
    def _fit_to_be_shown(cls, url: str | None) -> str | None:
        return url and without_secrets(url)


class OtlpFactory(SinkFactory[OtlpSection, OtlpVariables]):
    """A backend by its address."""

    kind = "otlp"
    title = "OTLP"
    section = OtlpSection
    variables = OtlpVariables
    capabilities = (WithExamination,)
    keys = ("ASSAY_RESULTS_OTLP_ENDPOINT",)
    section_note = "`endpoint` and `results_as` are for OTLP"
    reads_back = False

    def open(self, section: OtlpSection, variables: OtlpVariables, context: StoreContext) -> Sink:
        """The sink.

        Raises:
            ConfigurationError: no address, or one that is none; the extra `otlp` is not installed.
        """
        needs_messages(self.title)
        from assay.worker.otlp.sending import ResultSender
        from assay.worker.otlp.sink import OtlpSink
        from assay.worker.store_clients.connection import Connection

        written, name = section.endpoint or variables.endpoint, "endpoint"
        if not section.endpoint:
            name = "environment: ASSAY_RESULTS_OTLP_ENDPOINT"
        if not written:
            raise ConfigurationError(f"{name}: not set; say where results go, as http://collector:4318")
        address = web_address(written, name)
        place = place_of(address)
        connection = Connection(
            address,
            remedy="check ASSAY_RESULTS_OTLP_HEADERS",
            limits=context.limits,
            limit=RateLimit(name=f"otlp:{place}", amount=section.requests_per_minute or REQUESTS_PER_MINUTE),
            headers=headers_in(variables.headers, "environment: ASSAY_RESULTS_OTLP_HEADERS"),
        )
        return OtlpSink(ResultSender(connection), title=self.title, project=place, forms=section.results_as)

    def is_chosen(self, variables: OtlpVariables) -> bool:
        """Whether an address is set."""
        return variables.endpoint is not None

    def first_lines(self, section: OtlpSection, why_late: str) -> Sequence[str]:
        """Where results go."""
        return (
            "# Where: ASSAY_RESULTS_OTLP_ENDPOINT, keys: ASSAY_RESULTS_OTLP_HEADERS. It gives no traces.",
            f"sink: {{kind: otlp, results_as: [{', '.join(section.results_as)}]}}",
        )


FACTORY = OtlpFactory()
