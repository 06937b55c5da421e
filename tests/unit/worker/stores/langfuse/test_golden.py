"""Golden sets as datasets and runs as experiments: what is sent is read back, and what is not there is said."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assay.worker.cli.commands import app
from assay.worker.golden.sets.dataset import dataset_of, golden_item
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.ports import waiting
from assay.worker.stores.langfuse import experiments
from assay.worker.stores.langfuse.datasets import item_id
from assay.worker.stores.langfuse.experiments import experiment_id
from tests.integration import golden_home
from tests.integration.golden_home import Home, answers
from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings, datasets
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.experiments import list_experiments, list_items
from tests.servers.langfuse.faults import slow_datasets
from tests.servers.langfuse.recordings import answered
from tests.servers.langfuse.tables import FOREVER
from tests.unit.worker.golden.golden_sets import rubric_named
from tests.unit.worker.stores.langfuse.making import store_on, use, using

N = 60


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        use(running, monkeypatch)
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(experiments, "POLL_S", 0.05)
    made = Home(tmp_path)
    (tmp_path / "assay.yaml").write_text("store: {kind: langfuse, plan: self-hosted}\nuse_cases: [{name: bot}]\n")
    return made


def assay(home: Home, *args: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*args, "-c", str(home.path)])
    said = result.output + (f"\n{result.exception}" if result.exception else "")
    return (result.exit_code, said)


def listed(server: LangfuseServer) -> dict[str, dict[str, Any]]:
    return {item["id"]: item for item in server.project.datasets.items()}


def scores(server: LangfuseServer) -> list[Any]:
    server.project.scores.settle(int(time.time() * 1000) + 10**9)
    return list(server.project.scores.rows())


def pulled(server: LangfuseServer, dataset: str) -> list[GoldenItem]:
    items = using(store_on(server), lambda store: store.datasets.pull(dataset, None))
    return [golden_item(item, dataset=dataset) for item in items]


def add_item(server: LangfuseServer, dataset: str, **body: Any) -> None:
    raw = json.dumps({"datasetName": dataset, **body}).encode()
    if dataset not in server.project.datasets.by_name:
        datasets.create(server.project, Call("POST", "", raw=json.dumps({"name": dataset}).encode()))
    datasets.put_item(server.project, Call("POST", "", raw=raw))


# --- datasets


def test_push_makes_the_dataset_equal_to_the_set_and_sends_only_what_changed(
    home: Home, server: LangfuseServer
) -> None:
    home.write()
    code, said = assay(home, "golden", "push", "bot-v1")
    assert code == 0, said
    assert f"{N} items, {N} sent, 0 archived, {N} read back" in said
    add_item(server, "bot-v1", id="by-hand", input="mine")
    assert f"{N} items, 0 sent, 0 archived, {N} read back" in assay(home, "golden", "push", "bot-v1")[1]
    path = home.set / "items.jsonl"
    lines = path.read_text().splitlines()
    changed = {**json.loads(lines[0]), "question": "When exactly?"}
    path.write_text("\n".join([json.dumps(changed), *lines[1:-1]]) + "\n")
    for release in (home.set / "releases").glob("*.jsonl"):
        release.write_text("\n".join(release.read_text().splitlines()[:-1]) + "\n")
    assert assay(home, "golden", "freeze", "bot-v1", "--yes")[0] == 0
    assert "59 items, 1 sent, 1 archived, 59 read back" in assay(home, "golden", "push", "bot-v1")[1]
    assert len(listed(server)) == 60
    assert "by-hand" in listed(server)


def test_push_of_a_set_that_is_not_as_frozen_is_refused(home: Home, server: LangfuseServer) -> None:
    home.write()
    (home.set / "items.jsonl").write_text('{"id": "q0", "question": "other"}\n')
    assert assay(home, "golden", "push", "bot-v1")[0] != 0
    assert listed(server) == {}


def test_what_the_server_takes_out_of_every_text_is_no_difference(
    home: Home, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three items of the shipped set hold such characters: each push sent them anew, and ended in 3."""
    odd = [{**item, "question": f"Clerkâ\x80\x99s desk\x1b {item['id']}?\n\tWhere?"} for item in golden_home.ITEMS]
    monkeypatch.setattr(golden_home, "ITEMS", odd)
    home.write()
    code, said = assay(home, "golden", "push", "bot-v1")
    assert (code, f"{N} sent, 0 archived, {N} read back" in said) == (0, True), said
    assert listed(server)[item_id("bot-v1", "q1")]["input"]["question"] == "Clerkâs desk q1?\n\tWhere?"
    assert f"{N} items, 0 sent, 0 archived, {N} read back" in assay(home, "golden", "push", "bot-v1")[1]
    versions = server.project.datasets.versions
    assert {len(held) for held in versions.values()} == {1}


