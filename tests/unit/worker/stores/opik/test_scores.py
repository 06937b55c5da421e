"""Scores in Opik: what a person sees, what stands behind it, and who else may have written under the same name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.stores.opik.scores import body_of, scores_of
from assay.worker.stores.opik.store import OpikStore
from tests.servers.opik import OpikFault, OpikServer
from tests.unit.worker.stores.opik.making import SPECS, add_trace, key_of, opened, score_of, uuid7

FORGED = 'He wrote:\n\nassay: {"id": "forged"}'
BY_NAME = {spec.name: spec for spec in SPECS}


def kept(server: OpikServer, trace_id: str, name: str) -> dict[str, Any]:
    server.tables.settle()
    return server.tables.scores[trace_id][name][server.user]


def test_person_reads_the_comment_first_and_the_rest_below() -> None:
    score = score_of(uuid7(1), comment="No source says so.", metadata={"rubric": "grounding"})
    reason = body_of(score, "p", {})["reason"]
    first, _, last = reason.partition("\n\n")
    assert first == "No source says so."
    assert last.startswith('assay: {"id":"id-of-groundedness"')
    assert "\n" not in last


def test_word_stands_in_its_own_field_with_its_place_in_the_list() -> None:
    assert body_of(score_of(uuid7(1), "answer_check", "wrong"), "p", BY_NAME)["value"] == 2.0
    assert body_of(score_of(uuid7(1), "answer_check", "wrong"), "p", BY_NAME)["category_name"] == "wrong"
    assert body_of(score_of(uuid7(1), "unknown", "wrong"), "p", BY_NAME)["value"] == 0.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_what_is_no_number_there_is_refused_here(value: float) -> None:
    with pytest.raises(StoreRejected, match="groundedness"):
        body_of(score_of(uuid7(1), value=value), "p", {})


@pytest.mark.parametrize("trace_id", ["0" * 32, "7d0c3f0e-6a53-4d0f-9a3e-1f6f2b5a9d41", "tr-1", ""])
def test_id_of_another_store_is_refused_before_it_spoils_the_batch(trace_id: str) -> None:
    with pytest.raises(StoreRejected, match="UUIDv7"):
        body_of(score_of(trace_id), "p", {})


def test_value_of_a_person_beside_ours_does_not_move_ours() -> None:
    """Opik shows the mean of several authors. Ours is read from its own entry."""

    async def run() -> Score:
        async with opened(server) as store:
            await store.write_scores([score])
            server.tables.add_scores([{**body_of(score, server.project, {}), "value": 0.0, "reason": "no"}], "ann")
            return (await store.read_scores([score.key]))[score.id]

    with OpikServer() as server:
        score = score_of(add_trace(server, 1), value=0.9)
        assert asyncio.run(run()) == score


def test_scores_of_others_are_not_ours() -> None:
    entries: list[Any] = [
        {"name": "a", "value": 1, "reason": "fine", "source": "ui"},
        {"name": "b", "value": 1, "reason": 'assay: {"id": 7}', "source": "sdk"},
        {"name": "c", "value": 1, "reason": 'see assay: {"id": "i", "at": "2026-11-21T12:00:00Z"}'},
        {"name": "d", "value": None, "reason": None},
        "odd",
    ]
    assert list(scores_of({"feedback_scores": entries}, "t")) == []
    assert list(scores_of({"feedback_scores": None}, "t")) == []


def test_mark_in_a_comment_is_no_trailer() -> None:
    async def run() -> Score:
        async with opened(server) as store:
            await store.write_scores([score])
            return (await store.read_scores([score.key]))[score.id]

    with OpikServer() as server:
        score = score_of(add_trace(server, 1), comment=FORGED, metadata={"quote": FORGED})
        assert asyncio.run(run()) == score


def test_score_on_a_span_is_written_and_read_there() -> None:
    async def run(store: OpikStore) -> dict[str, Score]:
        await store.write_scores([on_span, on_root])
        return dict(await store.read_scores([on_span.key, on_root.key]))

    async def open_and_run() -> dict[str, Score]:
        async with opened(server) as store:
            return await run(store)

    with OpikServer() as server:
        trace_id = add_trace(server, 1)
        on_span = score_of(trace_id, "tone", observation_id=uuid7(100))
        on_root = score_of(trace_id, "manners", observation_id=trace_id)
        assert asyncio.run(open_and_run()) == {on_span.id: on_span, on_root.id: on_root}
        assert ("PUT", "/spans/feedback-scores") in server.asked


def test_dropped_score_is_not_shown_and_a_rewrite_brings_it() -> None:
    async def run() -> None:
        async with opened(server) as store:
            server.faults.append(OpikFault("feedback-scores", "drop"))
            await store.write_scores([score])
            assert await store.read_scores([score.key]) == {}
            await store.write_scores([score])
            await store.write_scores([score])
            assert await store.read_scores([score.key]) == {score.id: score}

    with OpikServer() as server:
        score = score_of(add_trace(server, 1))
        asyncio.run(run())
        assert len(server.tables.scores[score.trace_id]) == 1


def test_score_of_another_rubric_version_is_told_apart() -> None:
    """Opik has one value under a name: the newest takes the place of the older, whose id is shown no more."""

    async def run() -> None:
        async with opened(server) as store:
            await store.write_scores([old])
            await store.write_scores([new])
            assert list(await store.read_scores([old.key, new.key])) == [new.id]
            scored = await store.scored_traces([key_of(old.trace_id)], ["groundedness"])
            assert [score.value for score in scored[old.trace_id]] == [0.7]

    with OpikServer() as server:
        rubric = {"rubric": "grounding", "rubric_hash": "0f"}
        old = score_of(add_trace(server, 1), metadata=rubric)
        new = old.model_copy(update={"id": "another", "value": 0.7})
        asyncio.run(run())


def test_many_scores_go_in_batches_that_opik_takes() -> None:
    async def run() -> None:
        async with opened(server) as store:
            await store.write_scores([score_of(trace_id, f"n{n}") for n in range(1100)])
            await store.write_scores([score_of(trace_id, f"long{n}", comment="x" * 1_500_000) for n in range(4)])

    with OpikServer() as server:
        trace_id = add_trace(server, 1)
        asyncio.run(run())
        assert server.asked.count(("PUT", "/traces/feedback-scores")) == 4
        server.tables.settle()
        assert len(server.tables.scores[trace_id]) == 1104


def test_outage_of_writes_is_retried_by_the_fleet() -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreUnavailable, match="503"):
                await store.write_scores([score])

    with OpikServer() as server:
        score = score_of(add_trace(server, 1))
        server.faults.append(OpikFault("feedback-scores", times=3))
        asyncio.run(run())
