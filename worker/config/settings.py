"""Settings: where things are and how much is allowed. The only reader of the environment.

What is judged and how is written in rubrics and `assay.yaml`. A setting never changes what a score means. The exception
is `ASSAY_JUDGE_MODEL`: rubrics take it as `${ASSAY_JUDGE_MODEL}`, so it is part of their hash.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import AliasChoices, BaseModel, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from assay.judges.errors import ConfigurationError
from assay.worker.config.endpoint_addresses import (
    check_endpoint_address,
    check_endpoint_variables,
    check_web_address,
    endpoint_variable,
)

Variables = TypeVar("Variables", bound=BaseModel)
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
LogFormat = Literal["json", "console"]
OtelEvaluations = Literal["events", "spans", "both", "none"]

_SECRETS = frozenset(
    {
        "ASSAY_REDIS_URL",
        "ASSAY_DATABASE_URL",
        "ASSAY_GOLDEN_WEBHOOK_URL",
        "ASSAY_PAGERDUTY_ROUTING_KEY",
        "ASSAY_SLACK_WEBHOOK_URL",
        "ASSAY_ALERT_WEBHOOK_URL",
        "ASSAY_DIGEST_WEBHOOK_URL",
        "ASSAY_COLLECTOR_TOKEN",
        "ASSAY_SERVE_TOKEN",
    }
)
"""Variables of ours that no rubric may name: each may hold a password."""

_INHERITED = ("openai_", "azure_")
"""Settings with a name of their own in the environment, which child processes have anyway."""


class EndpointVariables(NamedTuple):
    """What the environment says of a judge endpoint: where it is, and its key."""

    url: str | None
    key: SecretStr | None


class Settings(BaseSettings):
    """Every setting with its environment variable (`ASSAY_` + the field's name) and default."""

    model_config = SettingsConfigDict(env_prefix="ASSAY_", frozen=True, extra="ignore", populate_by_name=True)

    redis_url: SecretStr | None = Field(None, description="Broker and shared state; none: an embedded server.")
    config_dir: Path | None = Field(None, description="Directory of assay.yaml, rubrics/ and golden_sets/.")
    data_dir: Path | None = Field(None, description="Embedded store, broker, logs; default .assay beside assay.yaml.")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL of the record; unset: a file, history.db, in the data directory."
    )
    key_prefix: str = Field("assay:", description="Prefix of every Redis key, so that deployments can share a server.")

    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="Key of the usual judge endpoint."
    )
    openai_base_url: str | None = Field(
        None, validation_alias="OPENAI_BASE_URL", description="The usual judge endpoint; unset: the provider's own."
    )
    openai_org_id: str | None = Field(
        None, validation_alias="OPENAI_ORG_ID", description="Organisation; goes to the usual endpoint alone."
    )
    openai_project_id: str | None = Field(
        None, validation_alias="OPENAI_PROJECT_ID", description="Project; goes to the usual endpoint alone."
    )
    openai_custom_headers: SecretStr | None = Field(
        None,
        validation_alias="OPENAI_CUSTOM_HEADERS",
        description="Lines of `Name: value`, sent to the usual endpoint alone.",
    )
    azure_openai_endpoint: str | None = Field(
        None, validation_alias="AZURE_OPENAI_ENDPOINT", description="Resource of endpoints with an azure_deployment."
    )
    azure_openai_api_key: SecretStr | None = Field(
        None, validation_alias="AZURE_OPENAI_API_KEY", description="Its key; it goes to AZURE_OPENAI_ENDPOINT alone."
    )
    openai_api_version: str | None = Field(
        None, validation_alias="OPENAI_API_VERSION", description="api-version of endpoints with an azure_deployment."
    )
    prices_file: Path | None = Field(None, description="Prices of your own, merged over the packaged ones.")
    judge_model: str = Field("gpt-5.4-mini", description="Model that rubrics name as ${ASSAY_JUDGE_MODEL}.")
    judge_timeout_s: Seconds | None = Field(
        None, description="Deadline of one request to a model; unset: learnt from the endpoint, between 3 and 60 s."
    )
    judge_hedge: float = Field(
        0, ge=0, le=0.5, description="Share of calls that may be sent twice where the first request is slow; 0: none."
    )
    judge_concurrency: int = Field(128, ge=1, description="Model calls in flight to one endpoint, of one process.")

    worker_threads: int = Field(16, ge=1, description="Batches an assess worker holds at once.")
    memory_limit_mb: int | None = Field(
        None, ge=128, description="Memory at which a worker ends in order to be started again; unset: no limit."
    )
    batch_deadline_s: Seconds = Field(120, description="Then a batch is cancelled and its rest published again.")
    ledger_deadline_s: Seconds = Field(120, description="A trace without progress is published again after this.")
    sweep_every_s: Seconds = Field(60, description="How often the trace store is looked through for new traces.")
    release_every_s: Seconds = Field(1, description="How often waiting work is handed to the queue.")
    backlog_limit_s: Seconds = Field(3600, description="The sweep waits while judging what is selected takes longer.")
    reconcile_every_s: Seconds = Field(15, description="How often judged work whose posting is overdue is looked for.")
    verify_every_s: Seconds = Field(5, description="How often written scores are read back.")
    history_every_s: Seconds = Field(5, description="How often what has ended is written into the record.")
    history_days: int = Field(
        400, ge=1, le=36_500, description="Days for which the record keeps its rows, from 1 to 36500."
    )
    review_every_s: Seconds = Field(30, description="How often flagged answers are put into their review queue.")
    copies_every_s: Seconds = Field(5, description="How often scores are written to further places.")
    rewrite_after_s: Seconds = Field(60, description="A score still unreadable after this is written again.")
    config_look_every_s: Seconds = Field(15, description="How often edited files are looked for.")
    trace_wait_s: Seconds = Field(900, description="How long a selected trace may be missing from the store.")
    max_age_s: Seconds = Field(6 * 3600, description="Work older than this is parked instead of tried again.")
    verdict_ttl_s: int = Field(24 * 3600, ge=60, description="How long a verdict is kept for writing.")

    golden_tick_every_s: Seconds = Field(60, description="How often the schedules of golden sets are looked at.")
    batches_every_s: Seconds = Field(60, description="How often provider batches are looked at.")
    golden_webhook_url: SecretStr | None = Field(None, description="Where scheduled runs are announced (Slack's JSON).")

    signals_every_s: Seconds = Field(60, description="How often rates and SLOs are computed for metrics and alerts.")
    alerts_every_s: Seconds = Field(30, description="How often the fleet itself looks whether an alert is due.")
    drift_every_s: Seconds = Field(900, description="How often it is looked whether the day's drift check is due.")
    digest_every_s: Seconds = Field(900, description="How often it is looked whether the weekly message is due.")
    pagerduty_routing_key: SecretStr | None = Field(
        None, description="Integration key (Events v2) that the fleet sends pages to; unset: none are sent."
    )
    pagerduty_url: str = Field("https://events.pagerduty.com", description="Where PagerDuty takes events.")
    slack_webhook_url: SecretStr | None = Field(
        None, description="Slack webhook that the fleet sends alerts and the digest to; unset: none."
    )
    alert_webhook_url: SecretStr | None = Field(
        None, description="Any webhook that takes alerts in Alertmanager's JSON (version 4); unset: none."
    )
    digest_webhook_url: SecretStr | None = Field(
        None, description="Any webhook that takes the weekly message as JSON and Markdown; unset: none."
    )

    collector_port: int = Field(4318, ge=1, le=65535, description="Where `assay collector` takes spans (OTLP/HTTP).")
    collector_host: str = Field(
        "127.0.0.1", min_length=1, description="Address for it; 0.0.0.0 takes spans from everybody: set a token."
    )
    collector_token: SecretStr | None = Field(
        None, description="What senders must show as `Authorization: Bearer TOKEN`; unset: nothing."
    )

    serve_port: int = Field(8484, ge=1, le=65535, description="Where `assay serve` shows the page of the fleet.")
    serve_host: str = Field(
        "127.0.0.1", min_length=1, description="Address for it; any other than this machine's own needs a token."
    )
    serve_token: SecretStr | None = Field(
        None, description="What readers of the page must know, 16 characters at least; unset: this machine alone reads."
    )

    otel_evaluations: OtelEvaluations = Field(
        "events",
        description="How results go out where OTEL_EXPORTER_OTLP_ENDPOINT is set: as events, as back-dated spans.",
    )

    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Where a process serves /metrics, /healthz, /readyz; unset: nowhere."
    )
    alive_file: Path | None = Field(None, description="Touched every 5 s by a process that can work.")
    metrics_host: str = Field("127.0.0.1", min_length=1, description="Address for it; 0.0.0.0 lets everybody read.")

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")
    log_format: LogFormat = Field("json", description="json for machines, console for people.")

    @field_validator(
        *("redis_url", "database_url", "golden_webhook_url", "openai_api_key", "openai_base_url"),
        *("pagerduty_routing_key", "slack_webhook_url", "alert_webhook_url", "digest_webhook_url"),
        *("config_dir", "data_dir", "collector_token", "serve_token"),
        *("alive_file", "metrics_port", "judge_timeout_s", "memory_limit_mb", "prices_file"),
        *("openai_org_id", "openai_project_id", "openai_custom_headers", "openai_api_version"),
        *("azure_openai_endpoint", "azure_openai_api_key"),
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(
        *("golden_webhook_url", "pagerduty_routing_key", "collector_token", "serve_token"),
        *("slack_webhook_url", "alert_webhook_url", "digest_webhook_url"),
        mode="before",
    )
    @classmethod
    def _without_blanks(cls, value: object) -> object:
        """A secret that was read from a file ends in a line break."""
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("pagerduty_url", "collector_port", "collector_host", "serve_port", "serve_host", mode="before")
    @classmethod
    def _empty_is_usual(cls, value: object, info: ValidationInfo) -> object:
        return cls.model_fields[str(info.field_name)].default if value == "" else value

    @field_validator("openai_base_url", "azure_openai_endpoint", "pagerduty_url")
    @classmethod
    def _is_web_address(cls, url: str | None) -> str | None:
        if url is not None:
            check_web_address(url)
        return url

    @property
    def has_llm(self) -> bool:
        """Whether an OpenAI-compatible endpoint is configured."""
        return self.openai_api_key is not None or self.openai_base_url is not None

    def endpoint_variables(self, name: str | None) -> EndpointVariables:
        """What the environment says of an endpoint.

        `ASSAY_ENDPOINT_IN_HOUSE_URL` and `ASSAY_ENDPOINT_IN_HOUSE_KEY` are of the one that rubrics call `in-house`.

        Args:
            name: as rubrics have it. None: the usual endpoint.

        Raises:
            ConfigurationError: its URL is no web address.
        """
        if name is None:
            return EndpointVariables(self.openai_base_url, self.openai_api_key)
        prefix = endpoint_variable(name)
        url, key = (os.environ.get(f"{prefix}_{part}") for part in ("URL", "KEY"))  # noqa: TID251  # this is the one file
        if url:
            check_endpoint_address(f"{prefix}_URL", url)
        return EndpointVariables(url or None, SecretStr(key) if key else None)

    def environment(self) -> dict[str, str]:
        """These settings as environment variables, for child processes, which inherit the provider's own anyway."""
        values = {name: value for name, value in self if value is not None and not name.startswith(_INHERITED)}
        return {
            f"ASSAY_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in values.items()
        }

    def variable(self, name: str) -> SecretStr | None:
        """Any variable of the environment, for what a golden target names. None where it is unset or empty.

        It counts as secret: it is the value of a header as often as the name of a host.
        """
        value = self.rubric_variables().get(name) or os.environ.get(name)  # noqa: TID251  # this is the one file
        return SecretStr(value) if value else None

    def rubric_variables(self) -> dict[str, str]:
        """What `${NAME}` in a rubric or golden set may stand for: ASSAY_ variables, secrets left out."""
        environ = os.environ.items()  # noqa: TID251  # this is the one file
        given = {k: v for k, v in environ if k.startswith("ASSAY_") and not _is_secret(k)}
        return {**given, "ASSAY_JUDGE_MODEL": self.judge_model}


def log_format_asked() -> LogFormat:
    """The log's form where settings cannot be read, or not yet: one wrong variable must not break a JSON log."""
    return "console" if os.environ.get("ASSAY_LOG_FORMAT") == "console" else "json"  # noqa: TID251  # this is the one file


def _is_secret(variable: str) -> bool:
    return variable in _SECRETS or variable.startswith("ASSAY_ENDPOINT_")


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigurationError: a variable has a value it cannot have.
    """
    _refuse_near_misses()
    check_endpoint_variables(os.environ)  # noqa: TID251  # this is the one file
    try:
        return Settings()
    except ValidationError as exc:
        from assay.judges.team_files.problems import first_problem

        name, remedy = first_problem(exc)
        variable = name if name.isupper() else f"ASSAY_{name.upper()}"
        raise ConfigurationError(f"environment: {variable}: {remedy}") from exc


def read_variables(model: type[Variables], prefix: str = "") -> Variables:
    """What the environment has for a trace store's own variables; an empty one counts as unset.

    Args:
        model: the store's model; each field's `validation_alias` is the name of a variable, or several.
        prefix: what stands before these names for one of several stores, e.g. `RAG_`.

    Raises:
        ConfigurationError: a variable has a value it cannot have.
    """
    environ = os.environ  # noqa: TID251  # this is the one file
    # Of several names for one field the first that is set counts.
    set_names = (
        next((name for name in names_of(field.validation_alias) if f"{prefix}{name}" in environ), None)
        for field in model.model_fields.values()
    )
    given = {name: environ[f"{prefix}{name}"] or None for name in set_names if name is not None}
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        from assay.judges.team_files.problems import first_problem

        raise ConfigurationError("environment: {}{}: {}".format(prefix, *first_problem(exc))) from exc


def variables_set(model: type[BaseModel]) -> list[str]:
    """The environment variables of a trace store that are set, e.g. `["STORE_API_KEY"]`."""
    names = (name for field in model.model_fields.values() for name in names_of(field.validation_alias))
    return [name for name in names if os.environ.get(name)]  # noqa: TID251  # this is the one file


def names_of(alias: object) -> list[str]:
    """The environment variables of a field, by its `validation_alias`."""
    choices: list[object] = [*alias.choices] if isinstance(alias, AliasChoices) else [alias]
    return [choice for choice in choices if isinstance(choice, str)]


def _refuse_near_misses() -> None:
    """Refuse a misspelt setting, which would silently keep its default. Names unlike ours are the team's own."""
    known = {f"ASSAY_{name.upper()}" for name in Settings.model_fields}
    for name in os.environ:  # noqa: TID251  # this is the one file
        if name.startswith("ASSAY_") and name not in known and (near := get_close_matches(name, known, 1, 0.88)):
            raise ConfigurationError(f"environment: {name}: unknown setting; did you mean {near[0]}?")


def child_environment(**changes: str) -> dict[str, str]:
    """This process's environment with changes: what worker processes are started with."""
    return {**os.environ, **changes}  # noqa: TID251  # this is the one file
