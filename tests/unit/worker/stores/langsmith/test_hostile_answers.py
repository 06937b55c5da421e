"""Runs that nobody can read, long traces, lists without an end: each is told for itself."""

from __future__ import annotations

import asyncio
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.store import StoreContext
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.traces import Trace
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.langsmith import traces
from assay.worker.stores.langsmith.factory import FACTORY, LangSmithSection, LangSmithVariables
from assay.worker.stores.langsmith.feedback import newest
from assay.worker.stores.langsmith.store import LangSmithStore
from tests.servers.langfuse.faults import Fault, Faults
from tests.servers.langsmith.server import LangSmithServer
from tests.servers.threaded_server import Reply, Request
from tests.unit.worker.stores.langsmith.making import asked, fill, key, run, score
from tests.unit.worker.stores.langsmith.test_runs import QUERIES, ids, listed


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize(
    "columns",
    [
        {"inputs": {"a": nested(300)}},
        {"extra": {"metadata": {"a": nested(300)}}},
        {"tags": 5},
        {"total_cost": 10**400, "run_type": "llm", "prompt_tokens": 1},
    ],
)
def test_run_that_cannot_be_read_takes_no_neighbour_along(columns: dict[str, Any]) -> None:
    good, bad = ids(2)
    with LangSmithServer() as server:
        fill(server, run(good, good), run(bad, bad, **columns))
        fetched = asked(server, lambda store: store.fetch_traces([key(good), key(bad)]))
        assert sorted(asked(server, listed)) == [good, bad]
    assert isinstance(fetched[good], Trace)
    assert isinstance(fetched[bad], StoreRejected if "inputs" in columns else Trace)


def test_answer_too_deep_for_the_parser_is_read_but_for_one_row() -> None:
    good, bad = ids(2)
    rows = [json.dumps(run(good, good)), json.dumps(run(bad, bad, inputs={"a": "@"}))]
    text = f'{{"items": [{", ".join(rows)}], "next_cursor": null}}'.replace('"@"', "[" * 1200 + "]" * 1200)
    with LangSmithServer(faults=Faults(rules=[Fault("status", 1.0, on=QUERIES, status=200, text=text)])) as server:
        fill(server)
        fetched = asked(server, lambda store: store.fetch_traces([key(good), key(bad)]))
    assert isinstance(fetched[good], Trace)
    assert isinstance(fetched[bad], StoreRejected)


@pytest.mark.parametrize("text", ["{}", '{"items": null}', "[]", "null", '{"items": [], "next_cursor": {"a": 1}}'])
def test_answer_without_a_list_is_no_empty_list(text: str) -> None:
    with LangSmithServer(faults=Faults(rules=[Fault("status", 1.0, on=QUERIES, status=200, text=text)])) as server:
        fill(server)
        with pytest.raises(StoreUnavailable):
            asked(server, listed)


@pytest.mark.parametrize("cursors", [["a", "b"], None])
def test_list_that_does_not_end_is_told(cursors: list[str] | None) -> None:
    numbers = count()

    def endless(request: Request) -> Reply:
        number = next(numbers)
        return Reply(200, {"items": [], "next_cursor": cursors[number % 2] if cursors else str(number)})

    with LangSmithServer() as server:
        fill(server)
        server.runs.newer = endless  # type: ignore[method-assign]
        with pytest.raises(StoreUnavailable, match=r"turns in a circle|does not end"):
            asked(server, listed)
    assert next(numbers) < 30


def test_long_traces_take_few_queries() -> None:
    roots = ids(4)
    steps = [run(f"6903738a-0000-4000-9{t:03x}-{n:012x}", root) for t, root in enumerate(roots) for n in range(700)]
    with LangSmithServer() as server:
        fill(server, *(run(root, root) for root in roots), *steps)
        fetched = asked(server, lambda store: store.fetch_traces([key(root) for root in roots]))
        assert len(server.requests("/runs/query")) == 3
    assert [len(t.observations) for t in fetched.values() if isinstance(t, Trace)] == [700] * 4


def test_page_that_is_too_large_is_asked_for_in_smaller_ones_and_nothing_is_read_twice() -> None:
    roots = ids(40)
    with LangSmithServer() as server:
        fill(server, *(run(root, root, inputs={"text": "x" * 1000}) for root in roots))

        async def use(store: LangSmithStore) -> Any:
            store._traces._runs._connection.most_bytes = 20_000
            return await store.fetch_traces([key(root) for root in roots])

        fetched = asked(server, use)
        queries = len(server.requests("/runs/query"))
    assert [type(t) for t in fetched.values()] == [Trace] * 40
    assert queries < 40


def test_call_ends_in_its_time_with_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "FETCH_S", 0.5)
    slow = Faults(rules=[Fault("slow", 1.0, on=QUERIES, delay_s=3.0)])
    with LangSmithServer(faults=slow) as server:
        fill(server, *(run(root, root) for root in ids(1)))
        with pytest.raises(StoreUnavailable, match=r"in 0\.5 s"):
            asked(server, lambda store: store.fetch_traces([key(root) for root in ids(1)]))


@pytest.mark.parametrize(
    "row",
    [
        {"score": 1.0, "feedback_source": {"type": "model", "metadata": ["foreign"]}},
        {"score": "n/a", "feedback_source": {"metadata": {"assay": {"id": "i"}}}},
        {"score": [1], "feedback_source": {"metadata": {"assay": {"id": "i"}}}},
        {"score": 1.0, "feedback_source": {"metadata": {"assay": {"id": "i", "observation_id": 5}}}},
    ],
)
def test_feedback_of_another_program_takes_none_of_ours_along(row: dict[str, Any]) -> None:
    ours = {"score": 0.5, "feedback_source": {"metadata": {"assay": {"id": "mine"}}}}
    shared = {"trace_id": ids(1)[0], "key": "k", "modified_at": "2026-11-20T12:00:00Z"}
    assert list(newest([{**shared, **row}, {**shared, **ours}])) == ["mine"]


def test_batch_that_failed_in_part_is_not_sent_again_as_a_whole() -> None:
    roots = ids(8)
    faults = Faults(seed=3, rules=[Fault("status", 0.6, on=r"POST /api/v1/feedback$", status=500)])
    scores = [score(trace_id=root) for root in roots]
    with LangSmithServer(faults=faults) as server:
        fill(server, *(run(root, root) for root in roots))

        async def use(store: LangSmithStore) -> None:
            for _ in range(50):
                try:
                    await store.write_scores(scores)
                except StoreUnavailable:
                    await asyncio.sleep(0)
                else:
                    return
            raise AssertionError("never written")

        asked(server, use)
        taken = [r for r, status in server.log if r.path.endswith("/feedback") and status == 200]
        assert len(taken) == len(server.feedback.by_id) == 8


@pytest.mark.parametrize("text", ["lsv2\n", "ls v2", "", "lsv2\u00e9"])
def test_key_that_no_header_carries_is_named(text: str, tmp_path: Path) -> None:
    context = StoreContext(home=tmp_path, data_dir=tmp_path, limits=MemoryLimits(), embedded_kind="sqlite")
    with pytest.raises(ConfigurationError, match="LANGSMITH_API_KEY"):
        FACTORY.open(LangSmithSection(), LangSmithVariables(langsmith_api_key=SecretStr(text)), context)
