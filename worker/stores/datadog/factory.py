"""Datadog as a deployment names it: its keys, what it can do. Opening it loads the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import AliasChoices, ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.capabilities import WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.store import Store, StoreContext, StoreFactory, as_yaml

SITE = "datadoghq.com"


class DatadogSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    ml_app: str | None = Field(
        default=None, description="Datadog: the application whose traces are judged; default: DD_LLMOBS_ML_APP."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description="Datadog: another limit for searches than 60 a minute."
    )


class DatadogVariables(Record):
    """Its environment variables, which are the SDK's."""

    model_config = ConfigDict(populate_by_name=True)

    dd_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DD_API_KEY", "DATADOG_API_KEY"),
        description="API key of the Datadog organization.",
    )
    dd_app_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("DD_APP_KEY", "DD_APPLICATION_KEY", "DATADOG_APP_KEY"),
        description="Application key in Datadog, with the right to read LLM Observability. Reading needs both keys.",
    )
    dd_site: str | None = Field(
        None,
        validation_alias=AliasChoices("DD_SITE", "DATADOG_SITE"),
        description="Datadog site, e.g. datadoghq.eu or us5.datadoghq.com; default: datadoghq.com.",
    )
    dd_ml_app: str | None = Field(
        None,
        validation_alias="DD_LLMOBS_ML_APP",
        description="Application in Datadog, where assay.yaml names none.",
    )
    dd_origin: str | None = Field(
        None,
        validation_alias="DD_LLMOBS_OVERRIDE_ORIGIN",
        description="Another address than the Datadog site's API, e.g. of a proxy. A login in it is dropped.",
    )

    @field_validator("dd_site")
    @classmethod
    def _bare_site(cls, site: str | None) -> str | None:
        """The site alone, where somebody copied an address from the browser."""
        return site and re.sub(r"^(https?://)?(app\.|api\.)?", "", site).split("/")[0]

    @field_validator("dd_origin")
    @classmethod
    def _without_login(cls, url: str | None) -> str | None:
        return url and re.sub(r"//.*@", "//", re.split(r"[?#]", url.strip())[0]).rstrip("/")

    @property
    def missing_keys(self) -> list[str]:
        """The names of the keys that are not set."""
        keys = {"DD_API_KEY": self.dd_api_key, "DD_APP_KEY": self.dd_app_key}
        return [name for name, value in keys.items() if value is None]


class DatadogFactory(StoreFactory[DatadogSection, DatadogVariables]):
    """One application (`ml_app`) of one Datadog organization."""

    kind = "datadog"
    title = "Datadog"
    section = DatadogSection
    variables = DatadogVariables
    capabilities = (WithExamination, WithScoredTraces, WithRequestBudget)
    keys = ("DD_API_KEY", "DD_APP_KEY", "DD_LLMOBS_ML_APP")
    read_lag_s = 60.0

    def open(self, section: DatadogSection, variables: DatadogVariables, context: StoreContext) -> Store:
        """The application's store.

        Raises:
            ConfigurationError: a key or the application is missing; the message names it.
        """
        from assay.worker.store_clients.keys import usable_key
        from assay.worker.stores.datadog.connection import connections
        from assay.worker.stores.datadog.store import DatadogStore

        ml_app = section.ml_app or variables.dd_ml_app
        api_key, app_key = variables.dd_api_key, variables.dd_app_key
        if api_key is None or app_key is None or ml_app is None:
            missing = [*variables.missing_keys, *([] if ml_app else ["DD_LLMOBS_ML_APP (or store.ml_app)"])]
            raise ConfigurationError(
                f"environment: {' and '.join(missing)}: not set, but assay.yaml says store.kind: datadog; make keys "
                f"in the settings of your organization; or say store: {{kind: {context.embedded_kind}}}"
            )
        site = variables.dd_site or SITE
        search, intake = connections(
            variables.dd_origin or f"https://api.{site}",
            api_key=usable_key("DD_API_KEY", api_key),
            app_key=usable_key("DD_APP_KEY", app_key),
            limits=context.limits,
            requests_per_minute=section.requests_per_minute,
        )
        return DatadogStore(search, intake, site=site, ml_app=ml_app)

    def is_chosen(self, variables: DatadogVariables) -> bool:
        """Whether its keys and an application are set. Many machines have an API key for other things."""
        return not variables.missing_keys and variables.dd_ml_app is not None

    def first_section(self, variables: DatadogVariables) -> DatadogSection:
        """The application that the SDK would write for."""
        return DatadogSection(ml_app=variables.dd_ml_app)

    def first_lines(self, section: DatadogSection, why_late: str) -> Sequence[str]:
        """Where the keys come from, which application, and how late traces of OpenTelemetry are shown."""
        ml_app = f", ml_app: {as_yaml(section.ml_app)}" if section.ml_app else ""
        return (
            "# Keys and site come from DD_API_KEY, DD_APP_KEY and DD_SITE.",
            f"store: {{kind: datadog{ml_app}}}",
            "late_seconds: 600                # traces that come by OpenTelemetry are shown some minutes late",
        )


FACTORY = DatadogFactory()
