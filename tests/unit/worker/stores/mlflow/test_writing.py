"""Each score is seen once, whoever writes it, however often, and on servers that append."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceKey
from assay.worker.stores.mlflow.assessments import assessment_of
from assay.worker.stores.mlflow.store import MlflowStore
from tests.servers.mlflow import MlflowServer
from tests.unit.worker.stores.mlflow.making import NOON, add, id_of, score, span, store_on, using


@pytest.fixture
def server() -> Iterator[MlflowServer]:
    with MlflowServer() as server:
        add(server, span(1), span(1, step=1), span(2))
        yield server


def written(server: MlflowServer, *scores: Score) -> None:
    using(store_on(server), lambda store: store.write_scores(scores))


def shown(server: MlflowServer) -> list[object]:
    """The values that a person sees."""
    return [row["feedback"]["value"] for row in server.tables.assessments.values()]


def test_score_that_is_there_costs_one_read(server: MlflowServer) -> None:
    written(server, score(), score(name="risk", value="low"))
    server.requests.clear()
    written(server, score(), score(name="risk", value="low"))
    assert server.requests == ["POST /api/3.0/mlflow/traces/batchGetInfos"]
    assert shown(server) == [0.5, "low"]


def test_rewrite_changes_what_is_there_in_place(server: MlflowServer) -> None:
    written(server, score(value=0.1, comment="old", metadata={"tier": "llm"}))
    (before,) = server.tables.assessments
    written(server, score(value=0.9, comment="", metadata={"tier": "llm"}))
    (after,) = server.tables.assessments
    assert (shown(server), before) == ([0.9], after)
    assert server.tables.assessments[after]["rationale"] == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"metadata": {"tier": "llm", "judge": "j"}},
        {"observation_id": f"{1:015x}1"},
        {"name": "other"},
        {"metadata": {}},
    ],
)
def test_what_mlflow_never_changes_is_made_anew(server: MlflowServer, changed: dict[str, Any]) -> None:
    first, second = score(metadata={"tier": "screen"}), score(id="1-groundedness", **changed)
    written(server, first)
    written(server, second)
    read = using(store_on(server), lambda store: store.read_scores([second.key]))
    assert (read, len(server.tables.assessments)) == ({second.id: second}, 1)


def test_two_that_write_at_once_leave_one(server: MlflowServer) -> None:
    """Both read that there is none. The second is refused its id, and changes what the first one wrote."""

    async def both(first: MlflowStore, second: MlflowStore) -> None:
        try:
            many = [score(name=f"n{n}") for n in range(30)]
            others = [given.model_copy(update={"value": 0.7}) for given in many]
            await asyncio.gather(first.write_scores(many), second.write_scores(others))
        finally:
            await first.close()
            await second.close()

    asyncio.run(both(store_on(server), store_on(server)))
    assert len(server.tables.assessments) == 30
    assert set(shown(server)) <= {0.5, 0.7}


def test_id_that_was_taken_meanwhile_is_changed(server: MlflowServer) -> None:
    other = score(value=0.1)

    def meanwhile(asked: str) -> None:
        if asked.endswith("/assessments"):
            server.before = None
            server.tables.create(id_of(1), assessment_of(other, NOON))

    server.before = meanwhile
    written(server, score(value=0.9))
    assert shown(server) == [0.9]


def test_score_deleted_meanwhile_is_made(server: MlflowServer) -> None:
    written(server, score(value=0.1))

    def meanwhile(asked: str) -> None:
        if asked.startswith("PATCH"):
            server.tables.assessments.clear()

    server.before = meanwhile
    written(server, score(value=0.9))
    assert shown(server) == [0.9]


def test_server_that_gives_ids_of_its_own_shows_each_score_once(server: MlflowServer) -> None:
    server.tables.gives_own_ids = True
    written(server, score(value=0.1))
    written(server, score(value=0.9))
    assert shown(server) == [0.9]

    def meanwhile(asked: str) -> None:
        if asked.endswith("/assessments"):
            server.before = None
            server.tables.create(id_of(2), {**assessment_of(score(2, value=0.1), NOON), "last_update_time": "2026"})

    server.before = meanwhile
    written(server, score(2, value=0.7))
    assert shown(server) == [0.9, 0.7]


def test_doubles_that_somebody_left_are_cleaned_up(server: MlflowServer) -> None:
    for number in range(3):
        body = assessment_of(score(value=number / 10), NOON)
        server.tables.create(id_of(1), {**body, "assessment_id": f"a-{number}"})
    written(server, score(value=0.9))
    assert shown(server) == [0.9]


def test_change_that_was_answered_200_and_dropped_is_made_anew(server: MlflowServer) -> None:
    written(server, score(value=0.1))
    server.tables.change = lambda trace_id, key, given, fields: server.tables.assessments[key]  # type: ignore[method-assign]
    written(server, score(value=0.9))
    assert shown(server) == [0.9]


def test_assessments_of_people_and_programs_stay(server: MlflowServer) -> None:
    person = {"assessment_name": "groundedness", "feedback": {"value": True}, "source": {"source_type": "HUMAN"}}
    server.tables.create(id_of(1), person)
    written(server, score())
    assert shown(server) == [True, 0.5]


def test_missing_trace_is_named_and_nothing_is_written(server: MlflowServer) -> None:
    with pytest.raises(StoreRejected, match=id_of(9)):
        written(server, score(), score(9))
    assert shown(server) == []


def test_failure_of_one_write_leaves_the_others(server: MlflowServer) -> None:
    for _ in range(3):
        server.fail(f"POST /api/3.0/mlflow/traces/{id_of(2)}", 503)

    with pytest.raises(StoreUnavailable):
        written(server, score(1), score(2), score(1, name="risk"))
    assert len(server.tables.assessments) == 2


def test_scored_traces_are_those_of_rubrics(server: MlflowServer) -> None:
    ours = {"rubric": "grounding", "rubric_hash": "0f"}
    written(server, score(metadata=ours), score(2, name="risk", metadata={"rubric": "grounding"}))
    keys = [TraceKey(trace_id=id_of(number), start=NOON) for number in (1, 2, 3)]
    scored = using(store_on(server), lambda store: store.scored_traces(keys, None))
    assert {trace_id: [s.name for s in scores] for trace_id, scores in scored.items()} == {id_of(1): ["groundedness"]}
    assert using(store_on(server), lambda store: store.scored_traces(keys, ["risk"])) == {}


def test_cancelled_write_is_ended_first(server: MlflowServer) -> None:
    async def use(store: MlflowStore) -> None:
        writing = asyncio.create_task(store.write_scores([score(name=f"n{n}") for n in range(30)]))
        await asyncio.sleep(0.05)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing

    using(store_on(server), use)
    assert len(server.tables.assessments) == 30
