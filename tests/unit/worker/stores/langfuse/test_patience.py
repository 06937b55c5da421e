"""Long work that a person waits for goes on when the request budget is short; a worker's own requests do not wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import pytest

from assay.worker.flow.label_pull import OpinionCounts, Wanted, collect
from assay.worker.golden.sets.dataset import dataset_of
from assay.worker.golden.sets.golden_set import read_golden_set
from assay.worker.ports import waiting as patience
from assay.worker.ports.store_errors import StoreBusy
from assay.worker.ports.waiting import wait_for_budget
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.langfuse.datasets import LangfuseDatasets
from assay.worker.stores.langfuse.quotas import Bucket, Plan
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.builders import NOW
from tests.integration.golden_home import Home
from tests.servers.langfuse import LangfuseServer, annotation_queues
from tests.servers.langfuse.calls import Call
from tests.unit.worker.flow.test_reviews import make_queue
from tests.unit.worker.golden.golden_sets import rubric_named
from tests.unit.worker.stores.langfuse.making import store_on, use, using


class TightPlan(Plan):
    """A plan whose minutes take a quarter of a second."""

    general: int = 10**6
    ingestion: int = 10**6
    legacy: int = 10**6
    datasets: int = 40

    def limit(self, bucket: Bucket, project: str) -> Any:
        return super().limit(bucket, project).model_copy(update={"period_s": 0.25})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        use(running, monkeypatch)
        yield running


def tight(server: LangfuseServer) -> tuple[LangfuseStore, MemoryLimits]:
    """A store that gives up at once where there is no room."""
    limits = MemoryLimits()
    return store_on(server, plan=TightPlan(), client={"limits": limits, "max_wait_s": 0.0}), limits


async def use_up(store: LangfuseStore, limits: MemoryLimits, *, seconds: float = 0.2) -> None:
    store.client.sdk()  # its first import takes longer than the pause
    for bucket in get_args(Bucket):
        await limits.pause(TightPlan().limit(bucket, store.client.public_key), seconds=seconds)


def test_push_of_a_golden_set_waits_for_room_from_the_first_request_to_the_last(
    server: LangfuseServer, tmp_path: Any
) -> None:
    home = Home(tmp_path)
    home.write()
    golden = read_golden_set(home.set, rubric_named)
    store, limits = tight(server)

    async def work(store: LangfuseStore) -> Any:
        await use_up(store, limits)
        return await LangfuseDatasets(store.client).push(dataset_of(golden))

    report = using(store, work)
    assert (report.sent, report.missing) == (60, ())
    assert server.requests.peak("datasets", seconds=0.25) <= 40


def test_labels_wait_for_room_at_every_step(server: LangfuseServer) -> None:
    queue_id = make_queue(server)
    body = {"objectId": "a" * 32, "objectType": "TRACE", "status": "COMPLETED"}
    annotation_queues.add_item(server.project, Call("POST", "", args=(queue_id,), raw=json.dumps(body).encode()))
    store, limits = tight(server)
    tally = OpinionCounts()

    async def work(store: LangfuseStore) -> Any:
        wanted = Wanted(queues=("legal",))
        await use_up(store, limits)
        await collect(store.review_queues, wanted, now=NOW + timedelta(days=1), tally=tally)
        await use_up(store, limits)
        return await collect(store.review_queues, wanted, now=NOW + timedelta(days=1), tally=tally)

    assert using(store, work) == {}
    assert tally.opinions["queue legal"] == 2


def test_worker_that_looks_up_a_queue_does_not_wait(server: LangfuseServer) -> None:
    make_queue(server)
    store, limits = tight(server)

    async def work(store: LangfuseStore) -> None:
        await use_up(store, limits, seconds=30)
        await store.review_queues.find("legal")

    with pytest.raises(StoreBusy):
        using(store, work)


def test_waiting_is_said_and_has_an_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    tries = []

    async def busy() -> None:
        tries.append(1)
        raise StoreBusy("limit langfuse:datasets", retry_after_s=0.05)

    monkeypatch.setattr(patience, "PATIENCE_S", 1.0)
    monkeypatch.setattr(patience, "LOGGED_FROM_S", 0.01)
    with pytest.raises(StoreBusy):
        asyncio.run(wait_for_budget(busy))
    assert 2 <= len(tries) <= 1.0 / 0.05 + 1
    said = capsys.readouterr()
    assert "waiting_for_requests" in said.out + said.err
