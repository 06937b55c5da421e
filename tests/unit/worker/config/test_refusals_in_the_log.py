"""What the log keeps of a message: every refusal of a setting as a whole, and of no secret anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError, redacted
from assay.worker.config.endpoint_addresses import check_endpoint_variables
from assay.worker.config.settings import Settings, load_settings, names_of
from assay.worker.serving.running import check_entrance
from assay.worker.store_clients.keys import usable_key
from assay.worker.stores.registry import sink_factories

SECRET = "q7Zr9xT2mWv4"
BAD_VALUES = ("nonsense", "-1")
FORMS = (
    "{name}={secret}",
    "{name}: {secret}",
    "{name} = '{secret} with blanks'",
    '{{"{name}": "{secret}", "n": 1}}',
    r"\"{name}\": \"{secret}\"",
    "environment: {name}: '{secret}' is no key",
    "environment: {name}: {secret}",
)


def settings_names() -> set[str]:
    fields = Settings.model_fields.items()
    return {name for field, info in fields for name in names_of(info.validation_alias) or [f"ASSAY_{field.upper()}"]}


def secret_names() -> list[str]:
    """Every variable with a key, token, secret or password: settings, trace stores, endpoints, compose."""
    models = [factory.variables for factory in sink_factories().values()]
    fields = [info for model in models for info in model.model_fields.values()]
    names = {name for info in fields for name in names_of(info.validation_alias)} | settings_names()
    names |= {"ASSAY_ENDPOINT_IN_HOUSE_KEY", "GRAFANA_PASSWORD", "POSTGRES_PASSWORD", "RAG_LANGFUSE_SECRET_KEY"}
    return sorted(name for name in names if re.search("TOKEN|KEY$|SECRET|PASSWORD", name))


def refusals(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What each way to read a variable says of one that is wrong."""
    for name in settings_names():
        for value in BAD_VALUES:
            yield from _refusal(monkeypatch, {name: value}, load_settings)
    for name in secret_names():
        yield from _refusal(monkeypatch, {f"{name}S": "x"}, load_settings)
        for value in ("", "two words"):
            yield from _refusal(monkeypatch, {}, partial(usable_key, name, SecretStr(value)))
    for name in ("ASSAY_ENDPOINT_DEFAULT_KEY", "ASSAY_ENDPOINT_IN_HOUSE_TOKEN", "ASSAY_ENDPOINT_in_house_KEY"):
        yield from _refusal(monkeypatch, {}, partial(check_endpoint_variables, {name: "x"}))
    for settings in (Settings(serve_token=SecretStr("short")), Settings(serve_host="0.0.0.0")):
        yield from _refusal(monkeypatch, {}, partial(check_entrance, settings))


def _refusal(monkeypatch: pytest.MonkeyPatch, env: dict[str, str], read: Callable[[], object]) -> Iterator[str]:
    with monkeypatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        try:
            read()
        except ConfigurationError as exc:
            yield str(exc)


def test_refusals_of_settings_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = {*refusals(monkeypatch)}
    assert len([message for message in messages if re.search("(TOKEN|KEY|PASSWORD)S?: ", message)]) > 30
    for message in messages:
        kept = redacted(message).removesuffix("…")
        assert " ".join(message.split()).startswith(kept), redacted(message)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_goes_and_the_name_before_it_stays(form: str) -> None:
    names = [*secret_names(), "openai_api_key", "serve_token", "pagerduty_routing_key", "langfuse_secret_key"]
    assert len(names) > 25
    for name in names:
        kept = redacted(form.format(name=name, secret=SECRET))
        assert SECRET not in kept
        assert name in kept


@pytest.mark.parametrize(
    "message",
    [
        f"redis://:{SECRET}@broker:6379/0",
        f"postgresql://assay:{SECRET}@db/assay",
        f"Authorization: Basic {SECRET}",
        f"GET https://host/v1?key={SECRET} failed",
        f"Incorrect API key provided: {SECRET}. See the page of keys",
        f"the token: is-{SECRET}",
        f"wrong token: the.{SECRET}",
        f"tokens: 0{SECRET}",
    ],
)
def test_a_secret_in_another_form_goes(message: str) -> None:
    assert SECRET not in redacted(message)


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens: 4096 is more than the model takes",
        "the bearer token is missing",
        "redis://user:password@host:6379/0",
    ],
)
def test_what_only_speaks_of_secrets_stays(message: str) -> None:
    assert redacted(message) == message
