"""What a person is told to do follows from what went wrong, and names what is in force."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.judges.models.request_form import KNOWN_FORMS
from assay.worker.cli.commands import app
from assay.worker.setup import judge_trial_leave, served_models
from assay.worker.setup.judge_trial_leave import MOST_CALLS
from tests.servers.anthropic_server import AnthropicServer
from tests.servers.openai_server import (
    Answer,
    OpenAIServer,
    Step,
    completion,
    content_filter,
    fails,
    not_json,
    rate_limited,
)
from tests.unit.worker.setup.trying import ListingServer, made_home, posts, tried, tried_at

PAGE = Answer(b"<html>not here</html>", status=404, content_type="text/html")
REDIRECT = Answer(b"", status=301, headers={"Location": "http://elsewhere.example/v1"})


@pytest.fixture(autouse=True)
def _nothing_is_known_yet() -> None:
    KNOWN_FORMS.clear()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return made_home(tmp_path)


@pytest.mark.parametrize(
    ("step", "code", "told", "untold"),
    [
        (fails(401, code="invalid_api_key"), 2, "set ASSAY_ENDPOINT_IN_HOUSE_KEY", "pay"),
        (fails(429, code="insufficient_quota"), 2, "pay the account", "check"),
        (fails(402), 2, "pay the account", "check"),
        (fails(404, code="model_not_found"), 2, "the model's name", "end in /v1"),
        (fails(400, message="no such thing as that"), 2, "docs/reference/endpoints.md", "run it again"),
        (fails(400, message="Stream must be set to true"), 2, "`extra_body: {stream: true}` under in-house", "KEY"),
        (fails(400, message="enable_thinking must be false for non-streaming calls"), 2, "{enable_thinking: f", "KEY"),
        (fails(400, message="max_tokens is too large: 2048"), 2, "lower judge.llm.max_tokens", "docs"),
        (fails(400, code="context_length_exceeded"), 2, "window is too small", "run it again"),
        (not_json(), 2, "url of in-house in endpoints.yaml", "run it again"),
        (PAGE, 2, "url of in-house in endpoints.yaml", "the model's name"),
        (REDIRECT, 2, "set url of in-house in endpoints.yaml to where it points", "KEY"),
        (rate_limited(retry_after="60"), 3, "limits.endpoints.in-house", "KEY"),
        (fails(503, message="loading"), 3, "run it again when it is up", "KEY"),
        (Answer(disconnect=True), 3, "see that the endpoint answers", "KEY"),
        (content_filter(), 3, "its filter refuses", "KEY"),
    ],
)  # fmt: skip
def test_remedy_follows_from_what_went_wrong(home: Path, step: Step, code: int, told: str, untold: str) -> None:
    with OpenAIServer(default=step) as server:
        given, checks = tried(home, server, max_wait_s=1.0)
        assert len(posts(server)) <= MOST_CALLS
    assert given == code, checks["judge"]
    assert checks["judge"]["status"] == "fail"
    assert told in checks["judge"]["remedy"]
    assert untold not in checks["judge"]["remedy"]


def test_address_without_a_version_is_told(home: Path) -> None:
    with ListingServer({"data": [{"id": "our-model"}]}) as server:
        code, checks = tried_at(home, {"in-house": {"url": server.url.removesuffix("/v1")}})
        assert code == 2
        assert "let url of in-house in endpoints.yaml end in /v1" in checks["judge"]["remedy"]
    with OpenAIServer() as server:  # which lists nothing
        code, checks = tried_at(home, {"in-house": {"url": server.url.removesuffix("/v1")}})
    assert "end in /v1, as servers have it?" in checks["judge"]["remedy"]


@pytest.mark.parametrize(
    ("section", "environ", "told"),
    [
        ({"protocol": "anthropic"}, {"OPENAI_API_KEY": "k"}, "check OPENAI_API_KEY"),
        (
            {"azure_deployment": "d", "api_version": "2024-10-21"},
            {"AZURE_OPENAI_API_KEY": "a-key", "AZURE_OPENAI_ENDPOINT": "URL"},
            "check AZURE_OPENAI_API_KEY",
        ),
    ],
)
def test_key_that_is_in_force_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, section: dict[str, Any], environ: dict[str, str], told: str
) -> None:
    server: Any = AnthropicServer(api_key="right") if section.get("protocol") else OpenAIServer(api_key="right")
    with server:
        origin = server.url.removesuffix("/v1")
        for name, value in environ.items():
            monkeypatch.setenv(name, origin if value == "URL" else value)
        placed = section if "azure_deployment" in section else section | {"url": server.url}
        code, checks = tried_at(home, {"default": placed}, "--endpoint", "default", "--model", "m")
    assert code == 2
    assert told in checks["judge"]["remedy"]


def test_list_of_models_that_never_comes_holds_nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_models, "LIST_S", 0.2)
    with ListingServer({"data": []}, list_delay_s=60.0) as server:
        before = time.monotonic()
        code, checks = tried(home, server)
        assert time.monotonic() - before < 20
    assert (code, checks["judge"]["status"]) == (0, "ok")


def test_limit_that_lets_nothing_go_is_told_soon(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_trial_leave, "LEAVE_S", 0.3)
    limits = "limits: {endpoints: {in-house: {requests_per_minute: 1}}}\n"
    (home / "assay.yaml").write_text(f"use_cases: [{{name: all, rubrics: [r]}}]\n{limits}")
    with OpenAIServer() as server:
        code, checks = tried(home, server)
        assert len(posts(server)) == 1
    assert (code, checks["judge"]["status"]) == (0, "ok")
    assert "limits of assay.yaml" in checks["second"]["message"]


def test_price_that_a_rubric_does_not_allow_is_the_rubrics(tmp_path: Path) -> None:
    rubric = "name: r\njudge: {tiers: [llm], llm: {model: gpt-5.4-mini, endpoint: in-house, max_usd: 0.0000001}}\n"
    with OpenAIServer() as server:
        code, checks = tried(made_home(tmp_path, rubric), server)
        assert not posts(server)
    assert code == 2
    assert "judge.llm.max_usd" in checks["judge"]["remedy"]


@pytest.mark.parametrize("name", ["In-House", "in_house", "in house", "inhouse", "", "9"])
def test_name_that_no_endpoint_has_is_told_with_those_there_are(home: Path, name: str) -> None:
    (home / "endpoints.yaml").write_text("in-house: {url: 'http://127.0.0.1:9/v1'}\n")
    result = CliRunner().invoke(app, ["doctor", "--endpoint", name, "-c", str(home)])
    assert type(result.exception).__name__ == "ConfigurationError"
    assert "known endpoints: default, in-house" in str(result.exception)
    assert ("did you mean 'in-house'" in str(result.exception)) == (name not in {"", "9"})


def test_usual_endpoint_that_is_missing_names_those_that_are_described(tmp_path: Path) -> None:
    made_home(tmp_path, "name: r\njudge: {tiers: [llm], llm: {model: our-model}}\n")
    code, checks = tried_at(tmp_path, {"in-house": {"url": "http://127.0.0.1:9/v1"}})
    assert code == 2
    assert "endpoints.yaml has in-house: --endpoint in-house" in checks["judge"]["message"]


def test_words_of_the_server_stay_on_their_line_and_tell_no_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "sk-1234567890")

    def forges(request: dict[str, Any]) -> Answer:
        body = completion("{}", request)
        return Answer(body | {"model": "x\nok  judge"})

    listed = {"data": [{"id": "a\nb"}, {"id": "sk-1234567890"}]}
    with ListingServer(listed, default=fails(404, code="model_not_found")) as server:
        _, checks = tried(home, server)
        assert "(there are a b)" in checks["judge"]["remedy"]
        server.script(default=forges)
        KNOWN_FORMS.clear()
        _, checks = tried(home, server)
    assert "served by x ok judge" in checks["judge"]["message"]
