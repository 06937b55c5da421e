"""Scores in Helicone: thousandths, words as properties, what waits for its batch, and what is silently dropped."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.state.memory.locks import MemoryLocks
from assay.worker.stores.helicone import merging
from assay.worker.stores.helicone.scores import shown_in
from tests.servers.helicone import HeliconeFault, HeliconeServer
from tests.unit.worker.stores.helicone.making import add_request, key_of, opened, request_id, score_of

GROUNDING, MANNERS = ({"rubric": name, "rubric_hash": "0f"} for name in ("grounding", "manners"))


def row_of(server: HeliconeServer, trace_id: str) -> dict[str, object]:
    server.table.settle()
    (row,) = server.table.query({"filter": {"request_response_rmt": {"request_id": {"equals": trace_id}}}})
    return row


def test_person_sees_thousandths_and_words() -> None:
    async def run() -> None:
        async with opened(server) as store:
            await store.write_scores(scores)
            assert await store.read_scores([score.key for score in scores]) == {score.id: score for score in scores}

    with HeliconeServer() as server:
        one = add_request(server, 1, properties={"team": "search"})
        scores = [
            score_of(one, value=0.8734, comment="No source says so.", metadata=GROUNDING),
            score_of(one, "answer_check", "high risk", metadata=GROUNDING),
        ]
        asyncio.run(run())
        row = row_of(server, one)
        assert row["scores"] == {"groundedness": 873}
        properties = row["properties"]
        assert isinstance(properties, dict)
        assert properties.keys() == {"team", "assay.grounding", "assay_answer_check"}
        assert properties["assay_answer_check"] == "high risk"
        assert json.loads(properties["assay.grounding"])["groundedness"]["value"] == 0.8734


def test_two_rubrics_of_one_batch_keep_both_their_scores() -> None:
    """Of several messages on a request, a batch heeds the last alone. So each tells what still waits."""

    async def run() -> None:
        async with opened(server) as store, opened(server) as other_worker:
            await store.write_scores([first])
            await other_worker.write_scores([second])
            await asyncio.sleep(0.4)
            assert len(await store.read_scores([first.key, second.key])) == 2

    with HeliconeServer(batch_s=0.3) as server:
        one = add_request(server, 1)
        first, second = score_of(one, metadata=GROUNDING), score_of(one, "tone", 0.25, metadata=MANNERS)
        asyncio.run(run())
        assert row_of(server, one)["scores"] == {"groundedness": 500, "tone": 250}


def test_scores_of_people_stay_as_they_are() -> None:
    async def run() -> None:
        async with opened(server) as store:
            await store.write_scores([score_of(one, metadata=GROUNDING)])
            scored = await store.scored_traces([key_of(one)], None)
            assert [score.name for score in scored[one]] == ["groundedness"]

    with HeliconeServer() as server:
        one = add_request(server, 1)
        server.table.score(one, {"taste": 7, "is_safe": True, "lost": 0.5})
        server.table.settle()
        asyncio.run(run())
        assert row_of(server, one)["scores"] == {"taste": 7, "is_safe-hcone-bool": 1, "groundedness": 500}


@pytest.mark.parametrize("lost", ["/score", "/property"])
def test_half_of_a_write_is_no_score(lost: str) -> None:
    async def run() -> None:
        async with opened(server) as store:
            server.faults.append(HeliconeFault(lost, "drop"))
            await store.write_scores([score])
            assert await store.read_scores([score.key]) == {}
            await store.write_scores([score])
            assert await store.read_scores([score.key]) == {score.id: score}

    with HeliconeServer() as server:
        score = score_of(add_request(server, 1), metadata=GROUNDING)
        asyncio.run(run())


def test_score_that_somebody_changed_is_not_shown_as_ours() -> None:
    async def run() -> dict[str, Score]:
        async with opened(server) as store:
            await store.write_scores([score])
            server.table.settle()
            server.table.score(score.trace_id, {"groundedness": 1000})
            return dict(await store.read_scores([score.key]))

    with HeliconeServer() as server:
        score = score_of(add_request(server, 1))
        assert asyncio.run(run()) == {}


def test_value_that_changes_within_a_thousandth_is_read_in_full() -> None:
    async def run() -> None:
        async with opened(server) as store:
            for value in (0.87301, 0.87302):
                await store.write_scores([score.model_copy(update={"value": value})])
                assert (await store.read_scores([score.key]))[score.id].value == value

    with HeliconeServer() as server:
        score = score_of(add_request(server, 1))
        asyncio.run(run())


def test_older_route_shows_scores_with_their_type() -> None:
    entry = {"id": "i", "value": 0.5, "at": "2026-11-21T12:00:00Z"}
    row = {"request_id": "r", "properties": {"assay.x": json.dumps({"a": entry, "b": "odd"}), "assay.y": "no json"}}
    (score,) = shown_in({**row, "scores": {"a": {"value": 500, "valueType": "number"}}})
    assert (score.id, score.value) == ("i", 0.5)
    assert list(shown_in({**row, "scores": None})) == []


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 1e14])
def test_what_is_no_number_there_is_refused_here(value: float) -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreRejected, match="groundedness"):
                await store.write_scores([score_of(one, value=value)])

    with HeliconeServer() as server:
        one = add_request(server, 1)
        asyncio.run(run())


def test_request_that_is_too_old_is_refused_and_not_dropped() -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreRejected, match="older than 30 days"):
                await store.write_scores([score])

    with HeliconeServer() as server:
        old = datetime.now(UTC) - timedelta(days=31)
        score = score_of(add_request(server, 1, start=old), timestamp=old)
        asyncio.run(run())


def test_unknown_request_is_refused_and_takes_no_other_with_it() -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreRejected, match="no such request"):
                await store.write_scores([score_of(request_id(9)), score])
            assert await store.read_scores([score.key]) == {score.id: score}

    with HeliconeServer() as server:
        score = score_of(add_request(server, 1), "tone")
        asyncio.run(run())


def test_outage_of_writes_is_retried_by_the_fleet() -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreUnavailable):
                await store.write_scores([score])

    with HeliconeServer() as server:
        score = score_of(add_request(server, 1))
        server.faults.append(HeliconeFault("/score", "error_in_200", times=3))
        asyncio.run(run())


def test_workers_write_on_one_request_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "MAX_WAIT_S", 0.1)
    locks = MemoryLocks()

    async def run() -> None:
        async with opened(server, locks=locks) as store:
            assert await locks.acquire(f"scores-of-{score.trace_id}", owner="another", ttl_s=9)
            with pytest.raises(StoreBusy, match="another worker"):
                await store.write_scores([score])
            await locks.release(f"scores-of-{score.trace_id}", owner="another")
            await asyncio.gather(*(store.write_scores([score_of(score.trace_id, f"n{n}")]) for n in range(9)))
            assert len(await store.read_scores([score_of(score.trace_id, f"n{n}").key for n in range(9)])) == 9

    with HeliconeServer() as server:
        score = score_of(add_request(server, 1))
        asyncio.run(run())


def test_what_was_written_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "REMEMBERED", 2)
    lately = merging.Merging(None)
    for number in range(3):
        lately.note(request_id(number), {"a": score_of(request_id(number))})
    assert [len(lately.lately(request_id(number))) for number in range(3)] == [0, 1, 1]
    monkeypatch.setattr(merging, "VISIBLE_AFTER_S", -1.0)
    assert lately.lately(request_id(2)) == {}
