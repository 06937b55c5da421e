"""Honeycomb as a sink: results as spans of the judged trace, or as events, by OTLP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.otlp.forms import ResultForm, needs_messages
from assay.worker.ports.capabilities import WithExamination
from assay.worker.ports.limits import RateLimit
from assay.worker.ports.store import Sink, SinkFactory, StoreContext
from assay.worker.store_clients.addresses import header_value, place_of, web_address, without_secrets

ADDRESSES = {"us": "https://api.honeycomb.io", "eu": "https://api.eu1.honeycomb.io"}
REQUESTS_PER_MINUTE = 600


class HoneycombSection(Record):
    """Its keys in a store's section of assay.yaml."""

    region: Literal["us", "eu"] = Field(default="us", description="Where Honeycomb keeps the team's data.")
    dataset: str | None = Field(
        default=None, description="Dataset of a classic team. Other teams have one for each service: leave it out."
    )
    results_as: tuple[ResultForm, ...] = Field(
        default=("spans",), min_length=1, description="In which forms: spans, events, or both."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description=f"How many requests at most; default {REQUESTS_PER_MINUTE}."
    )


class HoneycombVariables(Record):
    """Its environment variables, which are those of its own tools."""

    model_config = ConfigDict(populate_by_name=True)

    api_key: SecretStr | None = Field(
        None, validation_alias="HONEYCOMB_API_KEY", description="An ingest key of the environment that traces are in."
    )
    api_endpoint: str | None = Field(
        None, validation_alias="HONEYCOMB_API_ENDPOINT", description="Another address than the region's, as of a proxy."
    )

    @field_validator("api_endpoint")
    @classmethod
    def _fit_to_be_shown(cls, url: str | None) -> str | None:
        return url and without_secrets(url)


class HoneycombFactory(SinkFactory[HoneycombSection, HoneycombVariables]):
    """One environment: the one that the key belongs to."""

    kind = "honeycomb"
    title = "Honeycomb"
    section = HoneycombSection
    variables = HoneycombVariables
    capabilities = (WithExamination,)
    keys = ("HONEYCOMB_API_KEY",)
    section_note = "`region`, `dataset` and `results_as` are for Honeycomb"
    reads_back = False

    def open(self, section: HoneycombSection, variables: HoneycombVariables, context: StoreContext) -> Sink:
        """The sink.

        Raises:
            ConfigurationError: no key, or an address that is none; the extra `otlp` is not installed.
        """
        needs_messages(self.title)
        from assay.worker.otlp.sending import ResultSender
        from assay.worker.otlp.sink import OtlpSink
        from assay.worker.store_clients.connection import Connection
        from assay.worker.store_clients.keys import usable_key

        if variables.api_key is None:
            raise ConfigurationError(
                "environment: HONEYCOMB_API_KEY: not set; make an ingest key in the settings of your environment"
            )
        name = "environment: HONEYCOMB_API_ENDPOINT"
        address = web_address(variables.api_endpoint or ADDRESSES[section.region], name)
        headers = {"x-honeycomb-team": usable_key("HONEYCOMB_API_KEY", variables.api_key)}
        if section.dataset:
            headers["x-honeycomb-dataset"] = header_value(section.dataset, "dataset")
        connection = Connection(
            address,
            remedy="check HONEYCOMB_API_KEY, that it may send events, and the region in assay.yaml",
            limits=context.limits,
            limit=RateLimit(
                name=f"honeycomb:{place_of(address)}", amount=section.requests_per_minute or REQUESTS_PER_MINUTE
            ),
            headers=headers,
        )
        project = "/".join(filter(None, (place_of(address), section.dataset)))
        return OtlpSink(ResultSender(connection), title=self.title, project=project, forms=section.results_as)

    def is_chosen(self, variables: HoneycombVariables) -> bool:
        """Whether its key is set."""
        return variables.api_key is not None

    def first_lines(self, section: HoneycombSection, why_late: str) -> Sequence[str]:
        """Where the key comes from, and the region."""
        return (
            "# The key comes from HONEYCOMB_API_KEY. It gives no traces.",
            f"sink: {{kind: honeycomb, region: {section.region}}}",
        )


FACTORY = HoneycombFactory()
