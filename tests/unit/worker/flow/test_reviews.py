"""Flagged answers reach their queue once, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import Deployment
from assay.worker.flow.reviews import (
    AGAIN,
    LEASE,
    MOST_TRIES,
    WITHOUT_QUEUE,
    Reviewer,
    ReviewReport,
    is_flagged,
    requests_for,
)
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.review_list import ReviewList
from assay.worker.ports.reviews import ReviewRequest
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState, Promise
from assay.worker.state.memory.review_list import MemoryReviewList
from assay.worker.stores.langfuse.store import LangfuseStore
from assay.worker.stores.sqlite.store import SqliteStore
from assay.worker.wiring.stores import review_queues_of
from tests.builders import NOW
from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import store_on

ADD_ITEM = r"POST .*/annotation-queues/[^/]+/items$"


def request(n: int = 0, **over: Any) -> ReviewRequest:
    fields = {
        "queue": "legal",
        "trace_id": f"{n:032x}",
        "environment": "production",
        "use_case": "contracts",
        "rubric": "grounding",
        "values": {"hallucination_risk": 0.9, "hallucination_risk_level": "high"},
        "asked_at": NOW,
    }
    return ReviewRequest.model_validate({**fields, **over})


def make_queue(server: LangfuseServer, name: str = "legal", *configs: dict[str, Any]) -> str:
    """A queue with its score configs, made as a person would by hand."""
    import json

    from tests.servers.langfuse import annotation_queues, score_configs
    from tests.servers.langfuse.calls import Call

    given = configs or ({"name": "hallucination", "dataType": "BOOLEAN"},)
    project = server.project
    ids = [score_configs.create(project, Call("POST", "", raw=json.dumps(one).encode())).body["id"] for one in given]
    body = {"name": name, "scoreConfigIds": ids}
    return str(annotation_queues.create(project, Call("POST", "", raw=json.dumps(body).encode())).body["id"])


def objects(server: LangfuseServer) -> Counter[str]:
    return Counter(item["objectId"] for item in server.project.queues.items.values())


class Desk:
    """Reviewers of one list on one server; each with its own connections, as worker processes have."""

    def __init__(self, server: LangfuseServer, waiting: ReviewList | None = None, **client: Any) -> None:
        self.server = server
        self.waiting = waiting or MemoryReviewList()
        self.clock = FixedClock(NOW)
        self.client = client

    def review(self, *, after: timedelta = timedelta(), workers: int = 1) -> list[ReviewReport]:
        self.clock.moment += after

        async def run() -> list[ReviewReport]:
            stores = [store_on(self.server, client=self.client) for _ in range(workers)]
            try:
                return await asyncio.gather(*(self._reviewer(store).review() for store in stores))
            finally:
                for store in stores:
                    await store.close()

        return asyncio.run(run())

    def ask(self, *requests: ReviewRequest) -> int:
        return asyncio.run(self.waiting.ask(requests))

    def counts(self) -> dict[str, int]:
        return dict(asyncio.run(self.waiting.counts()))

    def _reviewer(self, store: LangfuseStore) -> Reviewer:
        return Reviewer(queues=review_queues_of(store), waiting=self.waiting, clock=self.clock)


@pytest.fixture
def server() -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        make_queue(running)
        yield running


def test_flagged_answers_are_put_into_the_queue_once_however_often_they_are_asked_for(server: LangfuseServer) -> None:
    desk = Desk(server)
    assert desk.ask(request(1), request(2)) == 2
    assert desk.ask(request(1), request(2)) == 0
    assert desk.review() == [ReviewReport(queued=2)]
    assert desk.ask(request(1)) == 0
    assert desk.review(after=timedelta(days=1)) == [ReviewReport()]
    assert objects(server) == {request(1).trace_id: 1, request(2).trace_id: 1}
    assert desk.counts() == {"waiting": 0, "queued": 2, "refused": 0}


def test_two_workers_never_add_the_same_answer(server: LangfuseServer) -> None:
    desk = Desk(server)
    desk.ask(*(request(n) for n in range(30)))
    reports = desk.review(workers=3)
    assert sum(report.queued for report in reports) == 30
    assert set(objects(server).values()) == {1}
    assert len(objects(server)) == 30


def test_an_answer_that_was_added_without_our_hearing_of_it_is_not_added_again() -> None:
    faults = Faults(0, [Fault("lost_answer", 1.0, on=ADD_ITEM, delay_s=0.05, most=1)])
    with LangfuseServer(faults=faults) as server:
        make_queue(server)
        desk = Desk(server)
        desk.ask(request(1))
        assert desk.review() == [ReviewReport(put_off=1)]
        assert desk.review(after=AGAIN / 2) == [ReviewReport()]
        assert desk.review(after=AGAIN) == [ReviewReport(queued=1)]
        assert objects(server) == {request(1).trace_id: 1}


def test_a_worker_that_died_after_adding_leaves_nothing_to_add(server: LangfuseServer) -> None:
    desk = Desk(server)
    desk.ask(request(1), request(2))

    async def die_after_adding() -> None:
        store = store_on(server)
        taken = await desk.waiting.take(now=NOW, until=NOW + LEASE)
        assert taken is not None
        await store.review_queues.add(await store.review_queues.find("legal"), taken.request, again=False)
        await store.close()

    asyncio.run(die_after_adding())
    assert desk.review() == [ReviewReport(queued=1)]
    assert desk.review(after=LEASE) == [ReviewReport(queued=1)]
    assert set(objects(server).values()) == {1}


def test_failing_server_loses_and_doubles_nothing() -> None:
    each = [Fault("status", 0.2, on=ADD_ITEM, status=500), Fault("lost_answer", 0.2, on=ADD_ITEM, delay_s=0.02)]
    with LangfuseServer(faults=Faults(3, each)) as server:
        make_queue(server)
        desk = Desk(server)
        desk.ask(*(request(n) for n in range(25)))
        for _ in range(60):
            if not desk.counts()["waiting"]:
                break
            desk.review(after=AGAIN, workers=2)
        assert objects(server) == {request(n).trace_id: 1 for n in range(25)}
        assert server.project.faults.struck


def test_a_missing_queue_waits_and_stops_no_other(server: LangfuseServer) -> None:
    desk = Desk(server)
    desk.ask(request(1, queue="gone"), request(2, queue="gone"), request(3))
    assert desk.review() == [ReviewReport(queued=1, put_off=2)]
    make_queue(server, "gone", {"name": "wrong", "dataType": "BOOLEAN"})
    assert desk.review() == [ReviewReport()]
    assert desk.review(after=WITHOUT_QUEUE) == [ReviewReport(queued=2)]


def test_what_the_server_refuses_again_and_again_is_given_up_and_counted() -> None:
    with LangfuseServer(faults=Faults(0, [Fault("status", 1.0, on=ADD_ITEM, status=400)])) as server:
        make_queue(server)
        desk = Desk(server)
        desk.ask(request(1))
        for _ in range(MOST_TRIES):
            desk.review(after=AGAIN * MOST_TRIES)
        assert desk.counts() == {"waiting": 0, "queued": 0, "refused": 1}


@pytest.mark.parametrize("body", ["object", "list"])
def test_scores_that_the_queue_asks_for_are_filled_in_once(body: Any) -> None:
    with LangfuseServer(LangfuseSettings(score_body=body)) as server:
        levels = [{"label": label, "value": n} for n, label in enumerate(("low", "medium", "high"))]
        queue_id = make_queue(
            server,
            "legal",
            {"name": "hallucination_risk", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1},
            {"name": "hallucination_risk_level", "dataType": "CATEGORICAL", "categories": levels},
            {"name": "groundedness", "dataType": "NUMERIC", "minValue": 0.5, "maxValue": 1},
            {"name": "hallucination", "dataType": "BOOLEAN"},
        )
        desk = Desk(server)
        desk.ask(
            request(1, values={"hallucination_risk": 0.9, "hallucination_risk_level": "high", "groundedness": 0.1})
        )
        desk.review()
        rows = _rows(server)
        assert {(row.name, row.value) for row in rows} == {
            ("hallucination_risk", 0.9),
            ("hallucination_risk_level", "high"),
        }
        assert {(row.source, row.queue_id, row.environment) for row in rows} == {("ANNOTATION", queue_id, "production")}


def test_what_a_person_corrected_is_not_filled_in_again(server: LangfuseServer) -> None:
    make_queue(server, "risk", {"name": "hallucination_risk", "dataType": "NUMERIC"})

    async def use() -> None:
        store = store_on(server)
        queue = await store.review_queues.find("risk")
        assert await store.review_queues.add(queue, request(1), again=False)
        (row,) = _rows(server)
        row.value = 0.0
        assert not await store.review_queues.add(queue, request(1), again=True)
        assert _rows(server)[0].value == 0.0
        await store.close()

    asyncio.run(use())


def test_an_observation_is_queued_as_one(server: LangfuseServer) -> None:
    desk = Desk(server)
    desk.ask(request(1, observation_id="b" * 16))
    desk.review()
    (item,) = server.project.queues.items.values()
    assert (item["objectId"], item["objectType"]) == ("b" * 16, "OBSERVATION")


def test_missing_queue_is_named_with_those_there_are(server: LangfuseServer) -> None:
    async def find() -> None:
        store = store_on(server)
        try:
            await store.review_queues.find("lgeal")
        finally:
            await store.close()

    with pytest.raises(ConfigurationError, match="'lgeal': there is none; queues: legal"):
        asyncio.run(find())


def test_stores_without_queues_say_so(tmp_path: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"store\.kind"):
        review_queues_of(SqliteStore(tmp_path / "traces.db"))
    with pytest.raises(ValueError, match=r"only store\.kind langfuse has queues"):
        Deployment.model_validate({"use_cases": [{"name": "a", "review_queue": "q"}]})


@pytest.mark.parametrize(
    ("values", "needs_review", "flagged"),
    [
        ({"hallucination_risk_level": "high"}, False, True),
        ({"hallucination_risk_level": "medium"}, False, False),
        ({"hallucination_risk_level": "low"}, True, True),
        ({"grounding_state": "no_evidence"}, False, False),
    ],
)
def test_flagged_is_what_reaches_the_high_cut_or_what_judges_could_not_agree_on(
    values: dict[str, float | str],
    needs_review: bool,
    flagged: bool,  # parametrized
) -> None:
    entry = _entry(values, needs_review=needs_review)
    assert is_flagged(entry) is flagged
    assert len(requests_for([entry], {"contracts": "legal"})) == int(flagged)
    assert requests_for([entry], {"other": "legal"}) == []


def _entry(values: dict[str, float | str], *, needs_review: bool = False) -> LedgerEntry:
    promise = Promise(
        trace_id="t1", rubric="grounding", rubric_hash="h", use_case="contracts", window="w", start=NOW, pi=1.0,
        stratum="standard", selected_at=NOW,
    )  # fmt: skip
    judgement = Judgement(
        verdict_key="k", revision="r", judge="test", state="judged", values=values, needs_review=needs_review
    )
    return LedgerEntry(promise=promise, state=LedgerState.POSTED, since=NOW, changed_at=NOW, judgement=judgement)


def _rows(server: LangfuseServer) -> list[Any]:
    server.project.scores.settle(int(datetime.now(UTC).timestamp() * 1000) + 10**9)
    return list(server.project.scores.rows())
