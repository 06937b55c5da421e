"""`assay judge` sends no private value to a model where `assay.yaml` says what is redacted."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.test_command import assay, configure, one_line
from tests.e2e.test_judging import EVIDENCE, RIGHT, samples, write
from tests.servers.openai_server import OpenAIServer

CONFIG = """
defaults: {redact: [email]}
use_cases:
  - {name: open, redact: [{name: bridge, pattern: bridge}]}
  - {name: shut, judges_allowed: [local]}
"""
SECRET = "secret-mail@example.org"


def test_defaults_or_a_use_case_say_what_a_model_sees(tmp_path: Path) -> None:
    configure(tmp_path, CONFIG)
    write(tmp_path / "s.jsonl", samples(1, contexts=[f"{EVIDENCE} Ann: {SECRET}."], response=f"{RIGHT} Ask {SECRET}."))
    with OpenAIServer() as server:
        endpoint = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": server.url}
        sent = []
        for options in ((), ("--use-case", "open")):
            done = assay("judge", "s.jsonl", "--judge", "llm", *options, cwd=tmp_path, **endpoint)
            assert done.returncode == 0, done.stderr
            assert "assay: judges see placeholders instead of: " in done.stderr
            sent.append(json.dumps([request.body for request in server.requests]))
            server.requests.clear()
        assert "[EMAIL_1]" in sent[0]
        assert SECRET not in sent[0]
        assert "bridge" not in sent[1]
        assert SECRET in sent[1], "the use case has a list of its own"
        refused = assay("judge", "s.jsonl", "--judge", "llm", "--use-case", "shut", cwd=tmp_path, **endpoint)
        assert refused.returncode == 2
        assert "use_cases.shut.judges_allowed" in one_line(refused.stderr)
        assert not server.requests
    unknown = assay("judge", "s.jsonl", "--use-case", "opn", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "did you mean 'open'?" in one_line(unknown.stderr)
