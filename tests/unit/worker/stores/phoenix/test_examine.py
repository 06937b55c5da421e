"""What `assay doctor` says of a Phoenix project."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.stores.phoenix.store import PhoenixStore
from tests.servers.phoenix import Fault, PhoenixServer
from tests.unit.worker.stores.phoenix.making import OTHER, sent, span, store_on, within


@pytest.fixture
def server() -> Iterator[PhoenixServer]:
    with PhoenixServer() as running:
        yield running


async def checks(store: PhoenixStore) -> list[Check]:
    return [check async for check in store.examine(Examination(excluded=("bots",), write=True))]


def now() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


def test_project_with_traces_is_reached_read_and_written_and_left_as_it_was(server: PhoenixServer) -> None:
    sent(server, [span(1, start=now(), end=now(), attributes={"deployment.environment.name": "production"})])
    found = within(store_on(server), checks)
    assert [(check.name, check.status) for check in found] == [
        ("phoenix", "ok"),
        ("environments", "ok"),
        ("roots", "ok"),
        ("test score", "ok"),
    ]
    assert "20.26.1" in found[0].message
    assert "production 1" in found[1].message
    assert server.contents.annotations["trace_annotations"] == {}


def test_wrong_key_is_a_persons_to_mend(server: PhoenixServer) -> None:
    server.api_key = "right"
    (check,) = within(store_on(server, key="wrong"), checks)
    assert (check.name, check.status, check.is_configuration) == ("phoenix key", "fail", True)
    assert "wrong" not in check.message


def test_project_that_is_not_there_says_where_to_name_it(server: PhoenixServer) -> None:
    (check,) = within(store_on(server, project="nobody"), checks)
    assert check.status == "fail"
    assert check.is_configuration
    assert "PHOENIX_PROJECT" in check.remedy


def test_empty_project_warns_and_writes_nothing(server: PhoenixServer) -> None:
    found = within(store_on(server), checks)
    assert [(check.name, check.status) for check in found][1:] == [
        ("environments", "warn"),
        ("roots", "ok"),
        ("test score", "warn"),
    ]


def test_traces_without_roots_and_without_environment_are_told(server: PhoenixServer) -> None:
    sent(server, [span(1, start=now(), end=now()), span(2, trace_id=OTHER, parent=9, start=now(), end=now())])
    found = {check.name: check for check in within(store_on(server), checks)}
    assert "1 traces" in found["roots"].message
    assert "deployment.environment.name" in found["environments"].remedy


def test_score_that_may_not_be_written_fails(server: PhoenixServer) -> None:
    sent(server, [span(1, start=now(), end=now())])

    async def use(store: PhoenixStore) -> list[Check]:
        found = []
        async for check in store.examine(Examination(write=True)):
            found.append(check)
            if check.name == "roots":
                server.faults.append(Fault(403, body=b"viewers may not"))
        return found

    found = within(store_on(server), use)
    assert (found[-1].name, found[-1].status) == ("test score", "fail")


def test_store_that_fails_on_the_way_is_not_examined_further(server: PhoenixServer) -> None:
    async def use(store: PhoenixStore) -> list[Check]:
        found = []
        async for check in store.examine(Examination()):
            found.append(check)
            server.faults += [Fault(500)] * 3
        return found

    found = within(store_on(server), use)
    assert [(check.name, check.status) for check in found] == [("phoenix", "ok"), ("recent traces", "fail")]
