"""Mistakes in `endpoints.yaml` and around it: each is refused where it stands, with the words of what is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.wiring.models import check_usable, remedy_for
from assay.worker.wiring.shown_endpoints import shown_endpoints
from tests.unit.worker.config.test_endpoints import SECRET, USE_CASES, described, in_force, refusal


@pytest.fixture
def root(tmp_path: Path) -> ConfigRoot:
    (tmp_path / "assay.yaml").write_text(USE_CASES)
    return ConfigRoot(path=tmp_path, is_named=True)


@pytest.mark.parametrize("value", ["0", "1", "0.7", "0.0", "'no'", "'true'", "'0'"])
@pytest.mark.parametrize("key", ["temperature", "logprobs", "exact_schema", "system_role"])
def test_number_or_word_is_no_truth(root: ConfigRoot, key: str, value: str) -> None:
    """`temperature: 0` was read as false: then none is sent, and the model's own temperature judges."""
    message = refusal(root, f"in-house:\n  url: http://h\n  {key}: {value}\n")
    assert f"line 3: in-house.{key}: must be true or false" in message


@pytest.mark.parametrize("value", [True, False, None])
def test_truth_is_taken_as_it_is(root: ConfigRoot, *, value: bool | None) -> None:
    made = described(root, url="http://h", temperature=value, logprobs=value)
    assert (made.temperature, made.logprobs) == (value, value)


def test_truth_elsewhere_in_assay_yaml_is_no_number_either(root: ConfigRoot) -> None:
    limits = "limits: {endpoints: {default: {free: 1}}}\n"
    assert "free: must be true or false" in refusal(root, USE_CASES + limits, file="assay.yaml")


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("messages: []", "written by the rubric"),
        ("model: other", "named by the rubric"),
        ("models: [a, b]", "named by the rubric"),
        ("temperature: 1", "write `temperature: true`"),
        ("max_tokens: 5", "max_tokens of the rubric"),
        ("max_completion_tokens: 5", "max_tokens of the rubric"),
        ("n: 3", "one reply"),
        ("response_format: null", "`form`"),
        ("tools: []", "`form`"),
        ("guided_json: {}", "`form`"),
        ("top_logprobs: 20", "`logprobs`"),
        ("system: You are kind", "`system_role`"),
        ("contents: []", "written by the rubric"),
        ("truncate_prompt_tokens: 100", "`context_window`"),
        ("generationConfig: {candidateCount: 4}", "one reply"),
        ("generation_config: {max_output_tokens: 4}", "max_tokens of the rubric"),
        ("generationConfig: []", "write an object"),
        ("output_config: {format: {}}", "`form`"),
    ],
)
def test_body_field_that_assay_answers_for_is_refused_with_the_setting(root: ConfigRoot, field: str, told: str) -> None:
    message = refusal(root, f"in-house:\n  url: http://h\n  extra_body: {{{field}}}\n")
    assert "line 3: in-house.extra_body." in message
    assert "is not set here" in message
    assert told in message


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt_cache_key": "assay-judge"},
        {"chat_template_kwargs": {"enable_thinking": False}},
        {"provider": {"require_parameters": True}},
        {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}}},
        {"output_config": {"effort": "low"}},
        {"safetySettings": [{"category": "a", "threshold": "OFF"}]},
        {"stream": True},
        {"reasoning_effort": "low", "top_p": 0.5, "seed": 7, "service_tier": "flex"},
        {"metadata": {"team": "risk-assessment", "task": "task-evaluation-of-answers"}},
        {"stop_token": "<|im_end|>", "user_key": "judging-run"},
    ],
)
def test_other_body_fields_may_be_set(root: ConfigRoot, fields: dict[str, object]) -> None:
    assert described(root, url="http://h", extra_body=fields).extra_body == fields


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (f"a: {{api_key: {SECRET}}}", "looks like a secret"),
        (f"a: [{{b: sk-{SECRET}}}]", "looks like a secret"),
        (f"apiKey: {SECRET}", "looks like a secret"),
        (f"client_secret: {SECRET}", "looks like a secret"),
        (f"access_token: {SECRET}", "looks like a secret"),
        ('user: "${TEAM}"', "variables are not filled in here"),
        ('a: {b: ["${ TEAM }"]}', "variables are not filled in here"),
        ("d: .nan", "JSON does not have"),
        ("d: {e: [.inf]}", "JSON does not have"),
    ],
)
def test_body_field_that_cannot_be_sent_is_refused(root: ConfigRoot, field: str, told: str) -> None:
    assert told in refusal(root, f"in-house:\n  url: http://h\n  extra_body: {{{field}}}\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("endpoints:\n  x: {url: http://h}\n", "line 1: endpoints: names of endpoints stand at the top"),
        ("endpoints: {x: null}\n", "endpoints: names of endpoints stand at the top"),
        ("url: http://h/v1\n", "line 1: url: a name of an endpoint stands at the top"),
        ("base_url: http://h/v1\n", "write `default: {url: …}`"),
        ("timeout_s: 3\nin-house: {url: 'http://h'}\n", "write `default: {timeout_s: …}`"),
        ("headers: {X-Team: a}\n", "write `default: {headers: …}`"),
        (f"api_key: {SECRET}\n", "a name of an endpoint stands at the top"),
        ("- {name: x, url: 'http://h'}\n", "a list, and names of endpoints are keys here"),
        ("x: {base_url: 'http://h'}\n", "line 1: x.base_url: unknown key; did you mean 'url'?"),
        ("x: {url: 'http://h', model: m}\n", "x.model: the model is named in a rubric"),
        ("x: {url: 'http://h', max_retries: 3}\n", "did you mean 'attempts'?"),
    ],
)
def test_right_content_at_the_wrong_level_is_told(root: ConfigRoot, text: str, told: str) -> None:
    assert told in refusal(root, text)


