"""The store as a whole: its experiment, its links, its budget, and what doctor sees."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.capabilities import Examination, WithExamination, WithRequestBudget, WithScoredTraces
from assay.worker.ports.health import Check
from assay.worker.ports.trace_links import WithTraceLinks
from assay.worker.stores.mlflow.client import Login
from assay.worker.stores.mlflow.factory import FACTORY
from assay.worker.stores.mlflow.store import MlflowStore
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow.filled import client_of
from tests.unit.worker.stores.mlflow.making import add, id_of, span, store_on, using


@pytest.fixture
def server() -> Iterator[MlflowServer]:
    with MlflowServer() as server:
        server.tables.experiments |= {"7": "support bot", "8": "7"}
        yield server


@pytest.mark.parametrize(("named", "project"), [("support bot", "7"), ("0", "0"), ("Default", "0"), ("7", "8")])
def test_experiment_is_found_by_name_and_else_by_id(server: MlflowServer, named: str, project: str) -> None:
    assert using(store_on(server, experiment=named), lambda store: store.project_id()) == project


@pytest.mark.parametrize("named", ["nope", "99"])
def test_experiment_that_is_not_there_is_a_persons_to_mend(server: MlflowServer, named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"no experiment '{named}'"):
        using(store_on(server, experiment=named), lambda store: store.project_id())


def test_capabilities_are_those_the_folder_tells(server: MlflowServer) -> None:
    store = store_on(server)
    for capability in (WithScoredTraces, WithTraceLinks, WithExamination, WithRequestBudget):
        assert isinstance(store, capability)
        assert capability in FACTORY.capabilities


def test_link_opens_the_trace_and_holds_no_strange_character(server: MlflowServer) -> None:
    url = using(store_on(server), lambda store: store.trace_url("tr-[1] /?#\n"))
    assert url == f"{server.url}/#/experiments/0/traces?selectedEvaluationId=tr-%5B1%5D%20%2F%3F%23%0A"


def test_budget_tells_that_each_score_is_a_request(server: MlflowServer) -> None:
    budget = using(store_on(server), lambda store: store.request_budget())
    assert (budget.scores_per_request, budget.traces_per_request, budget.roots_per_request) == (1, 20, 500)


def examined(store: MlflowStore, *, write: bool = False) -> list[Check]:
    async def use(store: MlflowStore) -> list[Check]:
        return [check async for check in store.examine(Examination(excluded=["ours"], write=write))]

    return using(store, use)


def test_doctor_finds_all_well_and_leaves_nothing(server: MlflowServer) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    add(server, span(1, start=now, end=now, resource={"deployment.environment.name": "production"}))
    checks = examined(store_on(server), write=True)
    assert [(check.name, check.status) for check in checks] == [
        ("mlflow", "ok"),
        ("environments", "ok"),
        ("spans", "ok"),
        ("test score", "ok"),
    ]
    assert "3.17.2" in checks[0].message
    assert "production 1" in checks[1].message
    assert server.tables.assessments == {}


def test_doctor_warns_where_no_trace_is(server: MlflowServer) -> None:
    assert [check.status for check in examined(store_on(server), write=True)] == ["ok", "warn", "ok", "warn"]


def test_doctor_ends_where_nothing_can_be_asked(server: MlflowServer) -> None:
    (check,) = examined(store_on(server, experiment="nope"))
    assert (check.status, check.is_configuration) == ("fail", True)
    (check,) = examined(MlflowStore(client_of("http://127.0.0.1:9"), experiment="0"))
    assert (check.status, check.is_configuration) == ("fail", False)


def test_doctor_tells_a_wrong_login() -> None:
    with MlflowServer(token="right") as server:
        login = Login(token=SecretStr("wrong"), username=None, password=None)
        (check,) = examined(store_on(server, login=login))
    assert (check.status, check.is_configuration) == ("fail", True)
    assert "MLFLOW_TRACKING_TOKEN" in check.remedy


def test_doctor_tells_a_server_without_the_route_for_spans(server: MlflowServer) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    add(server, span(1, start=now, end=now))
    server.before = lambda asked: server.fail("GET /api/3.0", 404) if "batchGet" in asked else None
    checks = {check.name: check for check in examined(store_on(server))}
    assert checks["spans"].status == "fail"
    assert id_of(1) not in checks["spans"].message


def test_doctor_says_where_a_score_does_not_arrive(server: MlflowServer) -> None:
    now = datetime.now(UTC) - timedelta(minutes=1)
    add(server, span(1, start=now, end=now))
    server.tables.create = lambda trace_id, given: given  # type: ignore[method-assign]  # accepted, and dropped
    checks = {check.name: check for check in examined(store_on(server), write=True)}
    assert checks["test score"].status == "fail"
