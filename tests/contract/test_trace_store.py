"""What every trace store must do, whatever product it is. A new store adds a bench (`tests/contract/stores`)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

import pytest

from assay.judges.errors import EvaluationError
from assay.judges.rubric import Rubric
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.store import Store
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.scores import Score
from assay.worker.records.traces import OWN_ENVIRONMENT, Observation, Trace, TraceKey, TraceRoot
from assay.worker.reporting.funnel import read_funnel
from assay.worker.state.memory.state import memory_state
from assay.worker.stores.registry import embedded_factory
from tests.builders import make_deployment
from tests.contract.stores import FilledStore, benches
from tests.servers.langfuse_filled import REAL

T = TypeVar("T")
# Some hours of a day nobody else uses, of its own for each run: a real server keeps what earlier runs wrote.
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC) if REAL is None else datetime.now(UTC).replace(microsecond=0)
RUN = uuid.UUID(int=0).hex[:16] if REAL is None else uuid.uuid4().hex[:16]


def tid(number: int) -> str:
    """A trace id such as every store takes: 32 hex digits."""
    return f"{RUN}{number:016x}"


class Published:
    """Keeps which traces were published."""

    def __init__(self) -> None:
        self.trace_ids: list[str] = []

    async def __call__(self, messages: Sequence[AssessMessage | RecordMessage]) -> None:
        self.trace_ids += [item.trace_id for m in messages if isinstance(m, AssessMessage) for item in m.items]


BENCHES = benches()


@pytest.fixture(params=BENCHES)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Each store that the registry lists, in turn; the real one that a developer names, if one is named."""
    kind: str = request.param
    with BENCHES[kind].serve(tmp_path):
        yield kind


@pytest.fixture
def factory(kind: str, tmp_path: Path) -> Callable[[], FilledStore]:
    return lambda: BENCHES[kind].open(tmp_path)


@pytest.fixture
def embedded(tmp_path: Path) -> Callable[[], FilledStore]:
    """The embedded store alone: what it promises beyond the contract."""
    return lambda: BENCHES[embedded_factory().kind].open(tmp_path)


def within(factory: Callable[[], FilledStore], use: Callable[[FilledStore], Awaitable[T]]) -> T:
    """Run `use` with a fresh instance over the same data, as another process would have it."""

    async def run() -> T:
        store = factory()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def trace(number: int, *, environment: str = "production", start: datetime = NOON, **columns: object) -> Trace:
    root = TraceRoot.model_validate(
        {
            "trace_id": tid(number),
            "observation_id": f"{number:015x}0",
            "name": "chat",
            "environment": environment,
            "start": start,
            "end": start + timedelta(seconds=2),
            **columns,
        }
    )
    under = {"parent_id": root.observation_id, "end": start + timedelta(seconds=1)}
    found = Observation.model_validate(
        {
            "id": f"{number:015x}1",
            "type": "retriever",
            "name": "r",
            "start": start,
            "output": [f"passage {number}"],
            **under,
        }
    )
    answered = Observation.model_validate(
        {
            "id": f"{number:015x}2",
            "type": "generation",
            "name": "g",
            "start": start,
            "output": "answer",
            "model": "m",
            "level": "WARNING",
            **under,
        }
    )
    return Trace(root=root, input={"question": "?"}, output="answer", observations=(found, answered))


def score(trace_id: str = tid(1), name: str = "groundedness", value: float | str = 0.5, **columns: object) -> Score:
    given = {
        "id": f"{trace_id}-{name}",
        "trace_id": trace_id,
        "name": name,
        "value": value,
        "timestamp": NOON,
        **columns,
    }
    return Score.model_validate(given)


def key(trace_id: str) -> TraceKey:
    return TraceKey(trace_id=trace_id, start=NOON, end=NOON)


async def listed(store: Store, start: datetime, end: datetime) -> list[TraceRoot]:
    return [root async for page in store.list_roots(start, end) for root in page]