@pytest.mark.parametrize("name", ["endpoints", "url", "headers", "token", "query"])
def test_endpoint_may_bear_the_name_of_a_key(root: ConfigRoot, name: str) -> None:
    assert described(root, name=name, url="http://h").url == "http://h"


def test_flat_section_inside_assay_yaml_is_told_too(root: ConfigRoot) -> None:
    message = refusal(root, USE_CASES + "endpoints: {url: 'http://h'}\n", file="assay.yaml")
    assert "a name of an endpoint stands at the top" in message


@pytest.mark.parametrize(
    "key",
    [
        *("api_key", "apiKey", "API-KEY", "Key", "token", "auth", "authorization", "bearer_token", "access_token"),
        *("secret", "client_secret", "api_key_env", "openai_api_key", "password", "credentials"),
    ],
)
def test_key_is_refused_by_whatever_name_with_its_own_variable(root: ConfigRoot, key: str) -> None:
    message = refusal(root, f"in-house:\n  url: http://h\n  {key}: {SECRET}\n")
    assert f"{key}: no key stands in a file; set ASSAY_ENDPOINT_IN_HOUSE_KEY in the environment" in message
    assert "set OPENAI_API_KEY" in refusal(root, f"default: {{{key}: {SECRET}}}\n")
    inside = USE_CASES + f"endpoints: {{in-house: {{{key}: {SECRET}}}}}\n"
    assert "set ASSAY_ENDPOINT_IN_HOUSE_KEY" in refusal(root, inside, file="assay.yaml")


@pytest.mark.parametrize(
    "section",
    [
        f"key_header: sk-{SECRET}",
        f"token_field: sk-{SECRET}",
        f"api_version: sk-{SECRET}",
        f"proxy: 'bot:{SECRET}@h:1'",
        f"proxy: '{SECRET}@h:1'",
    ],
)
def test_secret_in_the_place_of_something_else_is_refused(root: ConfigRoot, section: str) -> None:
    refusal(root, f"in-house:\n  url: http://h\n  {section}\n")


