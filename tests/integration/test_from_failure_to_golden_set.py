"""From a bad answer in production to an item of a golden set, and the same question asked again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.golden_home import EVIDENCE, GOOD, WRONG, Home, target
from tests.servers.chat_server import ChatServer
from tests.servers.openai_server import OpenAIServer, says

ASKED = "Who opened the bridge?"


def line(trace_id: str, question: str = ASKED, answer: str = WRONG, **root: Any) -> dict[str, Any]:
    start = datetime.now(UTC) - timedelta(hours=1)
    at, end = start.isoformat(), (start + timedelta(seconds=2)).isoformat()
    retriever = {"type": "retriever", "start": at, "output": [{"text": EVIDENCE}]}
    named = {"id": trace_id, "name": "bot", "environment": "production", "start": at, "end": end, **root}
    return {**named, "input": {"question": question}, "output": {"answer": answer}, "observations": [retriever]}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    lines = [line("t1", session_id="s1"), line("t2", answer=GOOD), line("t3", "When was it opened?"), line("t4", "?!")]
    traces = made.path / "traces.jsonl"
    traces.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    assert made.assay("import", str(traces)) == 0
    return made


def read(home: Home, name: str) -> list[dict[str, Any]]:
    path = home.set / name
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def test_traces_become_items_and_their_answers_wait_for_a_label(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    before = (home.set / "items.jsonl").read_text(encoding="utf-8")
    assert home.assay("golden", "add", "bot-v1", "t1", "t2", "t3") == 0
    assert "2 items, 0 anchors, 3 answers to label" in capsys.readouterr().out
    assert (home.set / "items.jsonl").read_text(encoding="utf-8").startswith(before)
    first, second = read(home, "items.jsonl")[-2:]
    assert first == {
        "id": "trace-t1",
        "expect": "answer",
        "question": ASKED,
        "contexts": [EVIDENCE],
        "tags": ["production", "bot"],
        "source_id": "s1",
    }
    assert second["id"] == "trace-t3"
    assert second["source_id"] == "t3"
    waiting = read(home, "anchors-to-label.jsonl")
    assert [(each["item"], each["response"], each["label"]) for each in waiting] == [
        ("trace-t1", WRONG, None),
        ("trace-t1", GOOD, None),
        ("trace-t3", WRONG, None),
    ]
    assert home.gate() == 2  # nobody froze it
    assert home.assay("golden", "freeze", "bot-v1", "--yes") == 0
    capsys.readouterr()
    assert home.assay("golden", "add", "bot-v1", "t1", "t2", "t3") == 0
    assert "0 items, 0 anchors, 0 answers to label" in capsys.readouterr().out
    assert home.assay("golden", "verify", "bot-v1") == 0  # nothing was touched


def test_answers_with_a_label_are_anchors_at_once(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    capsys.readouterr()
    assert home.assay("golden", "add", "bot-v1", "t1", "--label", "wrong", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["items"], report["anchors"], report["to_label"]) == (["trace-t1"], ["trace-t1-a1"], [])
    assert read(home, "anchors.jsonl")[-1] == {
        "id": "trace-t1-a1",
        "label": 1,
        "item": "trace-t1",
        "response": WRONG,
    }
    assert not read(home, "anchors-to-label.jsonl")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("bot-v1", "nowhere"), "trace 'nowhere': not in the store"),
        (("bot-v1", "t1", "nowhere"), "trace 'nowhere': not in the store"),
        (("bot-v1", "no-1", "t1", "no-2", "no-3"), "it has no root (nor are 2 others, as 'no-2'); check the id"),
        (("bot-v1", "t1", "--use-case", "bott"), "--use-case: 'bott' is not in assay.yaml; did you mean 'bot'"),
        (("bot-v1", "t1", "--label", "right", "--reviewed"), "leave one out"),
        (("bot-v1", "t1", "--reviewed"), "names a review_queue"),
        (("mtrag-v1", "t1"), "came with the package"),
        (("bot-v2", "t1"), "unknown golden set"),
    ],
)
def test_what_cannot_be_added_changes_nothing(
    home: Home, capsys: pytest.CaptureFixture[str], given: tuple[str, ...], words: str
) -> None:
    home.write()
    assert home.assay("golden", "add", *given) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert home.assay("golden", "verify", "bot-v1") == 0


def test_trace_without_evidence_is_told(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    traces = home.path / "bare.jsonl"
    traces.write_text(json.dumps({**line("bare", "Is it raining?"), "observations": []}) + "\n", encoding="utf-8")
    assert home.assay("import", str(traces)) == 0
    capsys.readouterr()
    assert home.assay("golden", "add", "bot-v1", "t1", "bare") == 0
    told = [each for each in capsys.readouterr().out.splitlines() if each.startswith("!")]
    assert len(told) == 1
    assert "trace-bare: its trace recorded no evidence" in told[0]


def test_record_that_cannot_be_read_keeps_only_older_traces_away(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write()
    (home.path / ".assay" / "history.db").write_bytes(b"no database" * 100)
    assert home.assay("golden", "add", "bot-v1", "t1") == 0
    capsys.readouterr()
    assert home.assay("golden", "add", "bot-v1", "nowhere") == 2
    assert "is not a SQLite database" in capsys.readouterr().err


def test_id_that_two_stores_have_is_asked_for_and_each_can_be_named(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write()
    both = "stores: [{name: chat, kind: sqlite}, {name: rag, kind: sqlite, path: rag.db}]\n"
    cases = "use_cases: [{name: bot}, {name: docs, store: rag}]\n"
    (home.path / "assay.yaml").write_text("store: {kind: sqlite, path: rag.db}\n" + cases.replace(", store: rag", ""))
    traces = home.path / "rag.jsonl"
    traces.write_text("".join(json.dumps(line(each, f"{each}?")) + "\n" for each in ("t1", "r1")), encoding="utf-8")
    assert home.assay("import", str(traces)) == 0
    (home.path / "assay.yaml").write_text(both + cases)
    capsys.readouterr()
    assert home.assay("golden", "add", "bot-v1", "t1") == 2
    assert "2 stores have one of that id; say chat~t1 or rag~t1" in capsys.readouterr().err
    assert home.assay("golden", "add", "bot-v1", "chat~t1", "rag~t1", "r1", "t2", "rag~r1") == 0
    items = read(home, "items.jsonl")[-3:]
    assert [(each["question"], each["tags"][1]) for each in items] == [(ASKED, "bot"), ("t1?", "docs"), ("r1?", "docs")]


def test_dry_run_writes_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    assert home.assay("golden", "add", "bot-v1", "t1", "--dry-run") == 0
    assert "would be added: 1 items" in capsys.readouterr().out
    assert home.assay("golden", "verify", "bot-v1") == 0


# The same question asked again.


def replayed(home: Home, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    code = home.assay("replay", *args, "--json")
    out = capsys.readouterr().out
    return code, json.loads(out)["traces"] if out else []


def test_old_and_new_answer_are_judged_side_by_side(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with ChatServer({ASKED: {"response": GOOD, "contexts": [EVIDENCE]}}) as server:
        home.write(target=target(server))
        code, traces = replayed(home, capsys, "t1", "t2", "--target", "bot-v1")
        assert code == 0
        assert [each["change"] for each in traces] == ["mended", "still fine"]
        assert traces[0]["old"]["response"] == WRONG
        assert traces[0]["new"]["response"] == GOOD
        assert traces[0]["old"]["sentence"] == WRONG
        assert home.assay("replay", "t1", "--target", "bot-v1") == 0
    shown = capsys.readouterr().out
    assert "1 of 1 flagged answers mended" in shown


def test_answer_that_does_not_come_is_told_and_costs_no_other(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with ChatServer({ASKED: {"response": WRONG, "contexts": [EVIDENCE]}}) as server:
        home.write(target={**target(server), "retries": 0})
        code, traces = replayed(home, capsys, "t1", "t3", "--target", "bot-v1")
    assert code == 3
    assert [each["change"] for each in traces] == ["still flagged", "unknown"]
    assert traces[1]["new"]["state"].startswith("no answer: ")


def test_another_model_and_prompt_are_asked(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    prompt = tmp_path / "older.md"
    prompt.write_text("Answer from the evidence.\n{contexts}\n{question}", encoding="utf-8")
    (home.path / "golden_sets" / "bot-v1").mkdir(parents=True, exist_ok=True)
    (home.set / "prompt.md").write_text("{question}", encoding="utf-8")
    with OpenAIServer(default=says(GOOD)) as server:
        home.write(target={"kind": "model", "model": "new", "prompt": "prompt.md", "base_url": server.url})
        code, traces = replayed(
            *(home, capsys, "t1", "--target", "bot-v1"), *("--model", "old", "--prompt", str(prompt))
        )
        assert (code, traces[0]["change"]) == (0, "mended"), traces[0]["new"]
        (request,) = server.requests
    assert request.body["model"] == "old"
    assert EVIDENCE in request.body["messages"][-1]["content"]


def test_recorded_target_answers_no_new_question(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    assert home.assay("replay", "t1", "--target", "bot-v1") == 2
    assert "is recorded, which answers no new question" in " ".join(capsys.readouterr().err.split())


def test_private_values_reach_neither_the_set_nor_a_model(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """The application itself gets what it had before. A model at somebody else's place does not."""
    (home.path / "assay.yaml").write_text("use_cases: [{name: bot, redact: [email]}]\n", encoding="utf-8")
    address = "ada.byron@example.com"
    asked = f"Who opened the bridge? Write to {address}."
    traces = home.path / "private.jsonl"
    traces.write_text(json.dumps(line("t9", asked, f"The mayor, {address}.")) + "\n", encoding="utf-8")
    assert home.assay("import", str(traces)) == 0
    (home.path / "golden_sets" / "bot-v1").mkdir(parents=True, exist_ok=True)
    (home.set / "prompt.md").write_text("{question}", encoding="utf-8")
    with OpenAIServer(default=says(GOOD)) as server:
        home.write(target={"kind": "model", "model": "m", "prompt": "prompt.md", "base_url": server.url})
        assert home.assay("golden", "add", "bot-v1", "t9") == 0
        code, (seen,) = replayed(home, capsys, "t9", "--target", "bot-v1")
        assert code == 0
        sent = json.dumps([request.body for request in server.requests])
    written = "".join(path.read_text(encoding="utf-8") for path in home.set.glob("*.jsonl"))
    assert "Write to [EMAIL" in written
    assert address not in written + sent + json.dumps(seen)
    with ChatServer({asked: {"response": GOOD, "contexts": [EVIDENCE]}}) as chat:
        home.write(target=target(chat))
        code, (seen,) = replayed(home, capsys, "t9", "--target", "bot-v1")
    assert (code, seen["new"]["response"]) == (0, GOOD)
    assert address not in json.dumps(seen)


