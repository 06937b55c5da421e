"""Spans in the file: late, twice, too many, without a root, forgotten."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from assay.worker.ports.capabilities import LoggedEvent, SpanKey
from assay.worker.ports.source import trace_in
from assay.worker.ports.store_errors import StoreBusy, StoreUnavailable, TraceTooLarge
from assay.worker.records.scores import Score
from assay.worker.records.spans import Span, SpanEvent
from assay.worker.records.traces import OWN_ENVIRONMENT, Trace, TraceKey, TraceRoot
from assay.worker.stores.sqlite import resources, span_rows, spans
from assay.worker.stores.sqlite.store import SqliteStore
from tests.builders import make_trace
from tests.unit.worker.collector.receiving import a_span

T = TypeVar("T")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def tid(number: int = 1) -> str:
    return f"{number:032x}"


def at(number: int = 1, **over: object) -> Span:
    return a_span(number, **{"start": NOON, "end": NOON + timedelta(seconds=2), **over})  # type: ignore[arg-type]


async def fetched(store: SqliteStore, number: int = 1) -> Trace | None:
    return trace_in(await store.fetch_traces([TraceKey(trace_id=tid(number), start=NOON)]), tid(number))


async def roots(store: SqliteStore) -> list[TraceRoot]:
    return [root async for page in store.list_roots(NOON - timedelta(days=1), LATER) for root in page]


def within(path: Path, use: Callable[[SqliteStore], Awaitable[T]]) -> T:
    async def run() -> T:
        store = SqliteStore(path / "traces.db")
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_spans_in_any_order_and_twice_make_one_trace(tmp_path: Path) -> None:
    given = [at(1), *(at(n, parent=1, name=f"step {n}") for n in range(2, 20))]

    async def use(store: SqliteStore) -> None:
        mixed = given * 2
        random.Random(7).shuffle(mixed)
        for span in mixed:
            assert await store.add_spans([span]) == {}
        trace = await fetched(store)
        assert trace is not None
        assert sorted(step.name for step in trace.observations) == sorted(span.name for span in given[1:])
        assert [root.trace_id for root in await roots(store)] == [tid()]
        assert await store.count_traces() == 1
        assert trace.root == (await roots(store))[0]

    within(tmp_path, use)


def test_of_two_forms_of_a_span_the_later_end_stays(tmp_path: Path) -> None:
    early = at(1, end=NOON + timedelta(seconds=1), attributes={"output.value": "half"})
    late = at(1, end=NOON + timedelta(seconds=3), attributes={"output.value": "whole"})

    async def use(store: SqliteStore) -> None:
        for batch in ([late, early], [early], [late], [at(1, end=None)]):
            await store.add_spans(batch)
            trace = await fetched(store)
            assert trace is not None
            assert (trace.output, trace.root.end) == ("whole", late.end)
            assert [root.end for root in await roots(store)] == [late.end]

    within(tmp_path, use)


def test_a_trace_without_a_root_is_counted_until_it_comes(tmp_path: Path) -> None:
    hour = (NOON, NOON + timedelta(hours=1))

    async def use(store: SqliteStore) -> None:
        await store.add_spans([at(2, parent=1), at(3, parent=1), at(9, trace=2, parent=8)])
        assert await store.count_rootless(*hour) == 2
        assert await store.count_rootless(NOON + timedelta(seconds=1), LATER) == 0
        assert await roots(store) == []
        assert await fetched(store) is None
        await store.add_spans([at(1)])
        assert await store.count_rootless(*hour) == 1
        assert await fetched(store) is not None

    within(tmp_path, use)


def test_of_several_roots_the_one_that_is_judged_is_listed(tmp_path: Path) -> None:
    empty = at(1, attributes={}, name="create_agent")
    full = at(2, start=NOON + timedelta(seconds=1), name="invoke_agent")

    async def use(store: SqliteStore, order: list[Span]) -> None:
        for span in order:
            await store.add_spans([span])
        trace = await fetched(store)
        assert trace is not None
        assert [root.name for root in await roots(store)] == [trace.root.name] == ["invoke_agent"]

    within(tmp_path / "a", lambda store: use(store, [empty, full]))
    within(tmp_path / "b", lambda store: use(store, [full, empty]))


def test_spans_of_ours_are_left_out(tmp_path: Path) -> None:
    async def use(store: SqliteStore) -> None:
        ours = at(1, trace=2, resource={"deployment.environment.name": OWN_ENVIRONMENT})
        result = at(5, parent=1, attributes={"gen_ai.evaluation.name": "groundedness"})
        assert await store.add_spans([ours, result, at(1)]) == {}
        trace = await fetched(store)
        assert trace is not None
        assert f"{5:016x}" not in [step.id for step in trace.observations]
        assert await store.count_rootless(NOON, LATER) == 0
        assert [root.trace_id for root in await roots(store)] == [tid()]

    within(tmp_path, use)


def test_imported_traces_stay_as_they_are(tmp_path: Path) -> None:
    imported = make_trace(tid(), start=NOON, name="imported")

    async def use(store: SqliteStore) -> None:
        await store.add_traces([imported])
        await store.add_spans([at(1), at(2, parent=1)])
        assert await fetched(store) == imported
        assert await store.forget_spans(LATER) == 1
        assert await fetched(store) == imported
        await store.add_spans([at(1, trace=2)])
        await store.add_traces([make_trace(tid(2), start=NOON, name="imported")])
        assert await store.forget_spans(LATER) == 1
        second = await fetched(store, 2)
        assert second is not None
        assert second.root.name == "imported"

    within(tmp_path, use)


def test_a_trace_has_room_for_so_many_spans_and_for_its_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_rows, "MOST_PARTS", 10)

    async def use(store: SqliteStore) -> None:
        many = [at(n, parent=1) for n in range(2, 20)]
        refused = await store.add_spans(many)
        assert len(refused) == 8
        assert set(await store.add_spans(many)) == set(refused), "those that are there are no further ones"
        assert await store.add_spans([at(1)]) == {}, "the root comes last, and is taken"
        assert await store.add_spans([at(1, trace=2)]) == {}
        trace = await fetched(store)
        assert trace is not None
        assert len(trace.observations) == 10

    within(tmp_path, use)


def test_a_trace_has_room_for_so_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_rows, "MOST_BYTES", 50_000)
    large = {"output.value": "x" * 20_000}

    async def use(store: SqliteStore) -> None:
        refused = await store.add_spans([at(n, parent=1, attributes=large) for n in range(2, 6)])
        assert len(refused) == 2
        assert await store.add_spans([at(1, attributes=large)]) == {}

    within(tmp_path, use)


def test_ten_thousand_spans_are_read_as_one_trace(tmp_path: Path) -> None:
    async def use(store: SqliteStore) -> None:
        refused = await store.add_spans([at(n, parent=1) for n in range(2, 12_000)])
        assert len(refused) == 11_998 - 10_000
        await store.add_spans([at(1)])
        trace = await fetched(store)
        assert trace is not None
        assert len(trace.observations) >= 10_000

    within(tmp_path, use)


def test_traces_beyond_the_bytes_of_one_call_are_given_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "FETCHED_BYTES", 3_000)
    keys = [TraceKey(trace_id=tid(n), start=NOON) for n in range(1, 6)]

    async def use(store: SqliteStore) -> None:
        await store.add_spans([at(n, trace=n, attributes={"output.value": "x" * 1_000}) for n in range(1, 6)])
        given = await store.fetch_traces(keys)
        assert len(given) == 5
        there = {trace_id for trace_id, trace in given.items() if isinstance(trace, Trace)}
        assert 1 <= len(there) < 5
        assert all(isinstance(given[key.trace_id], StoreBusy) for key in keys if key.trace_id not in there)
        rest = await store.fetch_traces([key for key in keys if key.trace_id not in there])
        assert any(isinstance(trace, Trace) for trace in rest.values())

    within(tmp_path, use)


def test_what_is_old_is_forgotten_with_its_scores_a_little_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "FORGOTTEN_AT_ONCE", 7)
    score = Score(id="s", trace_id=tid(3), name="groundedness", value=0.5, timestamp=NOON)

    async def use(store: SqliteStore) -> None:
        await store.add_spans([span for n in range(1, 31) for span in (at(1, trace=n), at(2, trace=n, parent=1))])
        await store.add_spans([], [LoggedEvent(SpanKey(tid(3), f"{1:016x}"), SpanEvent(name="gen_ai.choice"))])
        await store.add_traces([make_trace("imported", start=NOON)])
        await store.write_scores([score, score.model_copy(update={"id": "i", "trace_id": "imported"})])
        assert await store.forget_spans(datetime.now(UTC) - timedelta(hours=1)) == 0
        assert await store.forget_spans(datetime.now(UTC) + timedelta(hours=1)) == 30
        assert [root.trace_id for root in await roots(store)] == ["imported"]
        assert await store.count_scores() == 1

    within(tmp_path, use)
    with closing(sqlite3.connect(tmp_path / "traces.db")) as connection:
        for table in ("spans", "span_events", "span_traces"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_span_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    broken = Span.model_construct(**{**dict(at(2, parent=1)), "name": "\ud800"})

    async def use(store: SqliteStore) -> None:
        refused = await store.add_spans([broken, at(1)])
        assert list(refused) == [SpanKey(tid(), f"{2:016x}")]
        assert await fetched(store) is not None

    within(tmp_path, use)


def test_file_of_an_older_version_takes_spans(tmp_path: Path) -> None:
    from assay.worker.stores.sqlite.schema import APPLICATION_ID, MIGRATIONS

    path = tmp_path / "traces.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in (*MIGRATIONS[0], *MIGRATIONS[1]):
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('project_id', 'p')")
        connection.execute(
            """INSERT INTO traces VALUES ('old', 'o', 'n', 'default', '2026-11-21T12:00:00.000000Z', NULL, 'DEFAULT',
            NULL, NULL, NULL, NULL, '[]', '{"resource.a": 1}', '"q"', '"a"')"""
        )
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 2")

    async def use(store: SqliteStore) -> None:
        assert await store.project_id() == "p"
        await store.add_spans([at(1)])
        assert await fetched(store) is not None
        old = trace_in(await store.fetch_traces([TraceKey(trace_id="old", start=NOON)]), "old")
        assert old is not None
        assert [old.root] == [root for root in await roots(store) if root.trace_id == "old"]
        assert old.root.metadata == {"resource.a": 1}

    within(tmp_path, use)


SHARED = {"service.name": "bot", "deployment.environment.name": "test", "note": "n" * 100_000}


def test_a_resource_is_kept_once_for_all_of_its_spans(tmp_path: Path) -> None:
    given = [
        Span.model_construct(**{**dict(at(n, trace=n % 40 + 1, parent=None if n <= 40 else 1)), "resource": SHARED})
        for n in range(1, 201)
    ]

    async def use(store: SqliteStore) -> None:
        assert await store.add_spans(given) == {}
        assert await store.add_spans([at(500, trace=500, resource={"service.name": "other"})]) == {}
        trace = await fetched(store, 2)
        assert trace is not None
        listed = {root.trace_id: root for root in await roots(store)}
        assert listed[tid(2)] == trace.root
        assert trace.root.environment == "test"
        assert trace.root.metadata["resource.note"] == SHARED["note"]
        assert "resource.deployment.environment.name" not in trace.root.metadata
        assert listed[tid(500)].metadata["resource.service.name"] == "other"

    within(tmp_path, use)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1_500_000
    with closing(sqlite3.connect(tmp_path / "traces.db")) as connection:
        assert connection.execute("SELECT count(*) FROM span_resources").fetchone() == (2,)


def test_a_resource_that_no_span_has_any_more_is_forgotten(tmp_path: Path) -> None:
    async def use(store: SqliteStore) -> None:
        await store.add_spans([at(1, resource={"a": "first"}), at(2, parent=1, resource={"a": "kept"})])
        await store.add_spans([at(1, end=NOON + timedelta(seconds=9), resource={"a": "second"})])
        trace = await fetched(store)
        assert trace is not None
        assert trace.root.metadata["resource.a"] == "second"
        assert [row["resource"] for row in await store._database.fetch("SELECT resource FROM span_resources")] == [
            '{"a":"kept"}',
            '{"a":"second"}',
        ]
        await store.forget_spans(LATER)
        assert await store._database.fetch("SELECT * FROM span_resources") == []

    within(tmp_path, use)


def test_columns_that_a_resource_gives_to_many_roots_are_bounded(tmp_path: Path) -> None:
    long = {"session.id": "s" * 50_000}

    async def use(store: SqliteStore) -> None:
        refused = await store.add_spans([at(1, resource=long), at(2, trace=2, attributes=long)])
        assert list(refused) == [SpanKey(tid(1), f"{1:016x}")]
        assert "too long" in refused[SpanKey(tid(1), f"{1:016x}")]
        huge = await store.add_spans([at(3, trace=3, resource={"a": "x" * 1_100_000})])
        assert "resource has more than" in next(iter(huge.values()))

    within(tmp_path, use)


def test_spans_are_written_by_their_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_rows, "BYTES_AT_ONCE", 50_000)
    remaining = iter([at(n, parent=1, attributes={"output.value": "x" * 20_000}) for n in range(2, 12)])
    sizes = []
    while (chunk := span_rows.span_rows(remaining)).given:
        sizes.append(sum(row.size for row in chunk.rows.values()))
    assert len(sizes) == 4
    assert max(sizes) < 50_000 + 21_000


def test_roots_fill_a_trace_as_other_spans_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_rows, "MOST_BYTES", 50_000)
    large = {"output.value": "x" * 20_000}

    async def use(store: SqliteStore) -> None:
        assert await store.add_spans([at(n, attributes=large) for n in range(1, 4)]) == {}
        assert len(await store.add_spans([at(n, attributes=large) for n in range(4, 30)])) == 26
        assert await store.add_spans([at(3, attributes=large, end=NOON + timedelta(seconds=5))]) == {}

    within(tmp_path, use)


def test_a_trace_that_is_too_large_is_told_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [TraceKey(trace_id=tid(n), start=NOON) for n in (1, 2, 3)]
    monkeypatch.setattr(spans, "READ_BYTES", 5_000)

    async def use(store: SqliteStore) -> None:
        await store.add_spans([at(1, attributes={"output.value": "x" * 6_000}), at(3, trace=3)])
        around = [at(n, trace=2, parent=1, resource={"a": "x" * 2_000, "n": n}) for n in range(10, 14)]
        await store.add_spans([at(1, trace=2), *around])
        given = await store.fetch_traces(keys)
        assert [type(given[key.trace_id]) for key in keys] == [TraceTooLarge, TraceTooLarge, Trace]

    within(tmp_path, use)


def test_pages_of_large_roots_are_shorter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "PAGE_BYTES", 5_000)

    async def use(store: SqliteStore) -> None:
        await store.add_spans([at(n, trace=n, attributes={"note": "x" * 2_000}) for n in range(1, 8)])
        await store.add_traces([make_trace("imported", start=NOON)])
        pages = [page async for page in store.list_roots(NOON, LATER)]
        assert [root.trace_id for page in pages for root in page] == [*map(tid, range(1, 8)), "imported"]
        assert max(len(page) for page in pages) <= 3

    within(tmp_path, use)


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_into_a_file_that_is_gone(tmp_path: Path, replaced: bool) -> None:
    async def use(store: SqliteStore) -> None:
        await store.add_spans([at(1)])
        (tmp_path / "traces.db").unlink()
        if replaced:
            (tmp_path / "traces.db").touch()
        for ask in (lambda: store.add_spans([at(2, parent=1)]), store.project_id):
            with pytest.raises(StoreUnavailable, match="removed or replaced"):
                await ask()

    within(tmp_path, use)
