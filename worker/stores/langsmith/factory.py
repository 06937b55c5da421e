"""LangSmith as a deployment names it: its keys, what it can do. Opening it loads the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import AliasChoices, ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.capabilities import WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.store import Store, StoreContext, StoreFactory, as_yaml

CLOUD = "https://api.smith.langchain.com"
DEFAULT_PROJECT = "default"
"""Where LangSmith's own SDK writes when nobody names a project."""


class LangSmithSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    project: str | None = Field(
        default=None, description="LangSmith: the tracing project, by name or id; default: LANGSMITH_PROJECT."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description="LangSmith: another limit for run queries than 9 in 10 seconds."
    )


class LangSmithVariables(Record):
    """Its environment variables, which are the SDK's."""

    model_config = ConfigDict(populate_by_name=True)

    langsmith_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY"),
        description="API key of the LangSmith workspace.",
    )
    langsmith_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT"),
        description="LangSmith server; default: the cloud in the US. A login in it is dropped.",
    )
    langsmith_project: str | None = Field(
        None,
        validation_alias=AliasChoices("LANGSMITH_PROJECT", "LANGCHAIN_PROJECT"),
        description="Tracing project in LangSmith, where assay.yaml names none.",
    )
    langsmith_workspace_id: str | None = Field(
        None,
        validation_alias="LANGSMITH_WORKSPACE_ID",
        description="LangSmith workspace, for keys that belong to several.",
    )

    @field_validator("langsmith_endpoint")
    @classmethod
    def _bare(cls, url: str | None) -> str | None:
        """Without a login, and without the path of one API: there are two under one address."""
        return url and re.sub(r"(/api)?(/v1)?/*$", "", re.sub(r"//.*@", "//", re.split(r"[?#]", url.strip())[0]))


class LangSmithFactory(StoreFactory[LangSmithSection, LangSmithVariables]):
    """One tracing project of LangSmith."""

    kind = "langsmith"
    title = "LangSmith"
    section = LangSmithSection
    variables = LangSmithVariables
    capabilities = (WithExamination, WithScoredTraces, WithRequestBudget)
    keys = ("LANGSMITH_API_KEY",)
    read_lag_s = 10.0

    def open(self, section: LangSmithSection, variables: LangSmithVariables, context: StoreContext) -> Store:
        """The project's store.

        Raises:
            ConfigurationError: the key is missing.
        """
        from assay.worker.store_clients.keys import usable_key
        from assay.worker.stores.langsmith.connection import connections
        from assay.worker.stores.langsmith.store import LangSmithStore

        if variables.langsmith_api_key is None:
            raise ConfigurationError(
                "environment: LANGSMITH_API_KEY: not set, but assay.yaml says store.kind: langsmith; make an API key "
                f"in the settings of your LangSmith workspace, or say store: {{kind: {context.embedded_kind}}}"
            )
        queries, feedback = connections(
            variables.langsmith_endpoint or CLOUD,
            key=usable_key("LANGSMITH_API_KEY", variables.langsmith_api_key),
            workspace=variables.langsmith_workspace_id,
            limits=context.limits,
            requests_per_minute=section.requests_per_minute,
        )
        project = section.project or variables.langsmith_project or DEFAULT_PROJECT
        return LangSmithStore(queries, feedback, project=project)

    def is_chosen(self, variables: LangSmithVariables) -> bool:
        """Whether its key is set."""
        return variables.langsmith_api_key is not None

    def first_section(self, variables: LangSmithVariables) -> LangSmithSection:
        """The project that the SDK would write to."""
        return LangSmithSection(project=variables.langsmith_project)

    def first_lines(self, section: LangSmithSection, why_late: str) -> Sequence[str]:
        """Where the key comes from, and which project."""
        project = f", project: {as_yaml(section.project)}" if section.project else ""
        return (
            "# Key and server come from LANGSMITH_API_KEY and LANGSMITH_ENDPOINT.",
            f"store: {{kind: langsmith{project}}}",
        )


FACTORY = LangSmithFactory()