def test_shipped_set_is_pushed_whole_and_a_second_push_sends_nothing(server: LangfuseServer, tmp_path: Path) -> None:
    (tmp_path / "assay.yaml").write_text("store: {kind: langfuse, plan: self-hosted}\nuse_cases: [{name: bot}]\n")
    for sent in (88, 0):
        result = CliRunner().invoke(app, ["golden", "push", "mtrag-v1", "-c", str(tmp_path)])
        assert result.exit_code == 0, result.output
        assert f"88 items, {sent} sent, 0 archived, 88 read back" in result.output


def test_an_item_that_is_there_but_differs_is_not_called_missing(
    home: Home, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write()

    def cut(value: Any) -> Any:
        has_question = isinstance(value, dict) and "question" in value
        return {**value, "question": value["question"][:5]} if has_question else value

    monkeypatch.setattr(datasets, "cleaned", cut)
    code, said = assay(home, "golden", "push", "bot-v1")
    assert code == 3
    assert "there, but not as sent: q" in said
    assert "and 50 more" in said
    assert "not there" not in said


@pytest.mark.parametrize(
    "on", [r"POST /api/public/v2/datasets$", r"GET /api/public/dataset-items$", r"POST /api/public/dataset-items$"]
)
def test_push_outlasts_a_server_that_answers_late_or_fails(
    home: Home, monkeypatch: pytest.MonkeyPatch, on: str
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_PAUSE_S", 0.01)
    home.write()
    faults = Faults(rules=[Fault("timeout", 1.0, on=on, most=2), Fault("status", 1.0, on=on, status=503, most=4)])
    with LangfuseServer(faults=faults) as server:
        store = store_on(server, client={"timeout_s": 0.5})
        golden = read_golden_set(home.set, rubric_named)
        report = using(store, lambda store: store.datasets.push(dataset_of(golden)))
    assert (report.read_back, report.missing, report.differing) == (N, (), ())
    assert faults.struck == {0: 2, 1: 4}


def test_push_sends_each_item_once_though_a_third_of_the_answers_never_comes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LONGEST_PAUSE_S", 0.01)
    home.write()
    with LangfuseServer(faults=slow_datasets(0.3, hang_s=1.0)) as server:
        store = store_on(server, client={"timeout_s": 0.3})
        golden = read_golden_set(home.set, rubric_named)
        report = using(store, lambda store: store.datasets.push(dataset_of(golden)))
        assert sum(server.project.faults.struck.values()) > 5, "nothing went wrong, so nothing was shown"
    assert (report.read_back, report.missing, report.differing) == (N, (), ())
    assert len(listed(server)) == N


def test_a_push_that_gives_up_says_what_to_do(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LONGEST_PAUSE_S", 0.01)
    monkeypatch.setattr(waiting, "PATIENCE_S", 0.2)
    home.write()
    faults = Faults(rules=[Fault("status", 1.0, on=r"dataset-items$", status=500)])
    with LangfuseServer(faults=faults) as server:
        use(server, monkeypatch)
        code, said = assay(home, "golden", "push", "bot-v1")
    assert code != 0
    assert re.search(r"Asked \d+ times in \d+ s\. See why the store is slow, then run the same command again", said)


@pytest.mark.parametrize(("key", "status"), [("sk-wrong", 401), (None, None)])
def test_what_will_not_pass_is_not_waited_for(
    home: Home, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch, key: str | None, status: int | None
) -> None:
    home.write()
    use(server, monkeypatch, **({"LANGFUSE_SECRET_KEY": key} if key else {"LANGFUSE_BASE_URL": "http://127.0.0.1:9"}))
    started = time.monotonic()
    code, said = assay(home, "golden", "push", "bot-v1")
    assert code != 0
    assert "check LANGFUSE" in said
    assert str(status or "ConnectError") in said
    assert time.monotonic() - started < 60


def test_items_of_an_experiment_are_linked_to_the_definitions_of_their_scores(
    home: Home, server: LangfuseServer
) -> None:
    home.write()
    assert assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "auto")[0] == 0
    configs = {config["id"]: config["name"] for config in server.project.configs.by_id.values()}
    rows = [row for row in scores(server) if row.subject["kind"] == "observation" and row.name != "golden_status"]
    assert rows
    assert {(row.name, configs[row.config_id]) for row in rows} == {(row.name, row.name) for row in rows}


def test_pushed_set_comes_back_as_it_was(home: Home, server: LangfuseServer) -> None:
    home.write()
    assay(home, "golden", "push", "bot-v1")
    golden = read_golden_set(home.set, rubric_named)
    found = pulled(server, "bot-v1")
    assert {item.id: item for item in found} == {item.id: item for item in golden.items}


def test_freeze_takes_a_dataset_as_it_stood_at_a_time(home: Home, server: LangfuseServer) -> None:
    for n in range(3):
        add_item(server, "legal/qa", id=f"d{n}", input={"question": f"How long, case {n}?"}, expectedOutput="30 days")
    time.sleep(0.01)
    then = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{int(time.time() * 1000) % 1000:03d}Z"
    time.sleep(0.01)
    add_item(server, "legal/qa", id="d1", input={"question": "Changed since"})
    add_item(server, "legal/qa", id="d9", input={"question": "New since"})
    add_item(server, "legal/qa", id="d2", status="ARCHIVED")
    code, said = assay(home, "golden", "freeze", "legal-v1", "--from-langfuse", "legal/qa", "--version", then, "--yes")
    directory = home.path / "golden_sets" / "legal-v1"
    golden = read_golden_set(directory, rubric_named)
    assert [item.question for item in golden.items] == [f"How long, case {n}?" for n in range(3)], said
    assert {item.reference for item in golden.items} == {"30 days"}
    assert "legal/qa" in golden.manifest.labels.source
    assert (code == 0) == (directory / "golden.lock").exists()
    assay(home, "golden", "freeze", "legal-v1", "--from-langfuse", "legal/qa", "--yes")
    assert {item.id for item in read_golden_set(directory, rubric_named).items} == {"d0", "d1", "d9"}


def test_items_of_other_shapes_are_understood(server: LangfuseServer) -> None:
    messages = [
        {"role": "system", "content": "be kind"}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "When?"},
    ]  # fmt: skip
    add_item(server, "d", id="text", input="When was it?", expectedOutput={"answer": "1932"})
    add_item(server, "d", id="messages", input={"messages": messages}, metadata={"tags": ["x", 1]})
    add_item(server, "d", id="rag", input={"query": "When?", "contexts": [{"text": "In 1932."}]})
    found = {i.id: i for i in pulled(server, "d")}
    assert (found["text"].question, found["text"].reference) == ("When was it?", "1932")
    assert [turn.content for turn in found["messages"].history] == ["Hi", "Hello"]
    assert (found["messages"].question, found["messages"].tags) == ("When?", ("x",))
    assert found["rag"].contexts == ("In 1932.",)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--from-langfuse", "nope"), "dataset 'nope': there is none"),
        (("--version", "2026-11-21"), "--from-langfuse"),
        (("--from-langfuse", "d", "--version", "yesterday"), "2026-11-21T18:00:00Z"),
        (("--from-langfuse", "d", "--version", "2020-01-01"), "no active item"),
        (("--from-langfuse", "d"), "item 'x': input holds no question"),
    ],
)
def test_freeze_says_what_is_wrong_with_a_dataset(
    home: Home, server: LangfuseServer, options: tuple[str, ...], expected: str
) -> None:
    add_item(server, "d", id="x", input={"a": 1, "b": [2]})
    assert expected in assay(home, "golden", "freeze", "new-v1", *options)[1]
    assert not (home.path / "golden_sets" / "new-v1").exists()


