"""Trying a model in the way in which its rubric asks it, as often as the judge would, and against its window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.models.request_form import KNOWN_FORMS
from assay.worker.setup.judge_trial_leave import MOST_CALLS
from tests.servers.decision_server import DecisionServer, says_one_word
from tests.servers.openai_server import Answer, Body, OpenAIServer, Step, completion, judges_well, says
from tests.servers.providers.gateways import GATEWAYS
from tests.servers.providers.own_servers import OWN_SERVERS
from tests.servers.providers.provider import Provider, ProviderServer
from tests.unit.worker.setup.trying import (
    DECISION,
    SENTENCES,
    ListingServer,
    is_window_prompt,
    made_home,
    posts,
    tried,
    tried_at,
)


@pytest.fixture(autouse=True)
def _nothing_is_known_yet() -> None:
    KNOWN_FORMS.clear()


def counts(tokens: int, *, added: int = 0) -> Step:
    """A server that reads so many tokens of a prompt, without a word. It adds some of its own to each."""

    def step(request: Body) -> Answer:
        answer = judges_well(request) if "response_format" in request else Answer(completion("3", request))
        assert isinstance(answer.body, dict)
        usage = answer.body["usage"]
        usage["prompt_tokens"] = min(usage["prompt_tokens"] + added, tokens)
        usage["prompt_tokens_details"] = {"cached_tokens": 0}
        return answer

    return step


def test_sentences_are_tried_as_sentences(tmp_path: Path) -> None:
    """Also a model that cannot write a table at all."""
    with DecisionServer() as server:
        code, checks = tried(made_home(tmp_path, SENTENCES), server)
        assert len(posts(server)) == 6
        assert not any("response_format" in request.body or "tools" in request.body for request in posts(server))
    assert code == 0
    assert checks["judge"]["status"] == "ok"
    assert "a word about each sentence" in checks["form"]["message"]
    assert "token probabilities: given" in checks["form"]["message"]
    assert "form" not in str(checks["settings"]["lines"])


def test_sentences_without_token_probabilities_fail_as_the_judge_does(tmp_path: Path) -> None:
    def without(request: Body) -> Answer:
        return says_one_word({name: value for name, value in request.items() if name != "logprobs"})

    home = made_home(tmp_path, SENTENCES)
    with DecisionServer([without] * MOST_CALLS) as server:
        code, checks = tried(home, server)
    assert (code, checks["judge"]["status"]) == (2, "fail")
    assert "ask: table" in checks["judge"]["remedy"]
    for section in ({"logprobs": False}, {"protocol": "anthropic"}):
        with DecisionServer() as server:
            code, checks = tried(home, server, **section)
            assert not posts(server), "known without asking"
        assert (code, checks["judge"]["status"]) == (2, "fail")
        assert "sentences needs token probabilities" in checks["judge"]["message"]


@pytest.mark.parametrize("protocol", ["systemone", "decisions"])
def test_decision_models_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    home = made_home(tmp_path, DECISION)
    with DecisionServer(api_key="k") as server:
        monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "k")
        code, checks = tried(home, server, protocol=protocol)
        assert len(server.requests) == 2
        assert (code, checks["judge"]["status"]) == (0, "ok")
        assert "probabilities of statements" in checks["form"]["message"]
        code, checks = tried(made_home(tmp_path, "name: r\njudge: {tiers: [local]}\n"), server, "--endpoint",
                             "in-house", "--model", "jev", protocol=protocol)  # fmt: skip
        assert (code, checks["judge"]["name"]) == (0, "judge (in-house, jev)"), "no rubric names it"
        monkeypatch.setenv("ASSAY_ENDPOINT_IN_HOUSE_KEY", "wrong")
        code, checks = tried(made_home(tmp_path, DECISION), server, protocol=protocol)
    assert (code, checks["judge"]["status"]) == (2, "fail")
    assert "ASSAY_ENDPOINT_IN_HOUSE_KEY" in checks["judge"]["remedy"]


@pytest.mark.parametrize(
    "provider",
    [provider for provider in (*GATEWAYS, *OWN_SERVERS) if provider.calls[0] >= 4 and provider.works == "works"],
    ids=lambda provider: provider.name,
)
def test_forms_that_come_with_later_attempts_are_reached(tmp_path: Path, provider: Provider) -> None:
    with ProviderServer(provider) as server:
        url = server.origin + provider.path.removesuffix("/chat/completions")
        code, checks = tried_at(made_home(tmp_path), {"in-house": {"url": url}})
    assert (code, checks["judge"]["status"]) == (0, "ok"), checks["judge"]


@pytest.mark.parametrize("section", [{}, {"context_window": 16_384}])
@pytest.mark.parametrize("tokens", [2_048, 4_096, 8_192])
def test_prompt_that_is_cut_is_told(tmp_path: Path, tokens: int, section: dict[str, Any]) -> None:
    with OpenAIServer(default=counts(tokens)) as server:
        code, checks = tried(made_home(tmp_path), server, **section)
    assert (code, checks["window"]["status"]) == (3, "fail")
    assert f"it counted {tokens:,} tokens" in checks["window"]["message"]


@pytest.mark.parametrize(("added", "section"), [(0, {}), (250, {}), (250, {"context_window": 8_192})])
def test_prompt_that_is_read_whole_is_none_that_is_cut(tmp_path: Path, added: int, section: dict[str, Any]) -> None:
    with OpenAIServer(default=counts(10**6, added=added)) as server:
        code, checks = tried(made_home(tmp_path), server, **section)
        assert len(posts(server)) == 4
    assert (code, checks["window"]["status"]) == (0, "ok"), checks["window"]


def test_window_that_the_server_tells_is_held_against_what_is_set(tmp_path: Path) -> None:
    home = made_home(tmp_path)
    with ListingServer({"data": [{"id": "our-model", "max_model_len": 8192}]}, default=counts(8_192)) as server:
        code, checks = tried(home, server, context_window=16_384)
        assert (code, checks["window"]["status"]) == (2, "fail")
        assert "context_window: 8192" in checks["window"]["remedy"]
        code, checks = tried(home, server)
        assert code == 0
        assert yaml.safe_load("\n".join(checks["settings"]["lines"])) == {"in-house": {"context_window": 8_192}}


def test_window_that_cannot_be_set_is_not_proposed(tmp_path: Path) -> None:
    with ListingServer({"data": [{"id": "our-model", "meta": {"n_ctx": 4096}}]}, default=counts(4_096)) as server:
        code, checks = tried(made_home(tmp_path), server)
        assert code == 0
        assert "context_window" not in str(checks["settings"])
        assert checks["window"]["status"] == "warn"
        assert "lower judge.llm.max_tokens" in checks["window"]["remedy"]
        rubric = "name: r\njudge: {tiers: [llm], llm: {model: our-model, endpoint: in-house, max_tokens: 512}}\n"
        code, checks = tried(made_home(tmp_path, rubric), server)
        assert "context_window: 4096" in str(checks["settings"]["lines"])


def test_prompt_without_an_answer_tells_nothing_of_the_window(tmp_path: Path) -> None:
    def broken(request: Body) -> Answer:
        return Answer({"error": {"message": "x"}}, status=503) if is_window_prompt(request) else judges_well(request)

    with OpenAIServer(default=broken) as server:
        _, checks = tried(made_home(tmp_path), server)
    assert checks["window"]["status"] == "warn"
    assert "came to no answer" in checks["window"]["message"]


def test_form_that_was_not_proven_is_not_proposed(tmp_path: Path) -> None:
    with OpenAIServer(default=says("It is all fine.")) as server:
        code, checks = tried(made_home(tmp_path), server)
    assert (code, checks["judge"]["status"]) == (3, "fail")
    assert checks["settings"]["lines"] == []
    assert "no form has worked" in checks["settings"]["message"]


def test_replies_that_are_cut_off_are_told_with_what_helps(tmp_path: Path) -> None:
    def thinks(request: Body) -> Answer:
        if request.get("max_tokens", 0) > 2_048 or is_window_prompt(request):
            return judges_well(request) if "response_format" in request else Answer(completion("3", request))
        return Answer(completion('{"items": [', request, finish_reason="length"))

    with OpenAIServer(default=thinks) as server:
        code, checks = tried(made_home(tmp_path), server)
    assert code == 0
    assert checks["form"]["status"] == "warn"
    assert "raise judge.llm.max_tokens" in checks["form"]["remedy"]


def test_replies_that_a_stricter_schema_ends_are_told_with_it(tmp_path: Path) -> None:
    provider = next(provider for provider in OWN_SERVERS if "runs past the last sentence" in provider.name)
    with ProviderServer(provider) as server:
        code, checks = tried(made_home(tmp_path), server)
    assert code == 0
    assert "write the lines below" in checks["form"]["remedy"]
    assert "exact_schema: true" in str(checks["settings"]["lines"])
