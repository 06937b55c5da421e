"""Judge endpoints as files and environment describe them: what is in force, and what is refused with which remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings

USE_CASES = "use_cases: [{name: all, match: {}}]\n"
SECRET = "Sup3rSecretWord99"


@pytest.fixture
def root(tmp_path: Path) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text(USE_CASES)
    return ConfigRoot(path=tmp_path, is_named=True)


def in_force(root: ConfigRoot, name: str | None = "in-house") -> EndpointSettings | None:
    settings = load_settings()
    return endpoint_in_force(name, read_judge_files(root, settings), settings)


def described(root: ConfigRoot, name: str = "in-house", **section: Any) -> EndpointSettings:
    (root.path / "endpoints.yaml").write_text(yaml.safe_dump({name: section}))
    found = in_force(root, name)
    assert found is not None
    return found


def refusal(root: ConfigRoot, text: str, *, file: str = "endpoints.yaml") -> str:
    (root.path / file).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        in_force(root)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_nothing_said_is_no_endpoint(root: ConfigRoot) -> None:
    assert in_force(root) is None
    assert in_force(root, None) is None


def test_environment_alone_makes_an_endpoint(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_URL", "http://gw/v1")
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", SECRET)
    found = in_force(root)
    assert found is not None
    assert (found.name, found.url, found.concurrency) == ("in-house", "http://gw/v1", 128)
    assert found.key is not None
    assert found.key.get_secret_value() == SECRET
    assert SECRET not in repr(found)


def test_every_key_of_a_section_reaches_the_endpoint(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM_TOKEN", SECRET)
    (root.path / "ca.pem").write_text("later")
    plain: dict[str, Any] = {
        "protocol": "openai", "key_header": "X-Key", "extra_body": {"chat_template_kwargs": {"enable_thinking": False}},
        "timeout_s": 90.0, "connect_timeout_s": 3.0, "attempts": 2, "max_wait_s": 0.0, "concurrency": 7,
        "form": "tool_call", "token_field": "max_completion_tokens", "logprobs": False, "temperature": False,
        "exact_schema": True, "system_role": False, "context_window": 8192,
    }  # fmt: skip
    made = described(
        root,
        url="https://gw/v1?a=1",
        query={"b": "${TEAM_TOKEN}"},
        api_version="preview",
        headers={"Authorization": "Bearer ${TEAM_TOKEN}", "X-Team": "quality"},
        ca_file="ca.pem",
        proxy="http://bot:${TEAM_TOKEN}@proxy:3128",
        **plain,
    )
    assert {key: getattr(made, key) for key in plain} == plain
    assert made.url == "https://gw/v1?a=1"
    assert {name: value.get_secret_value() for name, value in made.query.items()} == {
        "b": SECRET,
        "api-version": "preview",
    }
    assert made.headers["Authorization"].get_secret_value() == f"Bearer {SECRET}"
    assert made.proxy is not None
    assert made.proxy.get_secret_value() == f"http://bot:{SECRET}@proxy:3128"
    assert made.ca_file == root.path / "ca.pem"
    assert SECRET not in repr(made)


def test_empty_proxy_is_none_at_all_and_missing_one_the_environments(root: ConfigRoot) -> None:
    without = described(root, url="http://gw", proxy="").proxy
    assert without is not None
    assert not without.get_secret_value()
    assert described(root, url="http://gw").proxy is None


def test_endpoints_may_stand_in_assay_yaml_too(root: ConfigRoot) -> None:
    (root.path / "assay.yaml").write_text(USE_CASES + "endpoints: {in-house: {url: 'http://gw/v1', attempts: 1}}\n")
    found = in_force(root)
    assert found is not None
    assert (found.url, found.attempts) == ("http://gw/v1", 1)
    (root.path / "endpoints.yaml").write_text("other: {url: 'http://other/v1'}\n")
    assert in_force(root, "other") is not None
    (root.path / "endpoints.yaml").write_text("in-house: {url: 'http://other/v1'}\n")
    with pytest.raises(
        ConfigurationError, match=r"in-house: stands under endpoints in .*assay\.yaml too; leave one out"
    ):
        in_force(root)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("timout_s: 3", "did you mean 'timeout_s'"),
        ("timeout_s: fast", "in-house.timeout_s"),
        ("timeout_s: yes", "no number"),
        ("attempts: 0", "in-house.attempts"),
        ("form: yaml", "in-house.form"),
        ("protocol: cohere", "in-house.protocol"),
        ("context_window: 12", "in-house.context_window"),
        ("url: localhost", "no web address"),
        ("attempts: 2", "set ASSAY_ENDPOINT_IN_HOUSE_URL"),
        ("{url: 'http://h', ca_file: none.pem}", "no such file; name a PEM file"),
        ("{url: 'http://h', headers: {X-A: '${NOBODY_SET_IT}'}}", "NOBODY_SET_IT}, which is not set"),
        ("{url: 'http://h', azure_deployment: d}", "set OPENAI_API_VERSION"),
        ("azure_deployment: d", "set AZURE_OPENAI_ENDPOINT"),
        ("{url: 'http://h', query: {api-version: a}, api_version: b}", "leave one out"),
        ("protocol: anthropic", "set ANTHROPIC_API_KEY"),
    ],
)
def test_what_cannot_be_is_refused_with_file_key_and_remedy(root: ConfigRoot, section: str, told: str) -> None:
    text = f"in-house: {section}\n" if section.startswith("{") else f"in-house:\n  {section}\n"
    message = refusal(root, text)
    assert "endpoints.yaml" in message
    assert told in message


def test_line_of_a_mistake_is_told(root: ConfigRoot) -> None:
    assert "line 3: in-house.timout_s" in refusal(root, "in-house:\n  url: http://h\n  timout_s: 3\n")
    inside = USE_CASES + "endpoints:\n  in-house: {timout_s: 3}\n"
    assert "line 3: endpoints.in-house.timout_s" in refusal(root, inside, file="assay.yaml")


@pytest.mark.parametrize("name", ["in_house", "In-House", "1st", "'a b'"])
def test_name_that_no_rubric_could_give_is_refused(root: ConfigRoot, name: str) -> None:
    """So no two names share a variable: `in-house` and `in_house` would."""
    assert "endpoints.yaml" in refusal(root, f"{name}: {{url: 'http://h'}}\n")


def test_address_in_both_places_must_be_the_same(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_URL", "http://gw/v1/")
    assert described(root, url="http://gw/v1").url == "http://gw/v1"
    assert "url: differs from ASSAY_ENDPOINT_IN_HOUSE_URL" in refusal(root, "in-house: {url: 'http://other/v1'}\n")


def test_azure_classic_is_made_of_resource_deployment_and_version(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://res.openai.azure.com/")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    made = described(root, azure_deployment="gpt-4o")
    assert made.url == "https://res.openai.azure.com/openai/deployments/gpt-4o"
    assert made.query["api-version"].get_secret_value() == "2024-10-21"
    assert made.key_header == "api-key"
    assert made.key is not None
    assert made.key.get_secret_value() == SECRET
    other = {"azure_deployment": "gpt-4o", "url": "https://other.openai.azure.com"}
    elsewhere = described(root, **other, headers={"X-Gateway": "team"})
    assert elsewhere.key is None, "the key of one resource never goes to another"
    message = refusal(root, yaml.safe_dump({"in-house": other}))
    assert "line 3: in-house.url: is not AZURE_OPENAI_ENDPOINT" in message
    assert "set ASSAY_ENDPOINT_IN_HOUSE_KEY" in message


def test_keys_of_a_provider_go_to_its_own_place_alone(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai-itself")
    made = described(root, protocol="anthropic")
    assert made.key is not None
    assert (made.url, made.key.get_secret_value()) == (None, SECRET)
    assert described(root, protocol="anthropic", url="https://gw/anthropic/v1").key is None
    usual = described(root, name="default", protocol="anthropic")
    assert usual.key is not None
    assert usual.key.get_secret_value() == SECRET, "OPENAI_API_KEY is no key of another provider's"


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ASSAY_ENDPOINT_OTHER_KEY", "ASSAY_REDIS_URL"])
def test_secret_of_another_cannot_be_named(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, SECRET if variable != "ASSAY_REDIS_URL" else "redis://h:6379/0")
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "its-own")
    message = refusal(root, f"in-house: {{url: 'http://gw', headers: {{X-A: '${{{variable}}}'}}}}\n")
    assert "another's secret" in message
    own = described(root, url="http://gw", headers={"X-A": "${ASSAY_ENDPOINT_IN_HOUSE_KEY}"})
    assert own.headers["X-A"].get_secret_value() == "its-own"


def test_headers_of_the_usual_endpoint_go_to_no_other_provider(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    assert described(root, name="default", protocol="anthropic").headers == {}


def test_organisation_project_and_custom_headers_are_the_usual_endpoints(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Gateway-Key: {SECRET}\nX-Team: quality\n")
    usual = in_force(root, None)
    assert usual is not None
    assert {name: value.get_secret_value() for name, value in usual.headers.items()} == {
        "OpenAI-Organization": "org-1",
        "OpenAI-Project": "proj-1",
        "X-Gateway-Key": SECRET,
        "X-Team": "quality",
    }
    assert described(root, url="http://gw/v1").headers == {}
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Team: a\n{SECRET}")
    with pytest.raises(ConfigurationError, match="OPENAI_CUSTOM_HEADERS: line 2 is no header") as caught:
        in_force(root, None)
    assert SECRET not in str(caught.value)


def test_usual_endpoint_has_no_second_name_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_DEFAULT_URL", "http://gw/v1")
    with pytest.raises(ConfigurationError, match=r"ASSAY_ENDPOINT_DEFAULT_URL: .*set OPENAI_BASE_URL"):
        load_settings()


def test_endpoints_beside_no_assay_yaml_are_those_of_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.worker.config.root import find_root

    monkeypatch.chdir(tmp_path)
    (tmp_path / "endpoints.yaml").write_text("in-house: {url: 'http://gw/v1'}\n")
    found = in_force(find_root(None, load_settings()))
    assert found is not None
    assert found.url == "http://gw/v1"