@pytest.mark.parametrize("text", ["${ NOPE }", "${NOPE", "${NOPE:-d}", "a ${} b", "${1X}"])
@pytest.mark.parametrize("key", ["headers", "query", "url", "proxy"])
def test_almost_a_variable_is_refused(root: ConfigRoot, key: str, text: str) -> None:
    value = f"{{X: '{text}'}}" if key in {"headers", "query"} else f"'http://{text}'"
    other = "" if key == "url" else "url: http://h, "
    message = refusal(root, f"in-house: {{{other}{key}: {value}}}\n")
    assert "write ${NAME}" in message


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("headers: {bad name: a}", "no name of a header"),
        ("headers: {Content-Length: '5'}", "belongs to the connection"),
        ("headers: {transfer-encoding: chunked}", "belongs to the connection"),
        ("headers: {Accept-Encoding: br}", "belongs to the connection"),
        ("headers: {X-Team: Qualität}", "percent-encode"),
        ("key_header: 'x-k:'", "no name of a header"),
        ("token_field: 'max tokens'", "no name of a field"),
        ("proxy: not a url at all", "write http://host:port"),
        ("proxy: 'socks5://h:1'", "write http://host:port"),
        ("proxy: 'http://h:port'", "write http://host:port"),
    ],
)
def test_what_would_break_on_the_wire_is_refused_before(root: ConfigRoot, section: str, told: str) -> None:
    message = refusal(root, f"in-house:\n  url: http://h\n  {section}\n")
    assert "line 3: in-house." in message
    assert told in message


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("' http://h/v1'", "begins or ends with white space"),
        ('"http://h/v1\\n"', "begins or ends with white space"),
        ("http://münchen.example/v1", "punycode"),
        ("localhost:8000", "is no web address"),
    ],
)
def test_address_that_is_none_is_told_with_its_line(root: ConfigRoot, url: str, told: str) -> None:
    message = refusal(root, f"other: {{url: 'http://h'}}\nin-house:\n  attempts: 2\n  url: {url}\n")
    assert "line 4: in-house.url: " in message
    assert told in message


def test_line_is_told_of_what_only_the_environment_shows(root: ConfigRoot) -> None:
    text = "in-house:\n  url: http://h\n  headers:\n    X-A: a\n    X-B: '${NOBODY_SET_IT}'\n"
    assert "line 5: in-house.headers.X-B: names ${NOBODY_SET_IT}" in refusal(root, text)
    inside = USE_CASES + "endpoints:\n  in-house: {url: 'http://h', ca_file: none.pem}\n"
    (root.path / "endpoints.yaml").unlink()
    assert "line 3: endpoints.in-house.ca_file" in refusal(root, inside, file="assay.yaml")


@pytest.mark.parametrize("name", ["endpoints.yml", "Endpoints.yaml", "endpoint.yaml"])
def test_file_of_another_name_is_told_and_not_passed_over(root: ConfigRoot, name: str) -> None:
    assert "rename it endpoints.yaml" in refusal(root, "in-house: {url: 'http://h'}\n", file=name)