def test_project_id_is_the_same_for_every_instance(factory: Callable[[], FilledStore]) -> None:
    first = within(factory, lambda store: store.project_id())
    assert first
    assert within(factory, lambda store: store.project_id()) == first


def test_list_roots_gives_every_trace_once_over_several_pages(factory: Callable[[], FilledStore]) -> None:
    # Equal start times over a page's edge are where paging loses or doubles.
    traces = [trace(n, start=NOON + timedelta(seconds=n // 700)) for n in range(1300)]

    async def use(store: FilledStore) -> tuple[list[int], list[TraceRoot]]:
        assert await store.add_traces(traces) == 1300
        pages = [page async for page in store.list_roots(NOON, NOON + timedelta(hours=1))]
        return [len(page) for page in pages], [root for page in pages for root in page]

    sizes, roots = within(factory, use)
    assert len(sizes) > 1
    assert {root.trace_id for root in roots} == {one.id for one in traces}
    assert len(roots) == 1300
    assert {root.trace_id: root for root in roots} == {one.id: one.root for one in traces}


def test_list_roots_takes_a_half_open_range(factory: Callable[[], FilledStore]) -> None:
    tick = timedelta(milliseconds=1)
    traces = [trace(1, start=NOON - tick), trace(2), trace(3, start=NOON + 5 * tick), trace(4, start=NOON + 6 * tick)]

    async def use(store: FilledStore) -> list[TraceRoot]:
        await store.add_traces(traces)
        return await listed(store, NOON, NOON + 6 * tick)

    assert sorted(root.trace_id for root in within(factory, use)) == [tid(2), tid(3)]


def test_sweep_takes_a_trace_once_that_the_store_shows_hours_after_its_window(
    factory: Callable[[], FilledStore],
) -> None:
    """A span is sent when it ends: a trace that ran for long turns up under a start that was listed long before."""
    state, clock, published = memory_state(), FixedClock(NOON), Published()
    quick, slow = trace(1, start=NOON), trace(2, start=NOON, end=NOON + timedelta(hours=3))

    async def sweep(store: FilledStore) -> int:
        deployment = make_deployment(window_seconds=3600, lookback_hours=1)
        sweeper = Sweeper(
            source=store,
            sink=store,
            ledger=state.ledger,
            windows=state.windows,
            documents=state.documents,
            locks=state.locks,
            deployment=deployment,
            rubrics={"grounding": Rubric(name="grounding")},
            publish=published,
            clock=clock,
            ledger_deadline=timedelta(minutes=2),
        )
        return (await sweeper.sweep()).selected

    async def use(store: FilledStore) -> list[int]:
        selected = []
        for hours in (1.1, 1.6, 3.5, 6.5, 25.1, 26.0):
            if hours == 1.1:
                await store.add_traces([quick])
            if hours == 3.5:
                await store.add_traces([slow])
            clock.moment = NOON + timedelta(hours=hours)
            selected.append(await sweep(store))
        return selected

    asyncio.run(state.windows.epoch(NOON))
    assert sum(within(factory, use)) == 2
    assert published.trace_ids == [tid(1), tid(2)]
    funnel = asyncio.run(read_funnel(state.ledger_reader, state.windows, NOON.date(), NOON.date()))
    assert funnel.adds_up
    assert [(row.seen, row.selected) for row in funnel.rows] == [(2, 2)]
    assert funnel.late == 1


def test_list_roots_compares_moments_when_offsets_differ(factory: Callable[[], FilledStore]) -> None:
    tokyo = timezone(timedelta(hours=9))

    async def use(store: FilledStore) -> list[TraceRoot]:
        await store.add_traces([trace(1, start=NOON.astimezone(tokyo)), trace(2, start=NOON.replace(tzinfo=tokyo))])
        return await listed(store, NOON.astimezone(tokyo), NOON + timedelta(seconds=1))

    assert [root.trace_id for root in within(factory, use)] == [tid(1)]


def test_list_roots_leaves_out_our_own_environment(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> list[TraceRoot]:
        await store.add_traces([trace(1), trace(2, environment=OWN_ENVIRONMENT), trace(3, environment="staging")])
        return await listed(store, NOON, NOON + timedelta(hours=1))

    assert {root.trace_id for root in within(factory, use)} == {tid(1), tid(3)}


def test_list_roots_gives_nothing_when_the_range_is_empty_or_turned_round(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> list[TraceRoot]:
        await store.add_traces([trace(1)])
        return await listed(store, NOON, NOON) + await listed(store, NOON + timedelta(hours=1), NOON)

    assert within(factory, use) == []


def test_list_roots_goes_on_when_traces_arrive_meanwhile(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> list[str]:
        await store.add_traces(trace(n, start=NOON + timedelta(seconds=n)) for n in range(600))
        seen: list[str] = []
        async for page in store.list_roots(NOON, NOON + timedelta(hours=1)):
            seen.extend(root.trace_id for root in page)
            await store.add_traces([trace(1000 + len(seen), start=NOON)])
        return seen

    seen = within(factory, use)
    assert len(seen) == len(set(seen))
    assert {tid(n) for n in range(600)} <= set(seen)


def test_fetch_traces_gives_whole_traces_and_leaves_out_unknown_ones(factory: Callable[[], FilledStore]) -> None:
    full = trace(
        1, name="chat", end=NOON + timedelta(seconds=3), level="ERROR", release="r1", version="v2",
        user_id="u", session_id="s", tags=("a", "b"), metadata={"contexts": ["x"], "n": 1.5},
    )  # fmt: skip

    async def use(store: FilledStore) -> dict[str, Trace]:
        await store.add_traces([full, trace(2)])
        return dict(await store.fetch_traces([key(tid(1)), key(tid(1)), key(tid(99))]))

    assert within(factory, use) == {tid(1): full}


def test_fetch_traces_takes_two_hundred_and_refuses_more(factory: Callable[[], FilledStore]) -> None:
    keys = [key(tid(n)) for n in range(201)]

    async def use(store: FilledStore) -> int:
        await store.add_traces(trace(n) for n in range(201))
        found = await store.fetch_traces(keys[:200])
        with pytest.raises(ValueError, match="201 ids"):
            await store.fetch_traces(keys)
        assert await store.fetch_traces([]) == {}
        return len(found)

    assert within(factory, use) == 200


def test_read_scores_takes_a_hundred_and_refuses_more(factory: Callable[[], FilledStore]) -> None:
    scores = [score(name=f"n{n}") for n in range(101)]

    async def use(store: FilledStore) -> int:
        await store.add_traces([trace(1)])
        await store.write_scores(scores)
        found = await store.read_scores(one.id for one in scores[:100])
        with pytest.raises(ValueError, match="101 ids"):
            await store.read_scores(one.id for one in scores)
        assert await store.read_scores([]) == {}
        return len(found)

    assert within(factory, use) == 100


def test_scores_come_back_equal_numeric_and_categorical(factory: Callable[[], FilledStore]) -> None:
    scores = [
        score(value=0.1 + 0.2, comment="“30 days” ≠ 14", metadata={"pi": 0.2, "judge": "local", "deep": {"x": [1]}}),
        score(
            name="grounding_state",
            value="judged",
            environment="production",
            observation_id=trace(1).root.observation_id,
        ),
        score(name="digits", value="1"),
        score(name="zero", value=0.0),
        score(name="one", value=1),
        score(name="tiny", value=5e-324),
    ]

    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([trace(1)])
        await store.write_scores(scores)
        return dict(await store.read_scores([*(one.id for one in scores), "unknown"]))

    found = within(factory, use)
    assert found == {one.id: one for one in scores}
    assert {one.name: type(one.value) for one in found.values()} == {one.name: type(one.value) for one in scores}


def test_write_scores_replaces_the_fields_that_may_change_when_written_again(
    kind: str,
    factory: Callable[[], FilledStore],
) -> None:
    """A score keeps its name, its trace and its metadata's keys for life; everything else may change."""
    first = score(value=0.9, comment="old", environment="a", metadata={"tier": "screen", "n": 1})
    second = score(value=0.1, comment="new", environment="b", metadata={"tier": "llm", "n": 2})
    third = score(value=0.2, comment="", environment="b", metadata={"tier": "llm", "n": None})

    async def use(store: FilledStore) -> list[dict[str, Score]]:
        await store.add_traces([trace(1)])
        seen = []
        for number, given in enumerate((first, first, second, third)):
            await asyncio.sleep(BENCHES[kind].writes_apart_s if number > 1 else 0)
            await store.write_scores([given])
            seen.append(dict(await store.read_scores([first.id])))
        return seen

    assert within(factory, use) == [{first.id: one} for one in (first, first, second, third)]


def test_embedded_store_replaces_name_and_kind_of_a_score_too(embedded: Callable[[], FilledStore]) -> None:
    root = trace(1).root.observation_id
    first = score(value=0.9, comment="old", metadata={"tier": "screen", "gone": 1}, observation_id=root)
    second = score(value="low", id=first.id, name="risk_label", metadata={"tier": "llm"})

    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([trace(1)])
        for given in (first, first, second, second):
            await store.write_scores([given])
        return dict(await store.read_scores([first.id]))

    assert within(embedded, use) == {first.id: second}


def test_write_scores_takes_the_last_when_an_id_comes_twice(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([trace(1)])
        await store.write_scores([])
        await store.write_scores([score(value=0.1), score(value=0.2)])
        return dict(await store.read_scores([score().id]))

    assert within(factory, use)[score().id].value == 0.2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_write_scores_refuses_what_is_no_number(factory: Callable[[], FilledStore], value: float) -> None:
    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([trace(1)])
        with pytest.raises(StoreRejected, match="groundedness"):
            await store.write_scores([score(value=value)])
        return dict(await store.read_scores([score().id]))

    assert within(factory, use) == {}


NASTY = [
    "",
    "naïve 日本語 🧪 \u202e\u0000 tail",
    "e\u0301 ≠ é",
    "'; DROP TABLE scores; --",
    "line\r\nline\u2028line",
    "x" * 2_000_000,
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_embedded_store_gives_texts_back_unchanged_when_they_are_strange(
    embedded: Callable[[], FilledStore], text: str
) -> None:
    given = trace(1, name=text, user_id=text, tags=(text,), metadata={text: text, "none": None})
    given = given.model_copy(update={"input": {"q": [text]}, "output": text})
    written = score(comment=text, metadata={"quote": text})

    async def use(store: FilledStore) -> tuple[Trace, Score]:
        await store.add_traces([given])
        await store.write_scores([written])
        return (await store.fetch_traces([key(tid(1))]))[tid(1)], (await store.read_scores([written.id]))[written.id]

    assert within(embedded, use) == (given, written)


@pytest.mark.parametrize("text", [text for text in NASTY if text and "\u0000" not in text], ids=str.__len__)
def test_payloads_and_comments_come_back_unchanged_when_they_are_strange(
    factory: Callable[[], FilledStore], text: str
) -> None:
    given = trace(1).model_copy(update={"input": {"q": [text]}, "output": text})
    written = score(comment=text[:100_000], metadata={"quote": text[:1000]})

    async def use(store: FilledStore) -> tuple[Trace, Score]:
        await store.add_traces([given])
        await store.write_scores([written])
        return (await store.fetch_traces([key(tid(1))]))[tid(1)], (await store.read_scores([written.id]))[written.id]

    assert within(factory, use) == (given, written)


def test_embedded_store_gives_lone_surrogates_back_or_refuses_them_by_name(
    embedded: Callable[[], FilledStore],
) -> None:
    payload = trace(1).model_copy(update={"output": "cut \ud83d", "input": {"\udc00": 1}})

    async def use(store: FilledStore) -> Trace:
        await store.add_traces([payload])
        with pytest.raises(StoreRejected, match=tid(2)):
            await store.add_traces([trace(2, name="cut \ud83d")])
        with pytest.raises(StoreRejected, match=tid(1)):
            await store.write_scores([score(comment="cut \ud83d")])
        return (await store.fetch_traces([key(tid(1)), key(tid(2))]))[tid(1)]

    assert within(embedded, use) == payload


def test_write_scores_refuses_what_is_no_text(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> None:
        with pytest.raises(StoreRejected, match=tid(1)):
            await store.write_scores([score(comment="cut \ud83d")])

    within(factory, use)


def test_many_tasks_of_one_process_write_and_read_at_once(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> int:
        await store.add_traces(trace(n) for n in range(40))

        async def one(number: int) -> int:
            mine = [score(tid(number), name=f"n{n}", value=n / 10) for n in range(10)]
            await store.write_scores(mine)
            found = await store.read_scores(s.id for s in mine)
            return len(found) if found == {s.id: s for s in mine} else 0

        return sum(await asyncio.gather(*(one(n) for n in range(40))))

    assert within(factory, use) == 400


def test_cancelled_write_leaves_all_or_nothing_and_the_store_usable(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> set[int]:
        await store.add_traces([trace(1)])
        seen: set[int] = set()
        for ticks in range(12):
            batch = [score(name=f"c{ticks}-{n}") for n in range(50)]
            writing = asyncio.create_task(store.write_scores(batch))
            for _ in range(ticks):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await store.write_scores([score(value=ticks)])
            seen.add(len(await store.read_scores(s.id for s in batch)))
        assert (await store.read_scores([score().id]))[score().id].value == 11
        return seen

    assert within(factory, use) <= {0, 50}


_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.contract.test_trace_store import BENCHES, NOON, listed, score, tid, trace
from datetime import timedelta

async def main(kind, directory, me):
    store = BENCHES[kind].open(Path(directory))
    await store.project_id()
    for n in range(20):
        await store.add_traces([trace(me * 1000 + n)])
        await store.write_scores([score(tid(me * 1000 + n)), score(tid(9999), f"by-{me}", n)])
        await listed(store, NOON, NOON + timedelta(hours=1))
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def test_several_processes_write_at_once_without_losing_a_score(kind: str, tmp_path: Path) -> None:
    def command(me: int) -> Sequence[str]:
        return [sys.executable, "-W", "error", "-c", _WRITER, kind, str(tmp_path), str(me)]

    def factory() -> FilledStore:
        return BENCHES[kind].open(tmp_path)

    within(factory, lambda store: store.add_traces([trace(9999)]))
    root = Path(__file__).parents[2]
    running = [subprocess.Popen(command(me), cwd=root, stderr=subprocess.PIPE) for me in range(4)]
    assert [(process.communicate()[1].decode(), process.returncode) for process in running] == [("", 0)] * 4

    async def use(store: FilledStore) -> tuple[int, int, set[float | str]]:
        roots = await listed(store, NOON, NOON + timedelta(hours=1))
        found = await store.read_scores(f"{tid(me * 1000 + n)}-groundedness" for me in range(4) for n in range(20))
        shared = await store.read_scores(f"{tid(9999)}-by-{me}" for me in range(4))
        return len(roots), len(found), {one.value for one in shared.values()}

    assert within(factory, use) == (81, 80, {19.0})


def test_errors_are_of_the_evaluation_tree(factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> None:
        with pytest.raises(EvaluationError):
            await store.write_scores([score(tid(99), value=float("nan"))])

    within(factory, use)
