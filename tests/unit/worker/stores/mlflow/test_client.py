"""What answers mean: which are tried again, which are a person's to mend, and what is never told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.mlflow.client import Login, MlflowClient, NotThere, RouteMissing, ServerFailed, TooLarge
from assay.worker.stores.mlflow.transport import Quota
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow.filled import client_of


@pytest.fixture
def server() -> Iterator[MlflowServer]:
    with MlflowServer() as server:
        yield server


EXPERIMENT = "/api/2.0/mlflow/experiments/get"


def asked(client: MlflowClient, path: str = EXPERIMENT, **query: str) -> object:
    async def run() -> object:
        try:
            return await client.get(path, list((query or {"experiment_id": "0"}).items()))
        finally:
            await client.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, StoreAccessDenied),
        (403, StoreAccessDenied),
        (404, RouteMissing),
        (400, StoreRejected),
        (413, TooLarge),
        (302, StoreUnavailable),
        (409, StoreUnavailable),
    ],
)
def test_status_becomes_an_error_by_what_helps(server: MlflowServer, status: int, error: type[StoreError]) -> None:
    server.fail("GET /api/2.0", status)
    client = client_of(server.url)
    if status in {302, 409}:
        server.fail("GET /api/2.0", status)
        server.fail("GET /api/2.0", status)
    with pytest.raises(error):
        asked(client)


def test_missing_object_is_told_from_a_missing_route(server: MlflowServer) -> None:
    with pytest.raises(NotThere, match="No Experiment"):
        asked(client_of(server.url), experiment_id="77")


@pytest.mark.parametrize("status", [500, 502, 503])
def test_failing_server_is_asked_again_within_seconds(server: MlflowServer, status: int) -> None:
    server.fail("GET /api/2.0", status)
    assert asked(client_of(server.url))
    assert len(server.requests) == 2


def test_429_is_waited_for_as_long_as_it_asks(server: MlflowServer) -> None:
    server.fail("GET /api/2.0", 429, **{"Retry-After": "45"})
    with pytest.raises(StoreBusy) as busy:
        asked(client_of(server.url))
    assert busy.value.retry_after_s == 45


def test_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="MLFLOW_TRACKING_URI"):
        asked(client_of("http://127.0.0.1:9"))


def test_answer_that_is_too_long_is_not_read_to_its_end(server: MlflowServer) -> None:
    with pytest.raises(TooLarge, match="longer than 10 bytes"):
        asked(client_of(server.url, most_bytes=10))


def test_page_that_is_no_json_is_told(server: MlflowServer) -> None:
    with pytest.raises(StoreUnavailable, match="is MLFLOW_TRACKING_URI an MLflow server"):
        asked(client_of(server.url), "/health")


def test_token_is_sent_and_never_told() -> None:
    with MlflowServer(token="right") as server:
        quota = Quota(server="s", per_minute=1000)

        def client(token: str) -> MlflowClient:
            login = Login(token=SecretStr(token), username=None, password=None)
            return MlflowClient(server.url, login=login, limits=MemoryLimits(), quota=quota)

        assert asked(client("right"))
        with pytest.raises(StoreAccessDenied, match="MLFLOW_TRACKING_TOKEN") as denied:
            asked(client("wrong-token"))
    assert "wrong-token" not in str(denied.value)


def test_name_and_password_count_before_a_token() -> None:
    login = Login(token=SecretStr("t"), username="me", password=SecretStr("p"))
    assert login.auth == ("me", "p")
    assert login.headers == {}
    assert Login(token=SecretStr("t"), username="me", password=None).headers == {"Authorization": "Bearer t"}


def test_budget_that_is_used_up_is_not_the_servers_fault(server: MlflowServer) -> None:
    limits, quota = MemoryLimits(), Quota(server="s", per_minute=2)
    client = client_of(server.url, limits=limits, quota=quota, max_wait_s=0.1)

    async def run() -> None:
        try:
            for _ in range(3):
                await client.get(EXPERIMENT, [("experiment_id", "0")])
        finally:
            await client.close()

    with pytest.raises(StoreBusy, match="requests_per_minute"):
        asyncio.run(run())
    assert len(server.requests) == 2


def test_own_fault_of_the_server_keeps_its_words(server: MlflowServer) -> None:
    server.tables.infos["tr-1"] = {"trace_id": "tr-1"}
    server.tables.spans["tr-1"] = {}
    server.tables.files["tr-1"] = {"spans": []}
    with pytest.raises(ServerFailed, match="not stored in tracking store"):
        asked(client_of(server.url), "/api/3.0/mlflow/traces/batchGet", trace_ids="tr-1")
