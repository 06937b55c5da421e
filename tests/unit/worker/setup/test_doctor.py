"""`assay doctor` and `assay rubrics preview --trace`, run as a person runs them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.launch.broker import Broker
from assay.worker.ports.health import Check, exit_code
from tests.servers.langfuse import HOBBY, Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import use


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    (tmp_path / "assay.yaml").write_text("store: {kind: langfuse, plan: self-hosted}\nuse_cases: [{name: all}]\n")
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        use(running, monkeypatch)
        running.project.add_synthetic(60, start_ms=int(time.time() * 1000) - 3_000_000, span_ms=2_000_000, plain=True)
        yield running


def doctor(home: Path, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    result = CliRunner().invoke(app, ["doctor", "-c", str(home), "--json", *options])
    return result.exit_code, {check["name"]: check for check in json.loads(result.stdout)}


def test_doctor_finds_nothing_wrong_where_nothing_is(home: Path, server: LangfuseServer) -> None:
    code, checks = doctor(home)
    assert code == 0
    assert {check["status"] for check in checks.values() if not check["group"]} == {"ok"}
    assert "4.16.0" in checks["langfuse"]["message"]
    assert "production" in checks["environments"]["message"]
    assert "root.input" in checks["question (all, grounding)"]["message"]
    assert "retriever.output" in checks["evidence (all, grounding)"]["message"]
    assert "readable" in checks["test score"]["message"]


def test_doctor_deletes_its_test_score_and_writes_none_if_told_so(home: Path, server: LangfuseServer) -> None:
    assert doctor(home, "--no-write")[0] == 0
    assert not [one for one in server.requests.entries if one.method == "POST"]
    assert doctor(home)[0] == 0
    server.project.scores.settle(int(time.time() * 1000) + 60_000)
    assert list(server.project.scores.rows()) == []


def test_doctor_says_what_to_do_about_a_wrong_key(
    home: Path, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(server, monkeypatch, LANGFUSE_SECRET_KEY="wrong")
    code, checks = doctor(home)
    assert code == 2
    assert "LANGFUSE_SECRET_KEY" in checks["langfuse key"]["remedy"]


def test_doctor_fails_as_a_backend_does_when_nothing_listens(
    home: Path, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(server, monkeypatch, LANGFUSE_BASE_URL="http://127.0.0.1:9")
    code, checks = doctor(home)
    assert (code, checks["langfuse"]["status"]) == (3, "fail")


def test_doctor_warns_of_a_server_in_migration_and_of_an_empty_project(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LangfuseServer(LangfuseSettings(generation="dual")) as server:
        use(server, monkeypatch)
        code, checks = doctor(home, "--no-write")
    assert code == 0
    assert "late_seconds" in checks["generation"]["remedy"]
    assert checks["environments"]["status"] == "warn"


def test_doctor_fails_when_scores_cannot_be_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LangfuseServer(faults=Faults(0, [Fault("status", 1.0, on="POST", status=403)])) as server:
        use(server, monkeypatch)
        code, checks = doctor(home)
    assert (code, checks["test score"]["status"]) == (3, "fail")


def test_doctor_does_not_blame_the_key_for_a_server_that_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LangfuseServer(faults=Faults(0, [Fault("status", 1.0, on="GET /api/public/projects", status=503)])) as server:
        use(server, monkeypatch)
        code, checks = doctor(home, "--no-write")
    rights = checks["key rights"]
    assert (code, rights["status"], rights["is_configuration"]) == (3, "fail", False)
    assert "key" not in rights["remedy"]


def test_doctor_does_not_blame_the_key_for_a_budget_that_is_used_up(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Fault("status", 1.0, on="GET /api/public/projects", status=429, retry_after_s=900)
    with LangfuseServer(faults=Faults(0, [busy])) as server:
        use(server, monkeypatch)
        code, checks = doctor(home)
        assert server.requests.statuses("deletes") == {202: 1}, "the score could not be seen, and goes all the same"
    assert (checks["key rights"]["status"], checks["test score"]["status"]) == ("warn", "warn")
    assert "store.plan" in checks["key rights"]["remedy"]
    assert {check["name"] for check in checks.values() if check["is_configuration"]} == set()
    assert checks["recent traces"]["status"] == "warn"
    assert code == 0


@pytest.mark.parametrize("answer", [{"status": 429, "retry_after_s": 30_000}, {"status": 500}])
def test_doctor_does_not_call_a_score_failed_that_it_could_not_delete(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, int]
) -> None:
    refused = Fault("status", 1.0, on="DELETE", status=answer["status"], retry_after_s=answer.get("retry_after_s", 1))
    with LangfuseServer(faults=Faults(0, [refused])) as server:
        use(server, monkeypatch)
        code, checks = doctor(home)
    found = checks["test score"]
    assert (code, found["status"]) == (0, "warn")
    assert "readable" in found["message"]
    assert "by hand" in found["remedy"]


def test_doctor_deletes_its_test_score_though_it_never_saw_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.worker.stores.langfuse.score_probe.VISIBLE_AFTER", timedelta(seconds=0.2))
    monkeypatch.setattr("assay.worker.stores.langfuse.score_probe.POLL_S", 0.1)
    with LangfuseServer(LangfuseSettings(score_lag_s=300)) as server:
        use(server, monkeypatch)
        code, checks = doctor(home)
        deleted = server.requests.counts()
    assert (code, checks["test score"]["status"]) == (3, "fail")
    assert "not readable" in checks["test score"]["message"]
    assert sum(count for asked, count in deleted.items() if asked.startswith("DELETE /api/public/scores/")) == 1


def test_doctor_works_where_days_are_counted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smallest plan with its quota of deletes used up: a warning about the score that stays, and nothing else."""
    with LangfuseServer(LangfuseSettings(per_minute={**HOBBY, "deletes": 1})) as server:
        use(server, monkeypatch)
        code, checks = doctor(home)
    assert code == 0
    assert checks["test score"]["status"] == "warn"
    assert checks["key rights"]["status"] == "ok"


