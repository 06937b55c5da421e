"""Spans that nobody can read, lists without an end, evaluations of other programs, keys that no header carries."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.store import StoreContext
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.traces import Trace
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.datadog.codec import bare, root_of, trace_of
from assay.worker.stores.datadog.evaluations import scores_in
from assay.worker.stores.datadog.factory import FACTORY, DatadogSection, DatadogVariables
from assay.worker.stores.datadog.store import DatadogStore
from tests.servers.datadog.server import DatadogServer
from tests.servers.threaded_server import Reply
from tests.unit.worker.stores.datadog.making import NOON, TRACE, asked, fill, key, span

BAD = "6903738200000000af2d3775dfc70531"


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


async def listed(store: DatadogStore) -> list[str]:
    pages = [page async for page in store.list_roots(NOON, NOON + timedelta(hours=1))]
    return [root.trace_id for page in pages for root in page]


def test_span_with_deep_metadata_takes_no_neighbour_along() -> None:
    with DatadogServer() as server:
        fill(server, span(), span("77", BAD, meta={"metadata": {"a": nested(300)}}))
        assert sorted(asked(server, listed)) == [TRACE, BAD]
        fetched = asked(server, lambda store: store.fetch_traces([key(), key(BAD)]))
    assert [type(fetched[i]) for i in (TRACE, BAD)] == [Trace, Trace]


def test_text_that_is_json_too_deep_stays_a_text() -> None:
    text = "[" * 1200 + "]" * 1200
    shown = {"trace_id": TRACE, "span_id": "1", "parent_id": "undefined", "start_ns": 1.8e18, "input": {"value": text}}
    trace = trace_of([shown])
    assert trace is not None
    assert trace.input == text


@pytest.mark.parametrize("start", [10**400, 1e29, float("inf"), -5, "soon"])
def test_span_without_a_moment_is_no_root(start: Any) -> None:
    shown = {"trace_id": TRACE, "span_id": "1", "start_ns": start}
    assert root_of(shown) is None
    assert root_of(bare({**shown, "start_ns": 1.8e18})) is not None


@pytest.mark.parametrize("cursors", [["a", "b"], None])
def test_list_that_does_not_end_is_told(cursors: list[str] | None) -> None:
    numbers = count()

    def endless(request: object) -> Reply:
        number = next(numbers)
        after = cursors[number % 2] if cursors else str(number)
        return Reply(200, {"data": [], "meta": {"page": {"after": after}}})

    with DatadogServer() as server:
        server._searched = endless  # type: ignore[method-assign]
        with pytest.raises(StoreUnavailable, match=r"turns in a circle|does not end"):
            asked(server, listed)
    assert next(numbers) < 30


def test_evaluation_of_another_program_takes_none_of_ours_along() -> None:
    ours: dict[str, Any] = {"value": 0.5, "eval_metric_type": "score", "metadata": {"assay": {"id": "mine"}}}
    wrong: list[dict[str, Any]] = [{"timestamp": "yesterday"}, {"timestamp": 5}, {"observation_id": 5}]
    foreign: dict[str, Any] = {
        f"other{n}": {**ours, "metadata": {"assay": {"id": "x", **w}}} for n, w in enumerate(wrong)
    }
    shown = {"trace_id": TRACE, "span_id": "1", "start_ns": 1.8e18, "evaluation": {**foreign, "ok": ours}}
    assert [score.id for score in scores_in(shown)] == ["mine"]


@pytest.mark.parametrize(("api", "app", "named"), [("k\n", "k", "DD_API_KEY"), ("k", "k \u00e9", "DD_APP_KEY")])
def test_key_that_no_header_carries_is_named(api: str, app: str, named: str) -> None:
    context = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="embedded")
    variables = DatadogVariables(dd_api_key=SecretStr(api), dd_app_key=SecretStr(app), dd_ml_app="bot")
    with pytest.raises(ConfigurationError, match=named):
        FACTORY.open(DatadogSection(), variables, context)
