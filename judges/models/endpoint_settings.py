"""What can be set of one endpoint. A value: it reads no environment, and nothing of one endpoint is another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, SecretStr

from assay.judges.models.extra_fields import judging_fields
from assay.judges.models.request_form import JsonForm
from assay.judges.schema import Record

ProtocolName = Literal["openai", "anthropic", "gemini", "systemone", "decisions"]
"""How the endpoint speaks. `openai`: `/chat/completions`, as nearly all servers and gateways do. `systemone` and
`decisions` are those of decision models: `/systemone` and `/decisions`."""

DECISION_PROTOCOLS: frozenset[ProtocolName] = frozenset({"systemone", "decisions"})
"""What decision models speak. They take statements and give probabilities, never text."""

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class EndpointSettings(Record):
    """One endpoint. Nothing said: found out by trying, or the usual.

    Attributes:
        name: as rubrics call it; `default` for the usual one.
        protocol: how it speaks.
        url: below which the protocol's path lies. None: the provider's own place.
        query: appended to every address, e.g. `api-version`. It replaces what the URL says under the same name.
        key: the secret that lets us in. None where the server has none.
        key_header: the header that carries the key as it is, instead of the protocol's own, e.g. `api-key`.
        headers: further headers.
        extra_body: further fields of every request's body. They replace ours of the same name.
        timeout_s: seconds for one request. None: learnt.
        connect_timeout_s: seconds for a connection.
        attempts: requests for one call before giving up.
        max_wait_s: seconds one call may wait between attempts, all waits together.
        concurrency: requests of one process under way at once, where nobody else lets them go.
        form: how JSON is asked for. None: the strictest that turns out to work.
        token_field: name of the bound on the completion. None: found out.
        logprobs: whether token probabilities are asked for. None: found out.
        temperature: whether the temperature is set to 0. None: found out.
        exact_schema: whether the schema names the very sentences and lines of a call, for servers that hold a model
            to a grammar. None: found out.
        system_role: False where the server takes no system message: it then leads the user's.
        context_window: tokens of prompt and completion together. None: not known.
        ca_file: certificates to trust instead of the system's.
        proxy: address of an HTTP proxy. None: the environment's. Empty: none.
    """

    name: str = "default"
    protocol: ProtocolName = "openai"
    url: str | None = Field(default=None, repr=False)
    query: dict[str, SecretStr] = Field(default_factory=dict)
    key: SecretStr | None = None
    key_header: str | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    extra_body: dict[str, JsonValue] = Field(default_factory=dict)
    timeout_s: Seconds | None = None
    connect_timeout_s: Seconds = 10.0
    attempts: int = Field(default=4, ge=1)
    max_wait_s: float = Field(default=10.0, ge=0)
    concurrency: int = Field(default=64, ge=1)
    form: JsonForm | None = None
    token_field: str | None = None
    logprobs: bool | None = None
    temperature: bool | None = None
    exact_schema: bool | None = None
    system_role: bool = True
    context_window: int | None = Field(default=None, ge=1024)
    ca_file: Path | None = None
    proxy: SecretStr | None = None


def asking_set(settings: EndpointSettings) -> str:
    """What is set of the way in which a model is asked, as JSON in a fixed order. Empty: nothing.

    What is found out is not part of it: it may change with every call. Nor is what is tried first without being set,
    as `temperature: true` is: who writes down what works has the same judge.
    """
    given: dict[str, JsonValue] = {}
    if settings.form not in {None, JsonForm.SCHEMA}:
        given["form"] = settings.form
    if settings.temperature is False:
        given["temperature"] = False
    if settings.exact_schema:
        given["exact_schema"] = True
    if not settings.system_role:
        given["system_role"] = False
    if extra := judging_fields(settings.extra_body):
        given["extra_body"] = extra
    return json.dumps(given, sort_keys=True) if given else ""
