"""Phoenix as a deployment names it: where it is, which project, what it can do. Opening it loads the HTTP client."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import AliasChoices, ConfigDict, Field, SecretStr, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.capabilities import (
    WithExamination,
    WithRequestBudget,
    WithScoredTraces,
    WithSessionScores,
)
from assay.worker.ports.store import Store, StoreContext, StoreFactory, as_yaml
from assay.worker.ports.trace_links import WithTraceLinks
from assay.worker.store_clients.addresses import without_secrets

LOCAL = "http://localhost:6006"
"""Where `phoenix serve` listens unless it is told otherwise."""
PROJECT = "default"
"""The project that Phoenix puts spans into that name none."""
_TRACES_PATH = re.compile(r"/+v1/traces/*$")
"""What an exporter's address ends with: `https://phoenix.example/v1/traces`."""
_NAMES_NO_PATH = re.compile(r"[/?#]")
"""What Phoenix itself takes in no project name in a path: `team/bot`."""


class PhoenixSection(Record):
    """Its keys in the `store` section of assay.yaml."""

    project: str | None = Field(
        default=None, description="Which project's traces; default: PHOENIX_PROJECT, or else `default`."
    )
    requests_per_minute: int = Field(
        default=600, ge=2, description="How often Phoenix is read from in a minute at most; the same again for writes."
    )

    @field_validator("project")
    @classmethod
    def _fits_a_path(cls, project: str | None) -> str | None:
        if project is not None and (not project.strip() or _NAMES_NO_PATH.search(project)):
            raise ValueError("a project's name must not be empty or hold / ? #; its id may be named instead")
        return project


class PhoenixVariables(Record):
    """Its environment variables, which are those of Phoenix's own client."""

    model_config = ConfigDict(populate_by_name=True)

    phoenix_endpoint: str | None = Field(
        None,
        validation_alias=AliasChoices("PHOENIX_ENDPOINT", "PHOENIX_COLLECTOR_ENDPOINT", "PHOENIX_HOST"),
        description=(
            "Phoenix server, with the path of a space in the cloud; default: http://localhost:6006. A login in it is "
            "dropped."
        ),
    )
    phoenix_port: int | None = Field(
        None, validation_alias="PHOENIX_PORT", description="Port, where the server is named without one; 6006."
    )
    phoenix_api_key: SecretStr | None = Field(
        None, validation_alias="PHOENIX_API_KEY", description="API key, where the server asks for one."
    )
    phoenix_project: str | None = Field(
        None,
        validation_alias=AliasChoices("PHOENIX_PROJECT", "PHOENIX_PROJECT_NAME"),
        description="Project whose traces are judged, where assay.yaml names none; default: `default`.",
    )

    @field_validator("phoenix_endpoint")
    @classmethod
    def _without_login(cls, url: str | None) -> str | None:
        """The address is shown in errors, logs and `assay settings`: a key in its query is dropped, too."""
        return url and without_secrets(url)

    @property
    def base_url(self) -> str:
        """Where the API is: an exporter's address without its path, a bare host with scheme and port."""
        url = _TRACES_PATH.sub("", (self.phoenix_endpoint or "").strip()).rstrip("/")
        if not url:
            return f"http://localhost:{self.phoenix_port}" if self.phoenix_port else LOCAL
        if "://" in url:
            return url
        has_port = re.search(r":\d+$", url) is not None
        return f"http://{url}" if has_port else f"http://{url}:{self.phoenix_port or 6006}"


class PhoenixFactory(StoreFactory[PhoenixSection, PhoenixVariables]):
    """One project of one Phoenix server, or of one space in the cloud."""

    kind = "phoenix"
    title = "Phoenix"
    section = PhoenixSection
    variables = PhoenixVariables
    capabilities = (WithExamination, WithRequestBudget, WithScoredTraces, WithSessionScores, WithTraceLinks)
    section_note = "`project` and `requests_per_minute` (phoenix)"

    def open(self, section: PhoenixSection, variables: PhoenixVariables, context: StoreContext) -> Store:
        """The project's store. A server without accounts needs no key.

        Raises:
            ConfigurationError: the address is none, or the key is one that no header can carry.
        """
        from assay.worker.store_clients.keys import usable_key
        from assay.worker.stores.phoenix.client import PhoenixClient
        from assay.worker.stores.phoenix.store import PhoenixStore

        url = variables.base_url
        if not re.match(r"https?://[^/]+", url):
            raise ConfigurationError(f"environment: PHOENIX_ENDPOINT: {url!r} is no http or https address")
        client = PhoenixClient(
            url,
            project=section.project or variables.phoenix_project or PROJECT,
            api_key=variables.phoenix_api_key and usable_key("PHOENIX_API_KEY", variables.phoenix_api_key),
            limits=context.limits,
            requests_per_minute=section.requests_per_minute,
        )
        return PhoenixStore(client)

    def is_chosen(self, variables: PhoenixVariables) -> bool:
        """Whether a server or a key is named."""
        return variables.phoenix_endpoint is not None or variables.phoenix_api_key is not None

    def first_section(self, variables: PhoenixVariables) -> PhoenixSection:
        """The project that the environment names, written down: two stores of one file may have one each."""
        project = variables.phoenix_project
        return PhoenixSection(project=None if project is None or _NAMES_NO_PATH.search(project) else project)

    def first_lines(self, section: PhoenixSection, why_late: str) -> Sequence[str]:
        """Where the server is named, and which project is read."""
        return (
            "# Server and key come from PHOENIX_ENDPOINT (or PHOENIX_COLLECTOR_ENDPOINT) and PHOENIX_API_KEY.",
            "# An environment is known only where the application puts it on its spans, as",
            "# deployment.environment.name: Phoenix drops what stands on the resource.",
            f"store: {{kind: phoenix, project: {as_yaml(section.project or PROJECT)}}}",
        )


FACTORY = PhoenixFactory()
