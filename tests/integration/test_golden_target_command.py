"""Live targets as a person runs them: secrets, recorded releases, prompts, functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.golden_home import EVIDENCE, GOOD, ITEMS, WRONG, Home, N, answers, chat, target
from tests.servers.openai_server import OpenAIServer, says

SECRET = "tok-5ecret-5ecret"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def everything_written(home: Home) -> str:
    return "".join(path.read_text() for path in home.path.rglob("*") if path.is_file())


def with_token(spec: dict[str, Any]) -> dict[str, Any]:
    return spec | {"headers": {"Authorization": {"env": "SUPPORT_BOT_TOKEN", "prefix": "Bearer "}}}


def test_a_header_takes_its_secret_from_the_environment_and_nothing_keeps_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUPPORT_BOT_TOKEN", SECRET + "\n")
    with chat() as server:
        home.write(target=with_token(target(server)))
        frozen = (home.set / "golden.lock").read_text()
        assert home.assay("golden", "run", "bot-v1", "--out", str(home.path / "run.json")) == 0
        assert home.assay("gate", "bot-v1", "--json") == 0
    assert {request["authorization"] for request in server.headers} == {f"Bearer {SECRET}"}
    printed = capsys.readouterr()
    assert SECRET not in everything_written(home) + printed.out + printed.err
    monkeypatch.setenv("SUPPORT_BOT_TOKEN", "another")
    assert home.assay("golden", "verify", "bot-v1") == 0
    assert (home.set / "golden.lock").read_text() == frozen


@pytest.mark.parametrize("value", [None, "", "a\x1bb"])
def test_a_secret_that_is_not_there_or_cannot_be_sent_is_2_and_not_shown(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("SUPPORT_BOT_TOKEN", value)
    with chat() as server:
        home.write(target=with_token(target(server)))
        assert home.assay("golden", "run", "bot-v1") == 2
    assert server.requests == []
    err = capsys.readouterr().err
    assert "target.headers.Authorization: ${SUPPORT_BOT_TOKEN}" in err
    assert "\x1b" not in err


def test_what_was_sent_and_received_is_kept_beside_the_run(home: Home) -> None:
    with chat(down=1) as server:
        home.write(target=target(server))
        assert home.assay("golden", "run", "bot-v1") == 3
    (run,) = home.runs()
    kept = [json.loads(line) for line in (run / "exchanges.jsonl").read_text().splitlines()]
    assert len(kept) == N
    by_item = {one["item"]: one for one in kept}
    assert by_item["q0"]["sent"] == {"message": ITEMS[0]["question"]}
    assert GOOD in by_item["q0"]["received"]
    assert by_item[f"q{N - 1}"]["failure"] == "http_status: the target answered 404"


def test_a_live_run_can_be_recorded_and_judged_again_without_asking_anybody(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat() as server:
        home.write(target=target(server))
        assert home.assay("golden", "run", "bot-v1", "--record", "v2", "--repeats", "2") == 0
    lines = [json.loads(line) for line in (home.set / "releases" / "v2.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == [one["id"] for one in ITEMS]
    assert lines[0]["response"] == GOOD
    assert lines[0]["contexts"] == [EVIDENCE]
    assert lines[0]["latency_s"] > 0
    assert home.assay("gate", "bot-v1", "--candidate", "v2") == 0
    assert home.assay("golden", "run", "bot-v1", "--release", "v2", "--record", "v2") == 2
    assert "there is such a release" in capsys.readouterr().err
    assert home.assay("golden", "run", "bot-v1", "--release", "v2", "--record", "../v2") == 2


def test_a_run_with_gaps_is_not_recorded(home: Home) -> None:
    with chat(down=1) as server:
        home.write(target=target(server))
        assert home.assay("golden", "run", "bot-v1", "--record", "v2") == 2
    assert not (home.set / "releases" / "v2.jsonl").exists()
    assert home.runs()[0].joinpath("run.json").exists(), "what was paid for is kept all the same"


def test_a_changed_prompt_is_said_and_tried_and_is_no_error(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.set.mkdir(parents=True)
    prompt = home.set / "answer.md"
    prompt.write_text("Answer from:\n{contexts}")
    with OpenAIServer(default=says(GOOD)) as server:
        home.write(target={"kind": "model", "model": "m-1", "prompt": "answer.md", "base_url": server.url})
        assert "prompt answer.md" in (home.set / "golden.lock").read_text()
        assert home.assay("gate", "bot-v1") == 0
        assert "since it was frozen" not in capsys.readouterr().err
        prompt.write_text("Answer from:\n{contexts}\nBe brief.")
        assert home.assay("gate", "bot-v1") == 0
        assert "since it was frozen: prompt answer.md" in " ".join(capsys.readouterr().err.split())
        assert home.assay("golden", "freeze", "bot-v1", "--yes") == 0
        assert home.assay("gate", "bot-v1") == 0
        assert "since it was frozen" not in capsys.readouterr().err
    assert server.requests[-1].body["messages"][0]["content"].endswith("Be brief.")


def test_a_model_without_key_or_address_is_2(home: Home) -> None:
    home.set.mkdir(parents=True)
    (home.set / "p.md").write_text("x")
    home.write(target={"kind": "model", "model": "m-1", "prompt": "p.md"})
    assert home.assay("gate", "bot-v1") == 2


def test_a_function_of_the_team_is_gated(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.path / "team_app_of_this_test.py").write_text(
        f"async def answer(question, history):\n    return {{'response': {GOOD!r}, 'contexts': [{EVIDENCE!r}]}}\n"
        f"def worse(question, history):\n    return {{'response': {WRONG!r}, 'contexts': [{EVIDENCE!r}]}}\n"
    )
    monkeypatch.chdir(home.path)
    for function, code in (("answer", 0), ("worse", 1)):
        home.write({"old": answers(2)}, target={"kind": "python", "call": f"team_app_of_this_test:{function}"})
        assert home.assay("gate", "bot-v1") == code
    home.write({"old": answers(2)}, target={"kind": "python", "call": "team_app_of_this_test:gone"})
    assert home.assay("gate", "bot-v1") == 2
