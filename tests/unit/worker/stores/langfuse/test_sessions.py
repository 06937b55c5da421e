"""Scores on sessions and the prompt of an answer, on a server as Langfuse is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assay.worker.extraction.facts import facts_of
from assay.worker.ports.source import trace_in
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import ScoreSpec, SessionScore
from assay.worker.records.traces import TraceKey
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.servers.langfuse.score_table import ScoreRow
from tests.unit.worker.stores.langfuse.making import NOON, add_root, store_on, using

SPECS = (ScoreSpec(name="session_worst_risk", data_type="NUMERIC", minimum=0, maximum=1),)


def session_score(value: float, *, at: datetime = NOON, session: str = "sess-1") -> SessionScore:
    return SessionScore(
        id="s-worst", session_id=session, name="session_worst_risk", value=value, comment=f"risk {value}",
        environment="production", timestamp=at, metadata={"rubric": "grounding", "turns": 2},
    )  # fmt: skip


def rows(server: LangfuseServer) -> list[ScoreRow]:
    with server.project.lock:
        server.project.scores.settle(int(time.time() * 1000) + 10**6)
        return list(server.project.scores.rows())


@pytest.mark.parametrize("settings", [LangfuseSettings(), LangfuseSettings(score_body="list")], ids=["4.16", "4.59"])
def test_a_session_score_is_one_row_that_each_turn_brings_up_to_date(settings: LangfuseSettings) -> None:
    with LangfuseServer(settings) as server:
        store = store_on(server, specs=SPECS)

        async def use(store: LangfuseStore) -> None:
            for turn, value in enumerate((0.1, 0.9, 0.4)):
                # Within one second, where a server that goes by the date keeps the first of two equal ones.
                at = NOON + timedelta(milliseconds=2 * turn)
                await store.write_session_scores([session_score(value, at=at)])

        using(store, use)
        (row,) = rows(server)
    assert row.subject == {"kind": "session", "id": "sess-1"}
    assert (row.value, row.comment, row.environment) == (0.4, "risk 0.4", "production")
    assert row.config_id is not None
    assert row.metadata["turns"] == "2"


def test_a_session_score_that_is_no_number_is_refused_by_its_name() -> None:
    with LangfuseServer() as server:
        store = store_on(server)
        with pytest.raises(StoreRejected, match="'session_worst_risk' of session 'sess-1'"):
            using(store, lambda store: store.write_session_scores([session_score(float("nan"))]))
        with pytest.raises(StoreRejected, match="of session"):
            using(store, lambda store: store.write_session_scores([session_score(0.1, session="cut \ud83d")]))
    assert rows(server) == []


@pytest.mark.parametrize("generation", ["v4", "v3"])
def test_the_prompt_and_the_release_of_an_answer_are_known(generation: str) -> None:
    with LangfuseServer(LangfuseSettings(generation=generation)) as server:  # type: ignore[arg-type]  # one of them
        trace_id = add_root(server, 1, sessionId="sess-1", release="2026.11.3")
        for number, prompt in enumerate((("old", 1), ("qa", 7)), 2):
            name, version = prompt
            add_step(server, trace_id, number, promptName=name, promptVersion=version)
        key = TraceKey(trace_id=trace_id, start=NOON, end=NOON)
        fetched = using(store_on(server), lambda store: store.fetch_traces([key]))
        trace = trace_in(fetched, trace_id)
    assert trace is not None
    facts = facts_of(trace)
    assert (facts.prompt_name, facts.prompt_version) == ("qa", "7")
    assert (facts.session_id, facts.release) == ("sess-1", "2026.11.3")


def add_step(server: LangfuseServer, trace_id: str, number: int, **columns: Any) -> None:
    start = (NOON + timedelta(milliseconds=number)).astimezone(UTC).isoformat(timespec="milliseconds")
    server.project.add_observation(
        traceId=trace_id, id=f"{number:016x}", type="GENERATION", name="answer", startTime=start, endTime=start,
        environment="production", parentObservationId=f"{1:016x}", isRootObservation=False, output="a", **columns,
    )  # fmt: skip
