"""deploy/: the files meet the schemas of those who run them, and their shell steps do what they promise."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
import yaml

from tests.integration.golden_home import Home, anchors, answers
from tests.servers.listening import ListeningServer
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / "deploy" / "github-actions" / "golden-gate.yml"
GITLAB = ROOT / "deploy" / "gitlab-ci" / "golden-gate.gitlab-ci.yml"
GH = ROOT / "tests" / "servers" / "gh_program.py"
NOT_RUN = ("Install", "Start the application")
MARKER = "<!-- assay-gate bot-v1 -->\n"


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (["vendor.github-workflows"], GITHUB),
        (["vendor.gitlab-ci", "--data-transform", "gitlab-ci"], GITLAB),
        (["vendor.compose-spec"], ROOT / "docker-compose.yml"),
    ],
)
def test_a_shipped_file_meets_the_schema_of_what_runs_it(schema: list[str], path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Result:
    """How a pipeline ended, and what it left."""

    code: int
    report: Path
    log: str

    @property
    def markdown(self) -> str:
        return (self.report / "gate.md").read_text()


class Pipeline:
    """A checkout with the team's set in it and a PATH on which `assay` is ours and `gh` writes down its calls."""

    def __init__(self, home: Home, tmp_path: Path) -> None:
        self.home, self.bin, self.tmp = home, tmp_path / "bin", tmp_path
        self.bin.mkdir()
        self._program("assay", f'exec {shlex.quote(sys.executable)} -m assay.worker.cli "$@"')
        self.comments = tmp_path / "comments.json"
        self.comments.write_text("[]")
        self._program("gh", f'exec {shlex.quote(sys.executable)} {GH} {shlex.quote(str(self.comments))} "$@"')

    def _program(self, name: str, body: str) -> None:
        (self.bin / name).write_text(f"#!/bin/bash\n{body}\n")
        (self.bin / name).chmod(0o755)

    def shell(self, script: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """A script as GitHub and GitLab run one: bash, ending at the first error."""
        path = os.environ["PATH"]  # noqa: TID251  # a child's PATH
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.home.path,
            env={"PATH": f"{self.bin}:{path}", "HOME": str(self.tmp), "PYTHONPATH": str(ROOT), **env},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def github(self, **over: str) -> Result:
        """The workflow's shell steps in order, with its outputs handed on; what is not shell is GitHub's."""
        workflow = yaml.safe_load(GITHUB.read_text())
        outputs, summary = self.tmp / "outputs", self.tmp / "summary"
        outputs.write_text("")
        summary.write_text("")
        code, log = 0, ""
        for step in workflow["jobs"]["gate"]["steps"]:
            if "run" not in step or step["name"] in NOT_RUN:
                continue
            if code and "always()" not in step.get("if", ""):
                continue
            told = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
            own = {name: _expression(value, told) for name, value in {**workflow["env"], **step.get("env", {})}.items()}
            places = {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(summary)}
            done = self.shell(step["run"], {**own, **places, **over})
            log += done.stdout + done.stderr
            code = code or (0 if step.get("continue-on-error") else done.returncode)
        report = self.home.path / "golden-report"
        assert summary.read_text() == (report / "gate.md").read_text()
        return Result(code, report, log)

    def gitlab(self, **over: str) -> Result:
        """The job's script."""
        job = yaml.safe_load(GITLAB.read_text())["golden-gate"]
        done = self.shell("\n".join(job["script"]), {**job["variables"], **over})
        allowed = job["allow_failure"]["exit_codes"]
        code = 0 if done.returncode in allowed else done.returncode
        return Result(code, self.home.path / "golden-report", done.stdout + done.stderr)


def _expression(value: str, outputs: dict[str, str]) -> str:
    """What GitHub puts in the place of an expression."""
    found = re.fullmatch(r"\$\{\{ steps\.gate\.outputs\.(\w+) \}\}", value)
    if value.startswith("${{ vars."):
        return ""  # as where nobody has set it
    return outputs.get(found[1], "") if found else re.sub(r"\$\{\{ .* \}\}", "given", value)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def pipeline(home: Home, tmp_path: Path) -> Pipeline:
    return Pipeline(home, tmp_path)


def recorded(home: Home, bad: int, **manifest: Any) -> None:
    """A set whose candidate has so many wrong answers."""
    releases = {"old": answers(2), "new": answers(bad)}
    home.write(releases, target={"kind": "recorded", "release": "new"}, **manifest)


RUNS = ["github", "gitlab"]


def go(pipeline: Pipeline, where: str, **over: str) -> Result:
    result: Result = getattr(pipeline, where)(GOLDEN_SET="bot-v1", **over)
    return result


@pytest.mark.parametrize("where", RUNS)
@pytest.mark.parametrize(("bad", "code", "word"), [(2, 0, "pass"), (20, 1, "regressed")])
def test_a_pipeline_ends_as_the_gate_does_and_leaves_every_report(
    home: Home, pipeline: Pipeline, where: str, bad: int, code: int, word: str
) -> None:
    recorded(home, bad)
    result = go(pipeline, where)
    assert result.code == code, result.log
    assert word in result.markdown.lower()
    assert json.loads((result.report / "gate.json").read_text())["exit_code"] == code
    assert ElementTree.parse(result.report / "gate.xml").getroot().tag in ("testsuite", "testsuites")
    assert (result.report / "gate.html").read_text().lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize("where", RUNS)
@pytest.mark.parametrize(("blocks", "code"), [("true", 3), ("false", 0)])
def test_an_inconclusive_gate_blocks_unless_told_not_to(
    home: Home, pipeline: Pipeline, where: str, blocks: str, code: int
) -> None:
    recorded(home, 2, labelled=anchors(right=False))
    result = go(pipeline, where, BLOCK_ON_INCONCLUSIVE=blocks)
    assert result.code == code, result.log
    assert "inconclusive" in result.markdown.lower()


@pytest.mark.parametrize("where", RUNS)
@pytest.mark.parametrize("blocks", ["true", "false"])
def test_an_input_error_blocks_in_any_case_and_the_comment_says_why(
    home: Home, pipeline: Pipeline, where: str, blocks: str
) -> None:
    recorded(home, 2)
    (home.set / "items.jsonl").write_text('{"id": "q0", "question": "changed?"}\n')
    result = go(pipeline, where, BLOCK_ON_INCONCLUSIVE=blocks)
    assert result.code == 2, result.log
    assert "did not run (exit 2)" in result.markdown
    assert "golden.lock" in result.markdown


def test_github_edits_its_own_comment_on_the_set_and_no_other(home: Home, pipeline: Pipeline) -> None:
    others = [
        {"id": 1, "user": {"type": "Bot"}, "body": "another workflow's"},
        {"id": 2, "user": {"type": "Bot"}, "body": "<!-- assay-gate bot-v2 -->\nthe gate of another set"},
        {"id": 3, "user": {"type": "User"}, "body": MARKER + "somebody who quotes it"},
        {"id": 4, "user": {"type": "Bot"}, "body": f"quotes it, too: {MARKER}"},
    ]
    pipeline.comments.write_text(json.dumps(others))
    recorded(home, 2)
    first = go(pipeline, "github")
    assert first.code == 0, first.log
    *before, mine = json.loads(pipeline.comments.read_text())
    assert before == others
    assert mine["body"] == MARKER + first.markdown
    recorded(home, 20)
    second = go(pipeline, "github")
    assert second.code == 1, second.log
    *before, edited = json.loads(pipeline.comments.read_text())
    assert (before, edited["id"]) == (others, mine["id"])
    assert edited["body"] == MARKER + second.markdown
    assert "regressed" in edited["body"].lower()


def test_a_comment_that_github_refuses_fails_nothing(home: Home, pipeline: Pipeline) -> None:
    recorded(home, 2)
    assert go(pipeline, "github", GH_EXIT="1").code == 0
    assert pipeline.comments.read_text() == "[]"


def test_the_judges_model_and_endpoint_reach_the_gate() -> None:
    """They are part of what the lock freezes: without them the gate of a set with another model ends in 2."""
    (gate,) = [step for step in yaml.safe_load(GITHUB.read_text())["jobs"]["gate"]["steps"] if step.get("id") == "gate"]
    assert gate["env"]["ASSAY_JUDGE_MODEL"] == "${{ vars.ASSAY_JUDGE_MODEL }}"
    assert gate["env"]["OPENAI_BASE_URL"] == "${{ vars.OPENAI_BASE_URL }}"


def test_the_application_of_the_pull_request_is_what_is_judged() -> None:
    steps = yaml.safe_load(GITHUB.read_text())["jobs"]["gate"]["steps"]
    names = [step.get("name") for step in steps]
    assert names.index("Install") < names.index("Start the application") < names.index("Gate")
    assert "localhost" in steps[names.index("Gate")]["env"]["SUPPORT_BOT_URL"]
    assert all("START THIS REVISION" in path.read_text() for path in (GITHUB, GITLAB))


def test_gitlab_names_no_stage_that_an_includer_may_not_have() -> None:
    assert "stage" not in yaml.safe_load(GITLAB.read_text())["golden-gate"]


def test_nothing_of_a_pull_request_is_pasted_into_a_shell() -> None:
    for step in yaml.safe_load(GITHUB.read_text())["jobs"]["gate"]["steps"]:
        assert "${{" not in step.get("run", "")


@pytest.fixture
def notes() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """GitLab's notes API: its address, and (path, token, body) of every call."""
    calls: list[tuple[str, str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            calls.append((self.path, self.headers["PRIVATE-TOKEN"], parse_qs(body)["body"][0]))
            self.send_response(201 if self.headers["PRIVATE-TOKEN"] == "good" else 403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Quiet."""

    server = ListeningServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api/v4", calls
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("token", ["good", "bad"])
def test_gitlab_comments_and_a_refused_comment_fails_nothing(
    home: Home, pipeline: Pipeline, notes: tuple[str, list[tuple[str, str, str]]], token: str
) -> None:
    recorded(home, 2)
    url, calls = notes
    given = {"CI_API_V4_URL": url, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "42", "GOLDEN_COMMENT_TOKEN": token}
    result = go(pipeline, "gitlab", **given)
    assert result.code == 0, result.log
    assert calls == [("/api/v4/projects/7/merge_requests/42/notes", token, result.markdown)]
    assert ("could not be posted" in result.log) == (token == "bad")