def test_file_of_another_program_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside no assay.yaml an `endpoints.yml` is not ours: other programs have one of that name."""
    from assay.worker.config.root import find_root

    monkeypatch.chdir(tmp_path)
    (tmp_path / "endpoints.yml").write_text("action_endpoint: {url: 'http://localhost:5055'}\n")
    assert in_force(find_root(None, load_settings())) is None


@pytest.mark.parametrize(
    "variable",
    [
        *("ASSAY_ENDPOINT_X_TOKEN", "ASSAY_ENDPOINT_X_SECRET", "ASSAY_ENDPOINTS_X_KEY", "ASSAY_ENDPOINTS_X_URL"),
        *("ASSAY_ENDPOINT_IN-HOUSE_KEY", "ASSAY_ENDPOINT_in_house_KEY", "ASSAY_ENDPOINT_X_URI"),
    ],
)
def test_misnamed_variable_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, SECRET)
    with pytest.raises(ConfigurationError, match=f"{variable}: is read by nobody; .*ASSAY_ENDPOINT_NAME_KEY") as caught:
        load_settings()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "variable", ["ASSAY_ENDPOINT_SERVICE_HOST", "ASSAY_ENDPOINT_X_PORT_80_TCP", "ASSAY_ENDPOINT_IN_HOUSE_KEY"]
)
def test_variable_of_a_cluster_or_of_an_endpoint_is_none(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "10.0.0.1")
    load_settings()


def test_variable_that_would_be_of_another_endpoint_is_refused(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_API_KEY", SECRET)
    message = refusal(root, "in-house: {url: 'http://h'}\n")
    assert "ASSAY_ENDPOINT_IN_HOUSE_API_KEY: is the variable of an endpoint in-house-api" in message
    assert "set ASSAY_ENDPOINT_IN_HOUSE_KEY" in message
    (root.path / "endpoints.yaml").write_text("in-house: {url: 'http://h'}\nin-house-api: {url: 'http://g'}\n")
    own = in_force(root, "in-house-api")
    assert in_force(root) is not None
    assert own is not None
    assert own.key == SecretStr(SECRET)


@pytest.mark.parametrize(
    ("variable", "section", "is_allowed"),
    [
        ("ANTHROPIC_API_KEY", "url: http://h", False),
        ("ANTHROPIC_API_KEY", "protocol: anthropic, url: http://h", True),
        ("GEMINI_API_KEY", "protocol: anthropic, url: http://h", False),
        ("GOOGLE_API_KEY", "protocol: gemini, url: http://h", True),
        ("AZURE_OPENAI_API_KEY", "url: http://h", False),
        ("AZURE_OPENAI_API_KEY", "azure_deployment: d, api_version: v", True),
        ("LANGFUSE_SECRET_KEY", "url: http://h", False),
        ("LANGFUSE_INIT_PROJECT_SECRET_KEY", "url: http://h", False),
        ("ASSAY_GOLDEN_WEBHOOK_URL", "url: http://h", False),
        ("TEAM_TOKEN", "url: http://h", True),
    ],
)
def test_variable_goes_only_where_it_belongs(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch, variable: str, section: str, *, is_allowed: bool
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://res.openai.azure.com")
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "own-key")
    monkeypatch.setenv(variable, SECRET)
    text = f"in-house: {{{section}, headers: {{X-A: '${{{variable}}}'}}}}\n"
    if not is_allowed:
        assert "another's secret" in refusal(root, text)
        return
    (root.path / "endpoints.yaml").write_text(text)
    made = in_force(root)
    assert made is not None
    assert made.headers["X-A"].get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("login", "proxy"),
    [
        ("bot:p@ss/w?rd#1", "http://bot:p%40ss%2Fw%3Frd%231@p:3128"),
        ("bot:p%40ss", "http://bot:p%40ss@p:3128"),
        ("bot:100%sure", "http://bot:100%25sure@p:3128"),
        ("bot", "http://bot@p:3128"),
    ],
)
def test_login_of_a_proxy_is_encoded(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch, login: str, proxy: str) -> None:
    """An `@` or `/` in a password would end it: the rest was looked up as a host."""
    monkeypatch.setenv("PROXY_LOGIN", login)
    for written in ("http://${PROXY_LOGIN}@p:3128", "${PROXY_LOGIN}@p:3128"):
        made = described(root, url="http://h", proxy=written).proxy
        assert made is not None
        assert made.get_secret_value() == (proxy if "://" in written else proxy.removeprefix("http://"))


def test_two_addresses_of_an_azure_deployment_are_refused(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://res.openai.azure.com")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gw/v1")
    (root.path / "endpoints.yaml").write_text("default: {azure_deployment: d, api_version: v}\n")
    with pytest.raises(ConfigurationError, match="two addresses, OPENAI_BASE_URL and AZURE_OPENAI_ENDPOINT"):
        in_force(root, None)
    monkeypatch.delenv("OPENAI_BASE_URL")
    usual = in_force(root, None)
    assert usual is not None
    assert usual.key == SecretStr(SECRET)


def test_misspelt_endpoint_of_a_rubric_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert remedy_for("inhouse", settings, ["in-house"]).startswith("did you mean 'in-house', which is described?")
    assert remedy_for("other", settings, ["in-house"]).startswith("set ASSAY_ENDPOINT_OTHER_URL")


def test_endpoints_are_shown_as_they_are_in_force(root: ConfigRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("ASSAY_ENDPOINT_FAR_URL", f"http://bot:{SECRET}@far/v1?code={SECRET}")
    monkeypatch.setenv("ASSAY_ENDPOINT_BAD_KEY", "a b")
    (root.path / "none.pem").write_text("no certificate")
    (root.path / "endpoints.yaml").write_text(
        "bad: {url: 'http://b'}\nworse: {url: 'https://w', ca_file: none.pem}\nown: {url: 'http://o/v1'}\n"
    )
    shown = {endpoint.name: endpoint for endpoint in shown_endpoints(root, load_settings())}
    assert list(shown) == ["default", "bad", "worse", "own", "far"]
    assert shown["default"].in_words() == "default: openai, the provider itself, with a key (environment)"
    assert shown["own"].in_words() == "own: openai, http://o/v1, without a key (endpoints.yaml)"
    assert (shown["far"].address, shown["far"].source) == ("http://far/v1", "environment")
    assert "the API key of endpoint bad" in str(shown["bad"].problem)
    assert "no certificate in PEM form" in str(shown["worse"].problem)
    assert SECRET not in str(shown)


def test_header_that_the_environment_breaks_names_its_endpoint(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_TOKEN", "a\nb")
    (root.path / "endpoints.yaml").write_text("in-house: {url: 'http://h', headers: {X-A: '${TEAM_TOKEN}'}}\n")
    settings = load_settings()
    with pytest.raises(ConfigurationError, match=r"headers` and `key_header` of endpoint in-house$"):
        check_usable("in-house", read_judge_files(root, settings), settings)


def test_link_that_leads_nowhere_is_no_absent_file(root: ConfigRoot) -> None:
    """Else the usual endpoint would be the provider's own, and get texts and the gateway's key."""
    (root.path / "endpoints.yaml").symlink_to(root.path / "gone.yaml")
    with pytest.raises(ConfigurationError, match=r"endpoints\.yaml: is a link to a file that is not there"):
        in_force(root, None)


def test_own_file_by_another_name_is_told_beside_no_assay_yaml_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.worker.config.root import find_root

    monkeypatch.chdir(tmp_path)
    (tmp_path / "endpoints.yml").write_text("default: {url: 'http://litellm:4000/v1'}\n")
    with pytest.raises(ConfigurationError, match=r"endpoints\.yml: is not read by this name; rename it"):
        in_force(find_root(None, load_settings()), None)


@pytest.mark.parametrize(("key", "told"), [("'sk-a'", "in quotes"), ('"sk-a"', "in quotes"), ("Bearer sk-a", "Bearer")])
def test_key_with_what_does_not_belong_to_it_is_refused(
    root: ConfigRoot, monkeypatch: pytest.MonkeyPatch, key: str, told: str
) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", key)
    (root.path / "endpoints.yaml").write_text("in-house: {url: 'http://h'}\n")
    settings = load_settings()
    with pytest.raises(ConfigurationError, match=f"of endpoint in-house .*{told}") as caught:
        check_usable("in-house", read_judge_files(root, settings), settings)
    assert "sk-a" not in str(caught.value)