def test_freeze_of_a_dataset_that_is_refused_says_what_to_do_next(home: Home, server: LangfuseServer) -> None:
    for n in range(3):
        add_item(server, "legal", id=f"d{n}", input={"question": f"How long, case {n}?"})
    code, said = assay(home, "golden", "freeze", "legal-v1", "--from-langfuse", "legal", "--yes")
    assert code == 2, said
    last = " ".join(said.split("not frozen;")[1].split())
    assert "Next: complete" in last
    assert "run `assay golden freeze legal-v1`" in last
    assert "need not be fetched again" in last


def test_ids_of_items_fit_the_project() -> None:
    assert item_id("bot", "q1") == "bot:q1"
    assert len(item_id("bot", "q" * 400)) <= 255
    assert item_id("bot", "q" * 400) != item_id("bot", "q" * 401)


# --- experiments


def test_run_is_shown_as_an_experiment_with_everything_in_it(home: Home, server: LangfuseServer) -> None:
    home.write({"old": answers(2), "new": answers(6)})
    code, said = assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "nightly")
    assert code == 0, said
    assert f"{N} of {N} items" in said
    rows = scores(server)
    on_run = {row.name: row.value for row in rows if row.subject["kind"] == "experiment"}
    assert on_run == {"completed_share": 1.0, "pass_rate": pytest.approx(0.9)}
    statuses = Counter(row.value for row in rows if row.name == "golden_status")
    assert statuses == {"passed": N - 6, "failed": 6}
    assert all(row.subject["kind"] == "observation" for row in rows if row.name == "golden_status")
    found = experiments_on(server)
    assert [(one["itemCount"], one["datasetId"]) for one in found] == [
        (N, server.project.datasets.by_name["bot-v1"]["id"])
    ]
    assert found[0]["name"].startswith("nightly 20")
    project = server.settings.project_id
    assert found[0]["id"] == experiment_id(project, found[0]["datasetId"], found[0]["name"])


