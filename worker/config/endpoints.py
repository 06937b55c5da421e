"""Judge endpoints by name: the section `endpoints` of assay.yaml, or `endpoints.yaml` beside it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, JsonValue, TypeAdapter, field_validator, model_validator

from assay.judges.models.endpoint_settings import ProtocolName
from assay.judges.models.request_form import JsonForm
from assay.worker.config.endpoint_addresses import endpoint_variable
from assay.worker.config.limits import DEFAULT_ENDPOINT, EndpointName
from assay.worker.config.section import Section
from assay.worker.config.written_secrets import has_written_login, looks_secret, secret_query_field

ENDPOINTS_FILE = "endpoints.yaml"

_Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
_Word = Annotated[str, Field(min_length=1, max_length=2_000)]
_KEY_NAMES = frozenset({"key", "api_key", "apikey", "token", "secret", "password"})


class EndpointSection(Section):
    """One judge endpoint. Nothing said: found out by trying, or the usual. No key stands here."""

    protocol: ProtocolName | None = Field(
        default=None, description="openai (default), anthropic, gemini; of decision models systemone or decisions."
    )
    url: _Word | None = Field(default=None, description="Base URL, as https://host/v1; or ASSAY_ENDPOINT_NAME_URL.")
    query: dict[_Word, str] = Field(default_factory=dict, description="Fields of every address's query.")
    api_version: _Word | None = Field(default=None, description="Azure's `api-version`, as a field of the query.")
    azure_deployment: _Word | None = Field(
        default=None, description="Deployment of a classic Azure resource; the key then goes in the header api-key."
    )
    key_header: _Word | None = Field(default=None, description="Header that carries the key as it is, e.g. api-key.")
    headers: dict[_Word, str] = Field(default_factory=dict, description="Further headers; secrets as ${NAME}.")
    extra_body: dict[str, JsonValue] = Field(default_factory=dict, description="Further fields of every request.")
    timeout_s: _Seconds | None = Field(default=None, description="Deadline of one request; default: learnt.")
    connect_timeout_s: _Seconds | None = Field(default=None, description="Deadline of a connection; default 10.")
    attempts: int | None = Field(default=None, ge=1, le=20, description="Requests for one call; default 4.")
    max_wait_s: float | None = Field(
        default=None, ge=0, le=600, description="Waits between the attempts of a call, together; default 10."
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=10_000, description="Calls at once, of one process; default ASSAY_JUDGE_CONCURRENCY."
    )
    form: JsonForm | None = Field(default=None, description="How JSON is asked for; default: what turns out to work.")
    token_field: _Word | None = Field(
        default=None, description="Name of the bound on the completion, e.g. max_completion_tokens; default: found out."
    )
    logprobs: bool | None = Field(default=None, description="Whether token probabilities are asked for.")
    temperature: bool | None = Field(default=None, description="Whether the temperature is set to 0.")
    exact_schema: bool | None = Field(
        default=None, description="Whether the schema names the very sentences of a call (llama.cpp, vLLM, Ollama)."
    )
    system_role: bool | None = Field(default=None, description="false where the server takes no system message.")
    context_window: int | None = Field(
        default=None, ge=1024, le=100_000_000, description="Tokens of prompt and completion; evidence is cut to fit."
    )
    ca_file: _Word | None = Field(default=None, description="PEM file of certificates to trust, beside this file.")
    proxy: str | None = Field(
        default=None, max_length=2_000, description="HTTP proxy; empty: none, whatever HTTP_PROXY."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_key_here(cls, value: Any) -> Any:
        """A key is the first thing that people write here."""
        named = sorted(_KEY_NAMES & set(value)) if isinstance(value, dict) else []
        if named:
            raise ValueError(
                f"{named[0]}: no key stands in a file; set ASSAY_ENDPOINT_NAME_KEY in the environment, for `default` "
                "OPENAI_API_KEY"
            )
        return value

    @field_validator("url", "proxy")
    @classmethod
    def _no_login(cls, address: str | None) -> str | None:
        if address is not None and has_written_login(address):
            raise ValueError("holds a login; put it into a variable of the environment and write ${NAME} here")
        if address is not None and (name := secret_query_field(address)) is not None:
            raise ValueError(f"field {name!r} of the query looks like a secret; write ${{NAME}} and set the variable")
        return address

    @field_validator("headers", "query")
    @classmethod
    def _no_secret(cls, fields: dict[str, str]) -> dict[str, str]:
        for name, text in fields.items():
            if looks_secret(name, text):
                raise ValueError(f"{name}: looks like a secret; write ${{NAME}} and set that variable")
        return fields

    @field_validator("extra_body")
    @classmethod
    def _no_secret_field(cls, fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
        for name, value in fields.items():
            if isinstance(value, str) and looks_secret(name, value):
                raise ValueError(f"{name}: looks like a secret, which the body never carries; use headers")
        return fields

    @model_validator(mode="after")
    def _goes_together(self) -> EndpointSection:
        if self.azure_deployment is not None and self.protocol not in {None, "openai"}:
            raise ValueError(f"azure_deployment: belongs to protocol openai, not to {self.protocol}; leave one out")
        if self.api_version is not None and "api-version" in self.query:
            raise ValueError("api_version: stands in query already; leave one out")
        return self


Endpoints = dict[EndpointName, EndpointSection]
"""By name: `default` for the usual one, else as rubrics name it."""


class EndpointsFile(Section):
    """What `endpoints.yaml` holds, under the key that it has in assay.yaml: there its names stand at the top."""

    endpoints: Endpoints = Field(default_factory=dict)


def endpoints_schema() -> dict[str, Any]:
    """The JSON schema of `endpoints.yaml`, for editors."""
    return {"title": "Assay's judge endpoints", **TypeAdapter(Endpoints).json_schema()}


def key_variable(name: str) -> str:
    """The variable of an endpoint's key."""
    return "OPENAI_API_KEY" if name == DEFAULT_ENDPOINT else f"{endpoint_variable(name)}_KEY"


def url_variable(name: str) -> str:
    """The variable of an endpoint's address."""
    return "OPENAI_BASE_URL" if name == DEFAULT_ENDPOINT else f"{endpoint_variable(name)}_URL"
