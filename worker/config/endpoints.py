"""Judge endpoints by name: the section `endpoints` of assay.yaml, or `endpoints.yaml` beside it."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, JsonValue, TypeAdapter, field_validator, model_validator

from assay.judges.models.endpoint_settings import ProtocolName
from assay.judges.models.extra_fields import field_of_ours, no_json_number
from assay.judges.models.header_fields import header_problem
from assay.judges.models.request_form import JsonForm
from assay.worker.config.endpoint_addresses import endpoint_variable
from assay.worker.config.endpoint_slips import NAMED_KEY_VARIABLE, slip_at_top, slip_in_section
from assay.worker.config.limits import DEFAULT_ENDPOINT, EndpointName
from assay.worker.config.section import Section
from assay.worker.config.written_secrets import (
    has_almost_reference,
    has_written_login,
    looks_like_key,
    looks_secret,
    names_in,
    secret_in_body,
    secret_query_field,
    texts_in,
)

ENDPOINTS_FILE = "endpoints.yaml"

_Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
_Word = Annotated[str, Field(min_length=1, max_length=2_000)]
_FIELD_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}")
"""The name of a field of a request, e.g. `max_completion_tokens`."""


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
    def _no_slip(cls, value: Any) -> Any:
        """A key is the first thing that people write here, and names of other tools the next."""
        slip = slip_in_section(value, frozenset(cls.model_fields)) if isinstance(value, dict) else None
        if slip is not None:
            raise ValueError(slip)
        return value

    @field_validator("temperature", "logprobs", "exact_schema", "system_role", mode="before")
    @classmethod
    def _is_truth(cls, value: object) -> object:
        """A number here is meant as one: 0 would else be taken for false, and the model's own temperature judge."""
        if value is None or isinstance(value, bool):
            return value
        is_number = isinstance(value, int | float)
        means = ": 0 is what is sent with true, and with false none" if is_number else ", without quotes"
        raise ValueError(f"must be true or false{means}")

    @field_validator("url", "proxy")
    @classmethod
    def _no_login(cls, address: str | None) -> str | None:
        if address is None:
            return None
        if has_written_login(address):
            raise ValueError("holds a login; put it into a variable of the environment and write ${NAME} here")
        if (name := secret_query_field(address)) is not None:
            raise ValueError(f"field {name!r} of the query looks like a secret; write ${{NAME}} and set the variable")
        return address

    @field_validator("headers", "query")
    @classmethod
    def _no_secret(cls, fields: dict[str, str]) -> dict[str, str]:
        for name, text in fields.items():
            if looks_secret(name, text):
                raise ValueError(f"{name}: looks like a secret; write ${{NAME}} and set that variable")
        return fields

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, fields: dict[str, str]) -> dict[str, str]:
        for name, text in fields.items():
            if (problem := header_problem(name, text)) is not None:
                raise ValueError(f"{name}: {problem}")
        return fields

    @field_validator("key_header", "token_field", "api_version", "azure_deployment")
    @classmethod
    def _no_key_in_its_place(cls, text: str | None) -> str | None:
        if text is not None and looks_like_key(text):
            raise ValueError(f"looks like a secret; set {NAMED_KEY_VARIABLE} in the environment")
        return text

    @field_validator("key_header")
    @classmethod
    def _is_header(cls, name: str | None) -> str | None:
        if name is not None and (problem := header_problem(name, "")) is not None:
            raise ValueError(f"{problem}; write a header's name, e.g. api-key")
        return name

    @field_validator("token_field")
    @classmethod
    def _is_field(cls, name: str | None) -> str | None:
        if name is not None and _FIELD_NAME.fullmatch(name) is None:
            raise ValueError("is no name of a field; write e.g. max_completion_tokens, or none for no bound")
        return name

    @field_validator("url", "proxy", "ca_file", "api_version", "azure_deployment", "headers", "query")
    @classmethod
    def _names_variables_rightly(cls, value: Any) -> Any:
        if any(map(has_almost_reference, texts_in(value))):
            raise ValueError("holds a ${…} that is no variable's name alone; write ${NAME}, without blanks or default")
        return value

    @field_validator("extra_body")
    @classmethod
    def _is_not_ours(cls, fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if (ours := field_of_ours(fields)) is not None:
            raise ValueError(f"{ours[0]}: is not set here; {ours[1]}")
        if (name := secret_in_body(fields)) is not None:
            raise ValueError(f"{name}: looks like a secret, which the body never carries; send it by `headers`")
        if any(names_in(text) or has_almost_reference(text) for text in texts_in(fields)):
            raise ValueError("holds a ${…}, and variables are not filled in here; write the value itself")
        if no_json_number(fields):
            raise ValueError("holds a number that JSON does not have, as .nan or .inf; remove it")
        return fields

    @model_validator(mode="after")
    def _goes_together(self) -> EndpointSection:
        if self.azure_deployment is not None and self.protocol not in {None, "openai"}:
            raise ValueError(f"azure_deployment: belongs to protocol openai, not to {self.protocol}; leave one out")
        if self.api_version is not None and "api-version" in self.query:
            raise ValueError("api_version: stands in query already; leave one out")
        return self


def _names_at_top(value: object) -> object:
    slip = slip_at_top(value, frozenset(EndpointSection.model_fields))
    if slip is not None:
        raise ValueError(slip)
    return value


Endpoints = Annotated[dict[EndpointName, EndpointSection], BeforeValidator(_names_at_top)]
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


def named_remedy(remedy: str, place: str) -> str:
    """A message with the variable of the very endpoint's key, instead of the word that stands for it.

    Args:
        remedy: the message.
        place: where the mistake is, e.g. `endpoints.in-house.api_key` or `in-house.api_key`.
    """
    name = place.removeprefix("endpoints.").partition(".")[0]
    if NAMED_KEY_VARIABLE not in remedy or re.fullmatch(r"[a-z][a-z0-9-]*", name) is None:
        return remedy
    return remedy.replace(", for `default` OPENAI_API_KEY", "").replace(NAMED_KEY_VARIABLE, key_variable(name))