def test_doctor_examines_the_embedded_store_too(home: Path) -> None:
    (home / "assay.yaml").write_text("use_cases: [{name: all}]\n")
    code, checks = doctor(home)
    assert code == 0
    assert "embedded" in checks["store"]["message"]
    assert "assay import" in checks["store"]["remedy"]


@pytest.mark.parametrize(
    ("statuses", "code"), [([], 0), (["ok", "warn"], 0), (["fail"], 3), (["fail", "fail!"], 2), (["warn"], 0)]
)
def test_exit_code_is_that_of_the_worst(statuses: list[str], code: int) -> None:
    checks = [
        Check.model_validate(
            {"name": "x", "status": one.rstrip("!"), "message": "", "is_configuration": one.endswith("!")}
        )
        for one in statuses
    ]
    assert exit_code(checks) == code


def test_missing_keys_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk")
    result = CliRunner().invoke(app, ["doctor", "-c", str(home)])
    assert "LANGFUSE_SECRET_KEY" in str(result.exception)
    assert "LANGFUSE_PUBLIC_KEY" not in str(result.exception)


def test_preview_shows_what_a_judge_would_see_and_where_it_was(home: Path, server: LangfuseServer) -> None:
    trace_id = "c" * 32
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    common: dict[str, Any] = {"traceId": trace_id, "startTime": now, "environment": "production"}
    server.project.add_observation(
        **common, id="a" * 16, type="SPAN", name="chat", isRootObservation=True, input="why?", output="because"
    )
    server.project.add_observation(
        **common, id="b" * 16, type="RETRIEVER", name="kb", parentObservationId="a" * 16, isRootObservation=False,
        output='[{"text": "a passage"}]',
    )  # fmt: skip
    result = CliRunner().invoke(app, ["rubrics", "preview", "grounding", "--trace", trace_id, "-c", str(home)])
    assert result.exit_code == 0, result.output
    assert "root.input" in result.stdout
    assert "retriever 'kb' (bbbbbbbb).output[0].text" in result.stdout
    command = ["rubrics", "preview", "grounding", "--trace", trace_id, "-c", str(home), "--json"]
    as_json = CliRunner().invoke(app, command)
    assert json.loads(as_json.stdout)["extraction"]["response"] == {"text": "because", "source": "root.output"}


def test_preview_and_why_say_that_they_show_what_judges_do_not_see(home: Path, server: LangfuseServer) -> None:
    config = home / "assay.yaml"
    config.write_text(config.read_text().replace("name: all", "name: all, redact: [email]"))
    trace_id = "e" * 32
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    server.project.add_observation(
        traceId=trace_id, startTime=now, environment="production", id="a" * 16, type="SPAN", name="chat",
        isRootObservation=True, input="Where?", output="Ask ann@example.org.",
    )  # fmt: skip
    preview = CliRunner().invoke(app, ["rubrics", "preview", "grounding", "--trace", trace_id, "-c", str(home)])
    assert "the trace's own texts are shown as the store has them" in preview.stderr
    as_store_has_it, as_judged = preview.stdout.split("sentences of the response")
    assert "ann@example.org" in as_store_has_it
    assert "R1: Ask [EMAIL_1]." in as_judged
    assert "ann@example.org" not in as_judged
    why = CliRunner().invoke(app, ["why", trace_id, "-c", str(home)])
    assert "the trace's own words are shown as the store has them" in why.stderr


def test_preview_of_an_unknown_trace_says_so(home: Path, server: LangfuseServer) -> None:
    result = CliRunner().invoke(app, ["rubrics", "preview", "grounding", "--trace", "d" * 32, "-c", str(home)])
    assert "no root" in str(result.exception)
