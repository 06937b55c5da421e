"""What each of two endpoints receives where every variable and every key of both is set: its own, and no other's."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import yaml

from assay.judges.models.base import ChatMessage
from assay.judges.rubric import ModelAt, Rubric
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import load_settings
from assay.worker.wiring.models import ModelOpener
from tests.servers.openai_server import OpenAIServer, Request, says

USUAL = {
    "OPENAI_API_KEY": "sk-usual-key",
    "OPENAI_ORG_ID": "org-usual",
    "OPENAI_PROJECT_ID": "proj-usual",
    "OPENAI_CUSTOM_HEADERS": "X-Gateway-Key: usual-gateway-key",
    "AZURE_OPENAI_API_KEY": "azure-usual-key",
    "AZURE_OPENAI_ENDPOINT": "https://usual-resource.openai.azure.com",
    "OPENAI_API_VERSION": "usual-version",
    "ANTHROPIC_API_KEY": "anthropic-usual-key",
    "GEMINI_API_KEY": "gemini-usual-key",
}
IN_HOUSE = {
    "ASSAY_ENDPOINT_IN_HOUSE_KEY": "in-house-key",
    "IN_HOUSE_TOKEN": "in-house-token",
    "IN_HOUSE_QUERY": "in-house-query",
}


def ask(opener: ModelOpener, named: ModelAt) -> None:
    async def run() -> None:
        model = opener.open(named)
        try:
            await model.complete([ChatMessage(role="user", content="hello")])
        finally:
            await model.close()

    asyncio.run(run())


def seen_of(request: Request) -> str:
    return json.dumps([request.path, request.headers, request.body])


def test_nothing_of_one_endpoint_goes_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**USUAL, **IN_HOUSE}.items():
        monkeypatch.setenv(name, value)
    with OpenAIServer(default=says("ok")) as usual, OpenAIServer(default=says("ok")) as in_house:
        monkeypatch.setenv("OPENAI_BASE_URL", usual.url)
        section = {
            "url": in_house.url,
            "key_header": "api-key",
            "query": {"code": "${IN_HOUSE_QUERY}"},
            "headers": {"X-Team-Token": "${IN_HOUSE_TOKEN}"},
            "extra_body": {"in_house_field": True},
        }
        (tmp_path / "endpoints.yaml").write_text(yaml.safe_dump({"in-house": section}))
        (tmp_path / "assay.yaml").write_text("use_cases: [{name: all}]\n")
        settings = load_settings()
        files = read_judge_files(ConfigRoot(path=tmp_path, is_named=True), settings)
        opener = ModelOpener(Rubric(name="r"), "llm", files, settings, None)
        ask(opener, ModelAt(model="m"))
        ask(opener, ModelAt(model="m", endpoint="default"))
        ask(opener, ModelAt(model="m", endpoint="in-house"))
        seen_usual = " ".join(map(seen_of, usual.requests))
        seen_in_house = " ".join(map(seen_of, in_house.requests))
        assert len(usual.requests) == 2
        assert len(in_house.requests) == 1
    assert "usual" not in seen_in_house
    assert all(value in seen_in_house for value in IN_HOUSE.values())
    assert "in-house-" not in seen_usual
    assert "in_house" not in seen_usual
    assert "Team-Token" not in seen_usual
    for value in ("sk-usual-key", "org-usual", "proj-usual", "usual-gateway-key"):
        assert value in seen_usual
    assert "azure" not in seen_usual
    assert "anthropic" not in seen_usual


def test_no_message_and_no_repr_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IN_HOUSE_TOKEN", "hush\nhush")
    (tmp_path / "endpoints.yaml").write_text("in-house: {url: 'http://gw', headers: {X-T: '${IN_HOUSE_TOKEN}'}}\n")
    settings = load_settings()
    files = read_judge_files(ConfigRoot(path=tmp_path, is_named=True), settings)
    opener = ModelOpener(Rubric(name="r"), "llm", files, settings, None)
    with pytest.raises(Exception, match="cannot be sent") as caught:
        opener.open(ModelAt(model="m", endpoint="in-house"))
    assert "hush" not in str(caught.value)
    assert "hush" not in repr(files)
