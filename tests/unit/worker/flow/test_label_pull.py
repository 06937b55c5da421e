"""What people said becomes labels; everything they said is counted, whether it could be used or not."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from typer.testing import CliRunner

from assay.judges.errors import ConfigurationError
from assay.worker.calibration.labels import check_labels
from assay.worker.cli.commands import app
from assay.worker.flow.label_pull import UNTOUCHED, OpinionCounts, Wanted, _fetched, _of_review, label_of
from assay.worker.launch.broker import Broker
from assay.worker.ports.reviews import HumanScore, Reviewed, ReviewRequest
from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.builders import NOW, make_trace
from tests.fakes import FlakyStore
from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings, annotation_queues, score_writes
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.clock import parse
from tests.servers.langfuse.recordings import answered
from tests.servers.langfuse.seeding import seed_recorded
from tests.unit.worker.flow.test_reviews import make_queue
from tests.unit.worker.stores.langfuse.making import store_on, use, using

RECORDED = {row["traceId"] for row in answered("observations-corpus.all")}
THUMBS = {score["subject"]["id"]: score["value"] for score in answered("scores-read.user-feedback")}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broker: Broker, key_prefix: str) -> Path:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    config = "store: {kind: langfuse, plan: self-hosted}\nuse_cases: [{name: all, review_queue: legal}]\n"
    (tmp_path / "assay.yaml").write_text(config)
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    """The recorded traces of an hour ago, with the thumbs of their users, and an empty queue."""
    with LangfuseServer() as running:
        use(running, monkeypatch)
        recorded_at = parse(answered("observations-corpus.all")[0]["startTime"])
        seed_recorded(running.project, moved_ms=int(time.time() * 1000) - 3_600_000 - recorded_at)
        yield running


def review(
    server: LangfuseServer, queue_id: str, trace_id: str, value: Any = None, *, kind: str = "TRACE", **over: Any
) -> None:
    """A person opens an item of the queue, says something (or nothing), and completes it."""
    project = server.project
    body = {"objectId": trace_id, "objectType": kind, "status": "COMPLETED"}
    annotation_queues.add_item(project, Call("POST", "", args=(queue_id,), raw=json.dumps(body).encode()))
    if value is None:
        return
    (config,) = [config for config in project.configs.by_id.values() if config["name"] == "hallucination"]
    score = {
        "traceId": trace_id, "name": "hallucination", "value": value, "dataType": "BOOLEAN", "source": "ANNOTATION",
        "configId": config["id"], "queueId": queue_id, **over,
    }  # fmt: skip
    assert score_writes.post_score(project, Call("POST", "", raw=json.dumps(score).encode())).status == 200


def pull(home: Path, *options: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    out = home / "labels.jsonl"
    result = CliRunner().invoke(app, ["labels", "pull", "-c", str(home), "--out", str(out), "--json", *options])
    if isinstance(result.exception, ConfigurationError):
        raise result.exception
    return json.loads(result.stdout), [json.loads(line) for line in out.read_text().splitlines()]


def test_feedback_comes_back_as_labels_of_its_traces(home: Path, server: LangfuseServer) -> None:
    make_queue(server)
    numbers, lines = pull(home, "--feedback", "user-feedback")
    assert numbers["said"] == {"feedback user-feedback": len(THUMBS)}
    assert {line["id"]: line["label"] for line in lines} == {i: int(not up) for i, up in THUMBS.items()}
    assert numbers["usable"] == {"feedback user-feedback": len(THUMBS)}
    assert all(line["response"] and line["source_id"] and line["origin"] == "feedback" for line in lines)


def test_trace_that_is_too_large_to_fetch_is_counted_and_costs_no_other_label(
    home: Path, server: LangfuseServer
) -> None:
    make_queue(server)
    large = sorted(THUMBS)[0]
    server.project.faults = Faults(0, [Fault("status", 1.0, on="v2/observations", query=large, status=413)])
    numbers, lines = pull(home, "--feedback", "user-feedback")
    assert numbers["unusable"]["feedback user-feedback"] == {"trace too large": 1}
    assert {line["id"] for line in lines} == set(THUMBS) - {large}


def test_traces_that_were_put_off_are_asked_for_again_and_no_others() -> None:
    store = FlakyStore([make_trace(name) for name in "abc"])
    store.unreadable["b"] = StoreBusy("no room", retry_after_s=0.01)
    asked: list[list[str]] = []
    fetch = store.fetch_traces

    async def counted(keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        asked.append([key.trace_id for key in keys])
        found = await fetch(keys)
        store.unreadable.clear()
        return found

    store.fetch_traces = counted  # type: ignore[method-assign]  # the budget has room again after the first time
    found = asyncio.run(_fetched(store, [TraceKey(trace_id=name, start=NOW) for name in "abcd"]))
    assert {trace_id for trace_id, one in found.items() if isinstance(one, Trace)} == set("abc")
    assert asked == [["a", "b", "c", "d"], ["b"]]


def test_labels_are_what_calibrate_reads(home: Path, server: LangfuseServer) -> None:
    make_queue(server)
    pull(home, "--feedback", "user-feedback")
    bad: list[Any] = []
    file = check_labels(home / "labels.jsonl", set(), bad.append)
    assert (file.lines, file.holds_verdicts, bad) == (len(THUMBS), False, [])


def test_completed_reviews_overrule_feedback_and_every_item_is_counted(home: Path, server: LangfuseServer) -> None:
    queue_id = make_queue(server)
    thumbed = sorted(THUMBS)[0]
    others = sorted(RECORDED - set(THUMBS))
    review(server, queue_id, thumbed, int(THUMBS[thumbed]))
    review(server, queue_id, thumbed, None)
    review(server, queue_id, others[0], None)
    review(server, queue_id, "0" * 32, 1)
    review(server, queue_id, "a session", None, kind="SESSION")
    numbers, lines = pull(home, "--feedback", "user-feedback")
    by_id = {line["id"]: line for line in lines}
    assert (by_id[thumbed]["label"], by_id[thumbed]["origin"]) == (int(THUMBS[thumbed]), "review")
    assert numbers["said"]["queue legal"] == 4
    assert numbers["unusable"]["queue legal"] == {
        "completed without a hallucination": 1, "trace no longer there": 1, "a whole session, not one answer": 1,
    }  # fmt: skip
    assert numbers["usable"]["queue legal"] == 1
    dropped = sum(sum(why.values()) for why in numbers["unusable"].values())
    assert sum(numbers["said"].values()) == numbers["written"] + dropped


def test_reviewed_observation_is_found_through_its_queue(home: Path, server: LangfuseServer) -> None:
    queue_id = make_queue(server)
    row = next(
        r for r in answered("observations-corpus.all") if r["traceId"] == sorted(THUMBS)[1] and r["isRootObservation"]
    )
    body = {"objectId": row["id"], "objectType": "OBSERVATION", "status": "COMPLETED"}
    annotation_queues.add_item(server.project, Call("POST", "", args=(queue_id,), raw=json.dumps(body).encode()))
    (config,) = [one for one in server.project.configs.by_id.values() if one["name"] == "hallucination"]
    score = {
        "traceId": row["traceId"], "observationId": row["id"], "name": "hallucination", "value": 1,
        "configId": config["id"], "dataType": "BOOLEAN", "source": "ANNOTATION", "queueId": queue_id,
    }  # fmt: skip
    score_writes.post_score(server.project, Call("POST", "", raw=json.dumps(score).encode()))
    _, lines = pull(home)
    assert [(line["id"], line["label"]) for line in lines] == [(row["traceId"], 1)]


def test_pending_items_are_nobodys_label_and_an_empty_pull_is_exit_3(home: Path, server: LangfuseServer) -> None:
    queue_id = make_queue(server)
    body = {"objectId": sorted(THUMBS)[0], "objectType": "TRACE"}
    annotation_queues.add_item(server.project, Call("POST", "", args=(queue_id,), raw=json.dumps(body).encode()))
    result = CliRunner().invoke(app, ["labels", "pull", "-c", str(home), "--out", str(home / "l.jsonl")])
    assert result.exit_code == 3
    assert (home / "l.jsonl").read_text() == ""


def test_pull_says_what_to_name(home: Path, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    make_queue(server, "legal", {"name": "quality", "dataType": "NUMERIC"})
    with pytest.raises(ConfigurationError, match="--score"):
        pull(home)
    with pytest.raises(ConfigurationError, match="'nope': there is none; queues: legal"):
        pull(home, "--queue", "nope")
    (home / "assay.yaml").write_text("store: {kind: langfuse}\nuse_cases: [{name: all}]\n")
    with pytest.raises(ConfigurationError, match="--queue"):
        pull(home)
    (home / "assay.yaml").write_text("use_cases: [{name: all}]\n")
    with pytest.raises(ConfigurationError, match=r"store\.kind"):
        pull(home, "--queue", "legal")


def test_older_server_without_v3_scores_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LangfuseServer(LangfuseSettings(generation="v3")) as server:
        use(server, monkeypatch)
        make_queue(server)
        assert pull(home, "--feedback", "user-feedback")[0]["written"] == 0


@pytest.mark.parametrize(
    ("value", "origin", "marked", "label"),
    [
        (True, "review", (), 1),
        (False, "review", (), 0),
        (True, "feedback", (), 0),
        (False, "feedback", (), 1),
        (0.9, "review", (), 1),
        (0.9, "feedback", (), 0),
        (0, "feedback", (), 1),
        (4, "feedback", (), None),
        (-1, "feedback", (), None),
        ("bad", "feedback", (), None),
        ("bad", "feedback", ("Bad",), 1),
        ("good", "review", ("bad",), 0),
        (1.0, "feedback", ("1.0", "2.0"), 1),
        (float("nan"), "review", (), None),
    ],
)
def test_values_mean_what_was_said_they_mean(
    value: Any, origin: Literal["review", "feedback"], marked: tuple[str, ...], label: int | None
) -> None:
    assert label_of(value, origin, marked) == label


def test_reviewers_who_disagree_give_no_label_and_a_person_overrules_what_was_filled_in() -> None:
    def said(value: bool, by: str | None, minutes: int) -> HumanScore:  # a test's own
        return HumanScore(trace_id="t", name="h", value=value, by=by, at=NOW + timedelta(minutes=minutes))

    def label(*scores: HumanScore) -> Any:
        made = _of_review(Reviewed(kind="trace", id="t", scores=scores), "h", Wanted(), "queue q")
        return made if isinstance(made, str) else (made.label, made.reviewer)

    assert label(said(True, "ann", 0), said(False, "bob", 1)) == "reviewers disagree"
    assert label(said(True, "ann", 0), said(False, "ann", 1)) == (0, "ann")
    assert label(said(False, "ann", 0), said(True, None, 5)) == (0, "ann")
    assert label(said(True, None, 5)) == (1, None)
    assert OpinionCounts().opinions == {}


def test_filled_in_value_that_nobody_touched_is_no_persons_label(home: Path, server: LangfuseServer) -> None:
    """The calibration would learn that the judge agrees with itself."""
    level = {
        "name": "hallucination_risk_level", "dataType": "CATEGORICAL",
        "categories": [{"label": one, "value": n} for n, one in enumerate(("low", "medium", "high"))],
    }  # fmt: skip
    queue_id = make_queue(server, "legal", level)
    untouched, corrected, confirmed = sorted(RECORDED)[:3]

    async def fill(store: LangfuseStore) -> None:
        queue = await store.review_queues.find("legal")
        for trace_id in (untouched, corrected, confirmed):
            request = ReviewRequest(
                queue="legal", trace_id=trace_id, use_case="all", rubric="grounding",
                values={"hallucination_risk_level": "high"}, asked_at=datetime.now(UTC),
            )  # fmt: skip
            assert await store.review_queues.add(queue, request, again=False)

    using(store_on(server), fill)
    for item in server.project.queues.items.values():
        item["status"] = "COMPLETED"
    server.project.scores.settle(int(time.time() * 1000) + 10**6)
    rows = {row.subject["id"]: row for row in server.project.scores.rows() if row.queue_id == queue_id}
    rows[corrected].value, rows[corrected].author = "low", "ann"
    rows[confirmed].author = "bob"
    numbers, lines = pull(home, "--score", "hallucination_risk_level", "--marked", "high")
    assert {line["id"]: (line["label"], line["reviewer"]) for line in lines} == {
        corrected: (0, "ann"),
        confirmed: (1, "bob"),
    }
    assert numbers["said"] == {"queue legal": 3}
    assert numbers["unusable"] == {"queue legal": {UNTOUCHED: 1}}
    again, _ = pull(home, "--score", "hallucination_risk_level", "--feedback", "hallucination_risk_level",
                    "--marked", "high")  # fmt: skip
    assert again["unusable"]["feedback hallucination_risk_level"][UNTOUCHED] == 1
