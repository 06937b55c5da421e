"""Helicone as a deployment names it: its key, its address, the organisation. Opening it loads the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.capabilities import WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.store import Store, StoreContext, StoreFactory, as_yaml

CLOUD = "https://api.helicone.ai"
"""The cloud in the US; the one in the EU is `https://eu.api.helicone.ai`."""


class HeliconeSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    organization: str = Field(
        default="default",
        min_length=1,
        description="A name for the organisation of the API key. It is part of every score's id: never change it.",
    )
    requests_per_minute: int = Field(default=60, ge=2, description="How much Helicone may be asked.")


class HeliconeVariables(Record):
    """Its environment variables."""

    model_config = ConfigDict(populate_by_name=True)

    helicone_api_key: SecretStr | None = Field(
        None, validation_alias="HELICONE_API_KEY", description="API key with the right to read and write."
    )
    helicone_base_url: str | None = Field(
        None,
        validation_alias="HELICONE_BASE_URL",
        description="Address of Helicone's API; default: the cloud's in the US, https://api.helicone.ai.",
    )

    @field_validator("helicone_base_url")
    @classmethod
    def _without_login(cls, url: str | None) -> str | None:
        """The address is shown in errors, logs and `assay settings`."""
        return url and re.sub(r"//.*@", "//", re.split(r"[?#]", url.strip())[0])


class HeliconeFactory(StoreFactory[HeliconeSection, HeliconeVariables]):
    """One Helicone organisation: the one that the key belongs to."""

    kind = "helicone"
    title = "Helicone"
    section = HeliconeSection
    variables = HeliconeVariables
    capabilities = (WithExamination, WithRequestBudget, WithScoredTraces)
    keys = ("HELICONE_API_KEY",)
    read_lag_s = 720.0
    section_note = "`organization` and `requests_per_minute` are for Helicone"

    def open(self, section: HeliconeSection, variables: HeliconeVariables, context: StoreContext) -> Store:
        """The organisation's store.

        Raises:
            ConfigurationError: the key is missing.
        """
        from assay.worker.store_clients.keys import usable_key
        from assay.worker.stores.helicone.client import HeliconeClient
        from assay.worker.stores.helicone.store import HeliconeStore

        if variables.helicone_api_key is None:
            raise ConfigurationError(
                "environment: HELICONE_API_KEY: not set, but assay.yaml says store.kind: helicone; make a key in "
                f"Helicone's settings, or say store: {{kind: {context.embedded_kind}}}"
            )
        client = HeliconeClient(
            variables.helicone_base_url or CLOUD,
            api_key=usable_key("HELICONE_API_KEY", variables.helicone_api_key),
            limits=context.limits,
            requests_per_minute=section.requests_per_minute,
        )
        return HeliconeStore(
            client,
            organization=section.organization,
            requests_per_minute=section.requests_per_minute,
            locks=context.locks,
        )

    def is_chosen(self, variables: HeliconeVariables) -> bool:
        """Whether its key is set."""
        return variables.helicone_api_key is not None

    def first_lines(self, section: HeliconeSection, why_late: str) -> Sequence[str]:
        """Where the key comes from, the name of the organisation, and why scores are verified late."""
        return (
            "# Key and server come from HELICONE_API_KEY and HELICONE_BASE_URL.",
            "# organization: a name of your own. It is part of every score's id: never change it.",
            f"store: {{kind: helicone, organization: {as_yaml(section.organization)}}}",
            "# Helicone shows scores ten minutes after they were written, so they are verified after twelve.",
        )


FACTORY = HeliconeFactory()
