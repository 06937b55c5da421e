"""`assay doctor --judge`, run as a person runs it against servers of several kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from assay.judges.models.request_form import KNOWN_FORMS
from assay.worker.cli.commands import app
from assay.worker.setup.judge_trial_leave import MOST_CALLS
from assay.worker.setup.served_models import ServedModel, read_models
from tests.servers.anthropic_server import AnthropicServer
from tests.servers.gemini_server import GeminiServer
from tests.servers.native_server import NativeServer
from tests.servers.openai_server import Answer, Body, OpenAIServer, Step, fails, heeds_only, judges_well, lacks, says
from tests.servers.providers.clouds import CLOUDS
from tests.servers.providers.gateways import GATEWAYS
from tests.servers.providers.own_servers import OWN_SERVERS
from tests.servers.providers.provider import Provider, ProviderServer
from tests.unit.worker.setup.trying import made_home, tried

PROVIDERS = (*CLOUDS, *OWN_SERVERS, *GATEWAYS)


@pytest.fixture(autouse=True)
def _nothing_is_known_yet() -> None:
    KNOWN_FORMS.clear()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return made_home(tmp_path)


def cuts_at(tokens: int) -> Step:
    """A server that reads so many tokens of a prompt and says nothing of the rest, as Ollama does."""

    def step(request: Body) -> Answer:
        answer = judges_well(request) if "response_format" in request else _said("3", request)
        assert isinstance(answer.body, dict)
        usage = answer.body["usage"]
        usage["prompt_tokens"] = min(usage["prompt_tokens"], tokens)
        return answer

    return step


def _said(text: str, request: Body) -> Answer:
    step = says(text)
    return step if isinstance(step, Answer) else step(request)


def test_endpoint_with_nothing_wrong_is_tried_in_four_requests(home: Path) -> None:
    with OpenAIServer(default=cuts_at(100_000)) as server:
        code, checks = tried(home, server)
        posts = [request for request in server.requests if request.path.startswith("/v1/chat")]
    assert code == 0
    assert len(posts) == 4
    assert checks["judge"]["status"] == "ok"
    assert "right on a sample" in checks["judge"]["message"]
    assert "a JSON schema" in checks["form"]["message"]
    assert "requests for the second sample: 1" in checks["form"]["message"]
    assert "from a cache" in checks["usage"]["message"]
    assert f"at most {MOST_CALLS} with" in checks["trial"]["message"]
    assert checks["window"]["status"] == "ok"
    assert checks["price"]["status"] == "warn"


def test_what_had_to_be_found_out_is_printed_ready_to_paste(home: Path) -> None:
    with OpenAIServer(default=lacks("json_schema", "logprobs", "temperature")) as server:
        code, checks = tried(home, server)
        pasted = yaml.safe_load("\n".join(checks["settings"]["lines"]))
        assert code == 0
        assert pasted == {"in-house": {"form": "tool_call", "logprobs": False, "temperature": False}}
        KNOWN_FORMS.clear()
        asked = len(server.requests)
        code, checks = tried(home, server, **pasted["in-house"])
        posts = [request for request in server.requests[asked:] if request.path.startswith("/v1/chat")]
    assert (code, len(posts)) == (0, 4), "pasted, nothing is found out any more"
    assert "nothing to set" in checks["settings"]["message"]


def test_prompt_that_is_cut_without_a_word_is_told(home: Path) -> None:
    with OpenAIServer(default=cuts_at(2_048)) as server:
        code, checks = tried(home, server)
    assert code == 3
    assert checks["window"]["status"] == "fail"
    assert "it counted 2,048 tokens" in checks["window"]["message"]
    assert "num_ctx" in checks["window"]["remedy"]


@pytest.mark.parametrize(
    ("step", "code", "told"),
    [
        (fails(401, message="Incorrect API key provided", code="invalid_api_key"), 2, "ASSAY_ENDPOINT_IN_HOUSE_KEY"),
        (fails(404, message="The model `our-model` does not exist", code="model_not_found"), 2, "the model's name"),
        (fails(503, message="loading"), 3, "run it again"),
    ],
)
def test_endpoint_that_cannot_be_used_says_why_and_ends_as_doctor_does(
    home: Path, step: Step, code: int, told: str
) -> None:
    with OpenAIServer(default=step) as server:
        given, checks = tried(home, server)
        assert len([request for request in server.requests if request.path.startswith("/v1/chat")]) <= MOST_CALLS
    assert given == code
    assert checks["judge"]["status"] == "fail"
    assert told in checks["judge"]["remedy"]
    assert "window" not in checks


def test_model_that_writes_prose_is_no_judge_and_calls_are_bounded(home: Path) -> None:
    with OpenAIServer(default=heeds_only()) as server:
        code, checks = tried(home, server)
        posts = [request for request in server.requests if request.path.startswith("/v1/chat")]
    assert code == 3
    assert "its reply is no verdict" in checks["judge"]["message"]
    assert len(posts) <= MOST_CALLS


def test_nothing_configured_is_told_with_the_remedy(home: Path) -> None:
    result = CliRunner().invoke(app, ["doctor", "--judge", "-c", str(home), "--json"])
    assert result.exit_code == 2
    assert "ASSAY_ENDPOINT_IN_HOUSE_URL" in result.stdout
    result = CliRunner().invoke(app, ["doctor", "--endpoint", "default", "-c", str(home), "--json"])
    assert result.exit_code == 2
    assert "set OPENAI_API_KEY" in result.stdout


def test_people_read_the_same(home: Path) -> None:
    with OpenAIServer(default=lacks("logprobs")) as server:
        (home / "endpoints.yaml").write_text(yaml.safe_dump({"in-house": {"url": server.url}}))
        result = CliRunner().invoke(app, ["doctor", "--judge", "-c", str(home)])
    assert result.exit_code == 0
    assert "in-house:" in result.stdout
    assert "logprobs: false" in result.stdout


@pytest.mark.parametrize("provider", [p for p in PROVIDERS if p.settings], ids=lambda provider: provider.name)
def test_provider_that_needs_settings_works_with_them_in_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "k")
    with ProviderServer(provider) as server:
        url = server.origin + provider.path.partition("?")[0].removesuffix("/chat/completions")
        code, checks = tried(home, server, **{"url": url, **provider.settings})
    assert code == 0
    assert checks["judge"]["status"] == "ok"
    assert "second sample: 1" in checks["form"]["message"]


@pytest.mark.parametrize(("protocol", "server"), [("anthropic", AnthropicServer), ("gemini", GeminiServer)])
def test_native_protocols_are_tried_too(
    home: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, server: type[NativeServer]
) -> None:
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "k")
    with server(api_key="k") as running:
        code, checks = tried(home, running, protocol=protocol)
    assert (code, checks["judge"]["status"]) == (0, "ok")
    monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "wrong")
    with server(api_key="k") as running:
        code, checks = tried(home, running, protocol=protocol)
    assert (code, checks["judge"]["status"]) == (2, "fail")


@pytest.mark.parametrize(
    ("data", "served"),
    [
        ({"data": [{"id": "m", "max_model_len": 8192}]}, ServedModel(True, 8192, ("m",))),  # vLLM
        ({"data": [{"id": "m", "context_window": 131072}]}, ServedModel(True, 131072, ("m",))),  # Groq
        ({"data": [{"id": "m", "context_length": 128000}, {"id": "n"}]}, ServedModel(True, 128000, ("m", "n"))),
        ({"data": [{"id": "other"}, {"id": "n"}]}, ServedModel(False, None, ("other", "n"))),
        ({"data": [{"id": "/models/q.gguf", "meta": {"n_ctx_train": 32768, "n_ctx": 4096}}]},
         ServedModel(False, 4096, ("/models/q.gguf",))),  # llama.cpp, which answers whatever name
        ({"data": [{"id": "q.gguf", "aliases": ["m"], "meta": {"n_ctx": 4096}}]}, ServedModel(True, 4096, ("q.gguf",))),
        ({"data": [{"id": "m", "max_model_len": True}]}, ServedModel(True, None, ("m",))),
        ({"data": [{"id": "m", "max_model_len": -5}]}, ServedModel(True, None, ("m",))),
        ({"data": []}, ServedModel()),
        ({"error": {}}, ServedModel()),
        ([1, None, "x"], ServedModel()),
        ("<html>", ServedModel()),
    ],
)  # fmt: skip
def test_window_is_read_from_the_list_of_models(data: object, served: ServedModel) -> None:
    assert read_models(data, "m") == served
