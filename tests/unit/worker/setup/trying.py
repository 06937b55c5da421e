"""`assay doctor --judge`, run as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from tests.servers.openai_server import Body, OpenAIServer, Request, _Connection

RUBRIC = "name: r\njudge: {tiers: [llm], llm: {model: our-model, endpoint: in-house}}\n"
SENTENCES = "name: r\njudge: {tiers: [llm], llm: {model: our-model, endpoint: in-house, ask: sentences}}\n"
DECISION = "name: r\njudge: {tiers: [decision], decision: {model: jev, endpoint: in-house}}\n"

Checks = dict[str, dict[str, Any]]
"""The checks by their first word."""


def made_home(path: Path, rubric: str = RUBRIC) -> Path:
    """A config root with one rubric."""
    (path / "assay.yaml").write_text("use_cases: [{name: all, rubrics: [r]}]\n")
    (path / "rubrics").mkdir(exist_ok=True)
    (path / "rubrics" / "r.yaml").write_text(rubric)
    return path


def tried(home: Path, server: OpenAIServer, *options: str, **section: Any) -> tuple[int, Checks]:
    """The exit code and the checks, where the endpoint `in-house` is a server."""
    return tried_at(home, {"in-house": {"url": server.url} | section}, *options)


def tried_at(home: Path, endpoints: dict[str, Any], *options: str) -> tuple[int, Checks]:
    """The exit code and the checks, with these endpoints."""
    (home / "endpoints.yaml").write_text(yaml.safe_dump(endpoints))
    result = CliRunner().invoke(app, ["doctor", "--judge", "-c", str(home), "--json", *options])
    return result.exit_code, {check["name"].split(" ")[0]: check for check in json.loads(result.stdout)}


def posts(server: OpenAIServer) -> list[Request]:
    """What was asked of a model."""
    return [request for request in server.requests if request.path.endswith("/chat/completions")]


def is_window_prompt(request: Body) -> bool:
    """Whether a request is one of those that try the window."""
    return "How high stood the tide" in str(request["messages"])


class _Listing(_Connection):
    def do_GET(self) -> None:  # noqa: N802  # the base class names it so
        owner = self.server.owner
        assert isinstance(owner, ListingServer)
        owner.stopping.wait(owner.list_delay_s)
        is_there = self.path == owner.list_path
        body = json.dumps(owner.models if is_there else {"detail": "Not Found"}).encode()
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ListingServer(OpenAIServer):
    """A server that lists its models, too."""

    def __init__(self, models: Body, *, list_path: str = "/v1/models", list_delay_s: float = 0.0, **given: Any) -> None:
        super().__init__(**given)
        self.models, self.list_path, self.list_delay_s = models, list_path, list_delay_s
        self._http.RequestHandlerClass = _Listing