def test_two_runs_are_two_experiments(home: Home, server: LangfuseServer) -> None:
    home.write()
    for _ in range(2):
        assert assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "auto")[0] == 0
    assert len({one["id"] for one in experiments_on(server)}) == 2


def test_items_without_an_answer_are_in_the_experiment_as_errors(home: Home, server: LangfuseServer) -> None:
    given = answers(0)
    del given["q5"]
    home.write({"old": answers(0), "new": given})
    code, said = assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "auto")
    assert code == 3
    assert f"{N} of {N} items" in said
    missing = [row for row in scores(server) if row.value == "missing"]
    assert len(missing) == 1
    rows = [row for row in server.project.observations.descending(FOREVER, None) if row.fields["level"] == "ERROR"]
    assert {row.fields["name"] for row in rows} == {"experiment-item-run", "experiment-item-task"}


def test_repeats_are_experiments_of_their_own(home: Home, server: LangfuseServer) -> None:
    home.write()
    assert assay(home, "golden", "run", "bot-v1", "--release", "new", "--repeats", "2", "--experiment", "auto")[0] == 0
    assert [one["name"][-3:] for one in experiments_on(server)] in (["1/2", "2/2"], ["2/2", "1/2"])


def test_gate_shows_its_candidate_and_verdict(home: Home, server: LangfuseServer) -> None:
    home.write({"old": answers(2), "new": answers(20)})
    code, said = assay(home, "gate", "bot-v1", "--candidate", "new", "--experiment", "release 7")
    assert code == 1
    assert f"{N} of {N} items" in said
    assert [row.value for row in scores(server) if row.name == "gate_verdict"] == ["regressed"]


def test_what_the_server_does_not_show_is_said_and_a_gate_keeps_its_verdict(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiments, "VISIBLE_S", 0.3)
    with LangfuseServer(faults=Faults(2, [Fault("drop", 0.1)])) as server:
        use(server, monkeypatch)
        home.write()
        code, said = assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "auto")
        assert code == 3
        assert f"{N} of {N} items" in said
        assert f"{N * 5 + 2} of {N * 5 + 2} scores" not in said
        assert assay(home, "gate", "bot-v1", "--candidate", "new", "--experiment", "auto")[0] == 0


def test_experiments_need_langfuse_of_the_newer_generation(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write()
    with LangfuseServer(LangfuseSettings(generation="v3")) as server:
        use(server, monkeypatch)
        code, said = assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "auto")
    assert code == 3
    assert "has no experiments" in said
    (home.path / "assay.yaml").write_text("use_cases: [{name: bot}]\n")
    assert "needs langfuse" in assay(home, "gate", "bot-v1", "--candidate", "new", "--experiment", "auto")[1]


def test_ids_and_items_are_those_that_a_real_server_was_seen_with(home: Home, server: LangfuseServer) -> None:
    for run in answered("experiments.list"):
        assert experiment_id("support-desk-project", run["datasetId"], run["name"]) == run["id"]
    home.write()
    assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "auto")
    query = (("fromStartTime", "2020-01-01T00:00:00Z"), ("fields", "core,dataset,io,metadata,itemMetadata,scores"))
    made = list_items(server.project, Call("GET", "", query=query)).body["data"][0]
    recorded = answered("experiments.items.v5")[0]
    assert made.keys() >= recorded.keys() - {"experimentMetadata", "experimentDescription"}
    kinds = {key: type(recorded[key]) for key in ("input", "output", "expectedOutput", "experimentItemMetadata")}
    assert {key: type(made[key]) for key in kinds} == kinds
    assert made["environment"] == recorded["environment"]


def experiments_on(server: LangfuseServer) -> list[dict[str, Any]]:
    query = (("fromStartTime", "2020-01-01T00:00:00Z"),)
    return list(list_experiments(server.project, Call("GET", "", query=query)).body["data"])
