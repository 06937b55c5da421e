"""The `target` of a manifest: where the answers of a golden run come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from assay.judges.schema import Record
from assay.worker.golden.sets.files import Name, digest_of

Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class FromEnvironment(Record):
    """A value that only the environment holds: `{env: SUPPORT_BOT_TOKEN, prefix: "Bearer "}`.

    Read when the target is opened; it stands in no lock, journal, report or log.
    """

    env: Variable
    prefix: str = ""


class StreamSettings(Record):
    """How a streamed answer arrives: server-sent events, a JSON value a line, or the text itself.

    In `sse` and `ndjson` the paths `response` and `contexts` are looked up in every event; pieces of text are joined.
    `until` is the data of the event that ends an answer (OpenAI: `[DONE]`); where it is given, an answer without it is
    cut off and a failure.
    """

    format: Literal["sse", "ndjson", "text"]
    until: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _text_has_no_events(self) -> StreamSettings:
        if self.format == "text" and self.until is not None:
            raise ValueError("format: text has no events, so that none can end it; leave out until")
        return self


class RecordedTargetSettings(Record):
    """Outputs recorded beforehand in `releases/<release>.jsonl`."""

    kind: Literal["recorded"]
    release: Name | None = None


class LiveTargetSettings(Record):
    """What every target that is really asked has: how many at once, and how long an answer may take."""

    concurrency: int | None = Field(default=None, ge=1, le=1000)
    timeout_s: float = Field(default=60.0, gt=0, allow_inf_nan=False)

    def digest(self) -> str:
        """12 hex digits over all that an answer may depend on; how many at once and how patiently changes none."""
        return digest_of(self.model_dump(mode="json", exclude={"concurrency", "timeout_s", "retries"}))[:12]


class HttpTargetSettings(LiveTargetSettings):
    """An application asked over HTTP.

    `request` is sent as JSON (with GET: as query parameters) with `{question}` and `{id}` filled in; a value that is
    exactly `{history}` becomes the list of earlier messages. `response`, `contexts` and `tokens` are JSONPath into the
    reply (`answer`, `sources[*].text`, `$.usage.total_tokens`). `url` may name `${VARIABLES}`, a header's value may
    come from the environment, so that no secret lies in the file. Only what may pass is tried again, `retries` times:
    a connection that breaks, and the statuses 429, 502, 503 and 504.
    """

    kind: Literal["http"]
    url: str = Field(min_length=1)
    method: Literal["GET", "POST", "PUT", "PATCH"] = "POST"
    request: dict[str, JsonValue] = Field(default_factory=lambda: dict[str, JsonValue](message="{question}"))
    response: str = Field(default="response", min_length=1)
    contexts: str | None = None
    tokens: str | None = None
    headers: dict[str, str | FromEnvironment] = Field(default_factory=dict)
    stream: StreamSettings | None = None
    retries: int = Field(default=2, ge=0, le=10)

    @field_validator("response", "contexts", "tokens")
    @classmethod
    def _is_a_path(cls, path: str | None) -> str | None:
        if path is None:
            return None
        from assay.worker.golden.sets.json_paths import path_problem  # brings jsonpath, which schedules do not need

        problem = path_problem(path)
        if problem is not None:
            raise ValueError(f"{path!r} is no JSONPath: {problem}")
        return path

    @model_validator(mode="after")
    def _query_is_flat(self) -> HttpTargetSettings:
        nested = [key for key, value in self.request.items() if isinstance(value, dict | list)]
        if self.method == "GET" and nested:
            raise ValueError(f"method: GET sends `request` as query parameters; {nested[0]!r} is no single value")
        return self

    @model_validator(mode="after")
    def _text_holds_the_answer_only(self) -> HttpTargetSettings:
        if self.stream is not None and self.stream.format == "text" and (self.contexts or self.tokens):
            raise ValueError("stream: format: text holds nothing but the answer; leave out contexts and tokens")
        return self


class ModelTargetSettings(LiveTargetSettings):
    """A model behind an OpenAI-compatible endpoint, asked with a prompt file.

    `prompt` is a text file relative to the set; `{question}` and `{contexts}` (the item's declared evidence, numbered)
    are filled in. Without `{question}` in it the file is the system message and the question follows as the user's.
    The file's digest stands in the lock, for information: a changed prompt is what a gate is there to try.
    """

    kind: Literal["model"]
    model: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    base_url: str | None = None
    api_key: FromEnvironment = FromEnvironment(env="OPENAI_API_KEY")
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)
    retries: int = Field(default=2, ge=0, le=10)


class PythonTargetSettings(LiveTargetSettings):
    """A function `module:function`, called as `function(question, history)`; it may be async.

    It returns the answer's text, or `{"response", "contexts"?, "tokens"?}`. `history` is a list of
    `{"role", "content"}`.
    """

    kind: Literal["python"]
    call: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")


TargetSettings = Annotated[
    RecordedTargetSettings | HttpTargetSettings | ModelTargetSettings | PythonTargetSettings,
    Field(discriminator="kind"),
]
