"""A wrong server is told as such: it never looks like an empty store, never holds a call, and shows no key of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.limits import RateLimit
from assay.worker.ports.store import StoreContext
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceKey
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.mlflow.client import Login, MlflowClient
from assay.worker.stores.mlflow.transport import Quota
from assay.worker.stores.phoenix.client import PhoenixClient
from assay.worker.stores.registry import sink_factories
from tests.servers.odd_server import OddServer, trickling

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
HEX = "4bf92f3577b34da6a3ce929d0e0e4736"
KEY = "sk-SECRET-0123456789abcdef"
READING = ("tempo", "jaeger", "phoenix", "mlflow")


def variables_of(kind: str, url: str, key: str = KEY) -> dict[str, str]:
    header = f"authorization=Bearer%20{key}"
    return {
        "tempo": {"ASSAY_TEMPO_URL": url, "ASSAY_TEMPO_OTLP_ENDPOINT": url, "ASSAY_TEMPO_HEADERS": header},
        "jaeger": {"ASSAY_JAEGER_URL": url, "ASSAY_JAEGER_OTLP_ENDPOINT": url, "ASSAY_JAEGER_HEADERS": header},
        "phoenix": {"PHOENIX_ENDPOINT": url, "PHOENIX_API_KEY": key},
        "mlflow": {"MLFLOW_TRACKING_URI": url, "MLFLOW_TRACKING_TOKEN": key},
        "otlp": {"ASSAY_RESULTS_OTLP_ENDPOINT": url, "ASSAY_RESULTS_OTLP_HEADERS": header},
        "honeycomb": {"HONEYCOMB_API_ENDPOINT": url, "HONEYCOMB_API_KEY": key},
    }[kind]


def store_of(kind: str, url: str, key: str = KEY, **section: Any) -> Any:
    factory = sink_factories()[kind]
    context = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="none")
    variables = factory.variables.model_validate(variables_of(kind, url, key))
    return factory.open(factory.section.model_validate(section), variables, context)


def score_on(trace_id: str, **columns: Any) -> Score:
    given = {"id": "s1", "trace_id": trace_id, "name": "g", "value": 0.5, "timestamp": NOON}
    return Score.model_validate(given | columns)


def calls(store: Any, trace_id: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    key = TraceKey(trace_id=trace_id, start=NOON, end=NOON)
    score = score_on(trace_id)

    async def listed() -> list[Any]:
        return [root async for page in store.list_roots(NOON, NOON + timedelta(hours=1)) for root in page]

    return {
        "list": listed,
        "fetch": lambda: store.fetch_traces([key]),
        "rootless": lambda: store.count_rootless(NOON, NOON + timedelta(hours=1)),
        "write": lambda: store.write_scores([score]),
        "read": lambda: store.read_scores([score.key]),
    }


def outcomes(kind: str, url: str, **options: Any) -> dict[str, Any]:
    """What each call ends in: its result, or its error."""

    async def run() -> dict[str, Any]:
        store = store_of(kind, url, **options)
        trace_id = f"tr-{HEX}" if kind == "mlflow" else HEX
        ended: dict[str, Any] = {}
        try:
            for name, call in calls(store, trace_id).items():
                try:
                    ended[name] = await asyncio.wait_for(call(), 20)
                except EvaluationError as exc:
                    ended[name] = exc
        finally:
            await store.close()
        return ended

    return asyncio.run(run())


WRONG = [b"", b"null", b"[]", b'{"message":"maintenance"}', b'{"data":null}', b"<html>login</html>", b'{"data":{}}']


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize("body", WRONG)
def test_page_of_a_proxy_is_no_empty_store_and_parks_nothing(kind: str, body: bytes) -> None:
    with OddServer(200, body) as server:
        ended = outcomes(kind, server.url)
    assert {name: type(outcome) for name, outcome in ended.items() if not isinstance(outcome, StoreUnavailable)} == {}


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize(
    "body", [b'{"detail":"Not Found"}', b'{"message":"no Route matched with those values"}', b"404 page not found"]
)
def test_404_of_a_proxy_does_not_mean_that_nothing_is_there(kind: str, body: bytes) -> None:
    with OddServer(404, body) as server:
        ended = outcomes(kind, server.url)
    assert {name: type(outcome) for name, outcome in ended.items() if not isinstance(outcome, StoreUnavailable)} == {}


@pytest.mark.parametrize("status", [400, 401, 500])
@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize("before", ["key ", "x" * 185 + " "])
def test_key_that_a_server_echoes_is_in_no_message_nor_its_beginning(kind: str, status: int, before: str) -> None:
    words = f"{before}{KEY} is not valid"
    with OddServer(status, json.dumps({"message": words, "detail": words}).encode()) as server:
        ended = outcomes(kind, server.url)
    assert all(isinstance(outcome, EvaluationError) for outcome in ended.values())
    assert not [outcome for outcome in ended.values() if "sk-SEC" in str(outcome)]


@pytest.mark.parametrize("kind", [*READING, "otlp", "honeycomb"])
@pytest.mark.parametrize("key", [f"{KEY}%0a", "sk-ключ", f"{KEY}\n", f" {KEY}"])
def test_key_that_no_header_carries_is_refused_at_opening_by_its_variable(kind: str, key: str) -> None:
    is_in_headers = kind in {"tempo", "jaeger", "otlp"}
    if not is_in_headers and "%" in key:
        key = f"{KEY}\r\nX-Evil: 1"
    if is_in_headers and "%" not in key and key.isascii():
        key = f"{KEY}%20"
    with pytest.raises(ConfigurationError, match=r"_HEADERS|_API_KEY|_TRACKING_TOKEN") as caught:
        store_of(kind, "http://127.0.0.1:1", key)
    assert "SECRET" not in str(caught.value)


def test_tenant_and_dataset_that_no_header_carries_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="tenant: must be of ASCII"):
        store_of("tempo", "http://127.0.0.1:1", tenant="büro")
    with pytest.raises(ConfigurationError, match="dataset: must be of ASCII"):
        store_of("honeycomb", "http://127.0.0.1:1", dataset="a\n")


@pytest.mark.parametrize("kind", [*READING, "otlp", "honeycomb"])
def test_login_and_key_in_an_address_are_not_in_what_settings_show(kind: str) -> None:
    factory = sink_factories()[kind]
    variables = factory.variables.model_validate(variables_of(kind, f"http://me:{KEY}@host/path?api_key={KEY}"))
    assert "SECRET" not in variables.model_dump_json()
    assert "http://host/path" in variables.model_dump_json()


def test_answer_that_trickles_ends_in_an_error() -> None:
    limits, limit = MemoryLimits(), RateLimit(name="x", amount=1e6)

    async def run(url: str) -> list[BaseException | None]:
        from assay.worker.store_clients.connection import Connection

        connection = Connection(url, remedy="", limits=limits, limit=limit, timeout_s=2.0, deadline_s=0.3)
        phoenix = PhoenixClient(url, project="p", limits=limits, timeout_s=2.0)
        login = Login(token=SecretStr(KEY), username=None, password=None)
        quota = Quota(server="x", per_minute=1000)
        mlflow = MlflowClient(url, login=login, limits=limits, quota=quota, timeout_s=2.0, max_wait_s=0.1)
        ended: list[BaseException | None] = []
        for client in (connection, phoenix, mlflow):
            try:
                await asyncio.wait_for(client.get("/thing"), 60)
            except (EvaluationError, TimeoutError) as exc:
                ended.append(exc)
            await client.close()
        return ended

    with trickling() as url:
        ended = asyncio.run(run(url))
    assert len(ended) == 3
    for error in ended:
        assert isinstance(error, StoreUnavailable)
        assert "no whole answer in" in str(error)


@pytest.mark.parametrize("kind", ["phoenix", "mlflow"])
def test_pages_that_turn_in_a_circle_end_in_an_error(kind: str) -> None:
    trace = {"trace_id": f"tr-{HEX}", "request_time": "2026-11-03T12:00:00Z", "state": "OK"}
    page = {"data": [], "next_cursor": "A", "traces": [trace], "next_page_token": "A"}
    with OddServer(200, json.dumps(page).encode()) as server:

        async def run() -> list[Any]:
            store = store_of(kind, server.url)
            if kind == "mlflow":
                store._experiment = "1"
            try:
                return [root async for page in store.list_roots(NOON, NOON + timedelta(hours=1)) for root in page]
            finally:
                await store.close()

        with pytest.raises(StoreUnavailable, match="turns in a circle"):
            asyncio.run(run())
        assert server.heard < 10


@pytest.mark.parametrize("kind", ["tempo", "jaeger", "phoenix", "mlflow"])
def test_half_of_a_character_is_refused_by_name_before_anything_is_sent(kind: str) -> None:
    trace_id = f"tr-{HEX}" if kind == "mlflow" else HEX
    bad = score_on(trace_id, observation_id="00f067aa0ba902b7").model_copy(update={"comment": "half \ud83d"})

    async def run(url: str) -> None:
        store = store_of(kind, url)
        try:
            key = TraceKey(trace_id="a\ud800", start=NOON, end=NOON)
            assert await store.fetch_traces([key]) == {}
            assert await store.read_scores([score_on("x").key._replace(trace_id="a\ud800")]) == {}
            await store.write_scores([bad])
        finally:
            await store.close()

    with OddServer() as server:
        with pytest.raises(StoreRejected, match=r"score 'g'"):
            asyncio.run(run(server.url))
        assert server.heard == 0


@pytest.mark.parametrize("kind", ["otlp", "honeycomb"])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_2xx_means_that_results_were_taken(kind: str, status: int) -> None:
    async def run(url: str) -> list[str]:
        store = store_of(kind, url, results_as=["spans", "events"])
        try:
            await store.write_scores([score_on(HEX, observation_id="00f067aa0ba902b7")])
            return [check.status async for check in store.examine(Examination())]
        finally:
            await store.close()

    with OddServer(status, b"", "") as server:
        assert asyncio.run(run(server.url)) == ["ok"]


@pytest.mark.parametrize("status", [400, 422])
def test_server_that_refuses_empty_requests_is_there_all_the_same(status: int) -> None:
    async def run(url: str) -> list[Any]:
        store = store_of("otlp", url, results_as=["events"])
        try:
            return [check async for check in store.examine(Examination())]
        finally:
            await store.close()

    with OddServer(status, b"empty request", "text/plain") as server:
        [check] = asyncio.run(run(server.url))
    assert check.status == "warn"
    assert f"refuses an empty request: POST {server.url}/v1/logs: {status}: empty request" in check.message