def test_label_given_later_makes_an_anchor_of_what_waited(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.write()
    assert home.assay("golden", "add", "bot-v1", "t1", "t2") == 0
    assert home.assay("golden", "add", "bot-v1", "t1", "--label", "wrong") == 0
    assert [each["item"] for each in read(home, "anchors-to-label.jsonl")] == ["trace-t1"]
    assert read(home, "anchors.jsonl")[-1] == {"id": "trace-t1-a1", "label": 1, "item": "trace-t1", "response": WRONG}
    capsys.readouterr()
    assert home.assay("golden", "add", "bot-v1", "t1", "--label", "right") == 0
    assert "trace t1: anchor trace-t1-a1 says the opposite" in capsys.readouterr().out
    assert read(home, "anchors.jsonl")[-1]["label"] == 1


def test_what_freezing_takes_for_one_question_is_one_item(home: Home) -> None:
    traces = home.path / "more.jsonl"
    lines = [line("t11", "Who closed it?", GOOD), line("t12", "Who  closed it? ", GOOD)]
    traces.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    home.write()
    assert home.assay("import", str(traces)) == 0
    assert home.assay("golden", "add", "bot-v1", "t11", "t12", "--label", "right") == 0
    assert home.assay("golden", "freeze", "bot-v1", "--yes") == 0
    assert [each["id"] for each in read(home, "items.jsonl") if each["id"].startswith("trace")] == ["trace-t11"]
