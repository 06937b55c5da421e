"""`assay judge` with a judge at an endpoint of Anthropic's or Google's own protocol, as a person sets it up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.test_command import assay, configure
from tests.servers.anthropic_server import AnthropicServer
from tests.servers.gemini_server import GeminiServer
from tests.servers.native_server import NativeServer

RUBRIC = """\
name: native
judge:
  tiers: [llm]
  llm: {{model: {model}, endpoint: provider}}
"""
CONFIG = """\
use_cases: [{{name: bot, rate: 1.0, allow_rate: true, rubrics: [native]}}]
endpoints:
  provider:
    protocol: {protocol}
    url: {url}
"""
SAMPLE = {
    "id": "s",
    "question": "When?",
    "contexts": ["The bridge was opened in 1932 by the Premier. It is 1,149 metres long."],
    "response": "The bridge was opened in 1932.",
}


@pytest.mark.parametrize(
    ("protocol", "model", "serve", "lacks"),
    [
        ("anthropic", "claude-sonnet-4-6", AnthropicServer, []),
        ("gemini", "gemini-2.5-flash", GeminiServer, ["logprobs"]),
    ],
)
def test_a_sample_is_judged_over_the_providers_own_protocol(
    tmp_path: Path, protocol: str, model: str, serve: type[NativeServer], lacks: list[str]
) -> None:
    with serve(api_key="k3y", lacks=lacks) as server:
        configure(tmp_path, CONFIG.format(protocol=protocol, url=server.url))
        (tmp_path / "rubrics").mkdir()
        (tmp_path / "rubrics" / "native.yaml").write_text(RUBRIC.format(model=model))
        (tmp_path / "s.jsonl").write_text(json.dumps(SAMPLE) + "\n")
        done = assay("judge", "s.jsonl", "--rubric", "native", cwd=tmp_path, ASSAY_ENDPOINT_PROVIDER_KEY="k3y")
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["outcome"] == "scored"
    assert verdict["scores"]["hallucination_risk"] < 0.5
    assert "k3y" not in done.stdout + done.stderr
    assert len(server.requests) == 1 + len(lacks)
