"""Listing: which traces come, in which order, and what is known of them without their spans."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from assay.worker.stores.mlflow import listing
from tests.servers.mlflow import MlflowServer
from tests.unit.worker.stores.mlflow.making import HOUR, NOON, add, id_of, roots_in, span, store_on, using


@pytest.fixture
def server() -> Iterator[MlflowServer]:
    with MlflowServer() as server:
        yield server


def test_unfinished_traces_are_not_listed_but_counted(server: MlflowServer) -> None:
    add(server, span(1), span(2, step=1), span(3, step=1))
    assert [root.trace_id for root in roots_in(store_on(server))] == [id_of(1)]
    assert using(store_on(server), lambda store: store.count_rootless(NOON, NOON + HOUR)) == 2
    assert using(store_on(server), lambda store: store.count_rootless(NOON, NOON)) == 0


def test_more_traces_than_a_page_may_begin_in_one_millisecond(server: MlflowServer) -> None:
    add(server, *(span(number) for number in range(1, 1202)), span(1300, start=NOON + timedelta(milliseconds=1)))
    ids = [root.trace_id for root in roots_in(store_on(server))]
    assert len(ids) == len(set(ids)) == 1202
    assert ids[-1] == id_of(1300)


def test_offsets_are_left_where_time_goes_on(server: MlflowServer) -> None:
    add(server, *(span(number, start=NOON + timedelta(milliseconds=number)) for number in range(1, 1101)))
    tokens: list[str | None] = []
    asked = listing._ask

    async def watched(client: object, experiment: str, about: str, token: str | None) -> object:
        tokens.append(token)
        return await asked(client, experiment, about, token)  # type: ignore[arg-type]  # passed on

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(listing, "_ask", watched)
        assert len(roots_in(store_on(server))) == 1100
    assert set(tokens) == {None}


def test_own_environment_is_known_by_the_attributes_of_the_process(server: MlflowServer) -> None:
    add(server, span(1, resource={"deployment.environment.name": "assay", "service.name": "assay"}))
    add(server, span(2, resource={"deployment.environment.name": "production", "service.version": "2.1"}))
    (root,) = roots_in(store_on(server))
    assert (root.trace_id, root.environment, root.version) == (id_of(2), "production", "2.1")


def test_tags_and_metadata_are_the_roots(server: MlflowServer) -> None:
    add(server, span(1, status="ERROR", attributes={"session.id": "s", "user.id": "u"}))
    info = server.tables.infos[id_of(1)]
    info["tags"] |= {"mlflow.traceName": "answer", "legal": "", "team": "search", "environment": "staging"}
    info["trace_metadata"] |= {"release": "r7", "contexts": '["30 days"]', "mlflow.traceInputs": "secret text"}
    (root,) = roots_in(store_on(server))
    assert (root.name, root.level, root.environment, root.release) == ("answer", "ERROR", "staging", "r7")
    assert (root.session_id, root.user_id, root.tags) == ("s", "u", ("legal",))
    assert root.metadata == {"legal": "", "team": "search", "contexts": ["30 days"]}
    assert root.observation_id == ""


def test_trace_without_a_start_takes_no_other_with_it(server: MlflowServer) -> None:
    add(server, span(1), span(2))
    roots = listing._roots([{"trace_id": "tr-0"}, *(server.tables.infos[id_of(n)] for n in (1, 2))])
    assert [root.trace_id for root in roots] == [id_of(1), id_of(2)]


@pytest.mark.parametrize(("after_us", "millis"), [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2)])
def test_bounds_are_the_next_whole_millisecond(after_us: int, millis: int) -> None:
    moment = NOON + timedelta(microseconds=after_us)
    assert listing._millis(moment) - int(NOON.timestamp()) * 1000 == millis
