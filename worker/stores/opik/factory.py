"""Opik as a deployment names it: its keys, its address, its project. Opening it loads the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.capabilities import WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.store import Store, StoreContext, StoreFactory

CLOUD = "https://www.comet.com/opik/api"
DEFAULT_PROJECT = "Default Project"


class OpikSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    project: str | None = Field(
        default=None, min_length=1, description="Name of the Opik project; default: OPIK_PROJECT_NAME."
    )
    requests_per_minute: int = Field(
        default=600, ge=2, description="How much Opik may be asked; its cloud allows 5,000 events a minute."
    )


class OpikVariables(Record):
    """Its environment variables, which are the SDK's."""

    model_config = ConfigDict(populate_by_name=True)

    opik_api_key: SecretStr | None = Field(
        None, validation_alias="OPIK_API_KEY", description="API key; a self-hosted Opik needs none."
    )
    opik_workspace: str | None = Field(
        None, validation_alias="OPIK_WORKSPACE", description="Workspace of the API key; self-hosted: none."
    )
    opik_url_override: str | None = Field(
        None,
        validation_alias="OPIK_URL_OVERRIDE",
        description="Address of Opik's API, as http://localhost:5173/api; default: the cloud's.",
    )
    opik_project_name: str | None = Field(
        None, validation_alias="OPIK_PROJECT_NAME", description="Project, where assay.yaml does not say."
    )

    @field_validator("opik_url_override")
    @classmethod
    def _without_login(cls, url: str | None) -> str | None:
        """The address is shown in errors, logs and `assay settings`."""
        return url and re.sub(r"//.*@", "//", re.split(r"[?#]", url.strip())[0])


class OpikFactory(StoreFactory[OpikSection, OpikVariables]):
    """One Opik project."""

    kind = "opik"
    title = "Opik"
    section = OpikSection
    variables = OpikVariables
    capabilities = (WithExamination, WithRequestBudget, WithScoredTraces)
    keys = ("OPIK_API_KEY",)
    read_lag_s = 5.0
    section_note = "`project` and `requests_per_minute` are for Opik"

    def open(self, section: OpikSection, variables: OpikVariables, context: StoreContext) -> Store:
        """The project's store.

        Raises:
            ConfigurationError: the key of the cloud is missing.
        """
        from assay.worker.store_clients.keys import usable_key
        from assay.worker.stores.opik.client import OpikClient
        from assay.worker.stores.opik.store import OpikStore

        if not self.is_chosen(variables):
            raise ConfigurationError(
                "environment: OPIK_API_KEY: not set, but assay.yaml says store.kind: opik; make a key in Opik's "
                "settings, set OPIK_URL_OVERRIDE for a self-hosted server, or say "
                f"store: {{kind: {context.embedded_kind}}}"
            )
        client = OpikClient(
            variables.opik_url_override or CLOUD,
            api_key=usable_key("OPIK_API_KEY", variables.opik_api_key) if variables.opik_api_key is not None else None,
            workspace=variables.opik_workspace,
            limits=context.limits,
            requests_per_minute=section.requests_per_minute,
        )
        return OpikStore(
            client,
            project=section.project or variables.opik_project_name or DEFAULT_PROJECT,
            requests_per_minute=section.requests_per_minute,
            specs=context.specs,
        )

    def is_chosen(self, variables: OpikVariables) -> bool:
        """Whether there is a key for the cloud, or the address of a server that may need none."""
        return variables.opik_api_key is not None or variables.opik_url_override is not None

    def first_section(self, variables: OpikVariables) -> OpikSection:
        """The project that the SDK would write to."""
        return OpikSection(project=variables.opik_project_name or DEFAULT_PROJECT)

    def first_lines(self, section: OpikSection, why_late: str) -> Sequence[str]:
        """Where the key comes from, and the project."""
        project = (section.project or DEFAULT_PROJECT).replace("'", "''")
        return (
            "# Key and server come from OPIK_API_KEY, OPIK_WORKSPACE and OPIK_URL_OVERRIDE.",
            f"store: {{kind: opik, project: '{project}'}}",
        )


FACTORY = OpikFactory()
