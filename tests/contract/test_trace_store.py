"""What every trace store must do, whatever product it is. A new store adds a bench (`tests/contract/stores`).

Each test writes under ids of its own and looks at nothing else, because a real project keeps what others wrote.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta, timezone
from pathlib import Path
from typing import TypeVar

import pytest

from assay.judges.errors import EvaluationError
from assay.judges.rubric import Rubric
from assay.worker.config.use_cases import Match, UseCase
from assay.worker.ports.capabilities import WithScoredTraces
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.scores import Score
from assay.worker.records.traces import OWN_ENVIRONMENT, Tokens, Trace, TraceRoot
from assay.worker.reporting.funnel import read_funnel
from assay.worker.state.memory.state import memory_state
from assay.worker.stores.registry import embedded_factory
from tests.builders import make_deployment, make_sweeper
from tests.contract.own_data import OwnData
from tests.contract.stores import Bench, FilledStore, benches

T = TypeVar("T")


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
def bench(kind: str) -> Bench:
    """How the store at hand is run."""
    return BENCHES[kind]


@pytest.fixture
def factory(kind: str, tmp_path: Path) -> Callable[[], FilledStore]:
    return lambda: BENCHES[kind].open(tmp_path)


@pytest.fixture
def embedded(tmp_path: Path) -> Callable[[], FilledStore]:
    """The embedded store alone: what it promises beyond the contract."""
    return lambda: BENCHES[embedded_factory().kind].open(tmp_path)


@pytest.fixture
def mine() -> OwnData:
    """Ids, hours and names of this test alone."""
    return OwnData.new()


def within(factory: Callable[[], FilledStore], use: Callable[[FilledStore], Awaitable[T]]) -> T:
    """Run `use` with a fresh instance over the same data, as another process would have it."""

    async def run() -> T:
        store = factory()
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def test_project_id_is_the_same_for_every_instance(factory: Callable[[], FilledStore]) -> None:
    first = within(factory, lambda store: store.project_id())
    assert first
    assert within(factory, lambda store: store.project_id()) == first


def test_list_roots_gives_every_trace_once_over_several_pages(
    mine: OwnData, factory: Callable[[], FilledStore], bench: Bench
) -> None:
    # Equal start times over a page's edge are where paging loses or doubles.
    traces = [mine.trace(n, start=mine.noon + timedelta(seconds=n // 700)) for n in range(1300)]

    async def use(store: FilledStore) -> tuple[list[int], list[TraceRoot]]:
        assert await store.add_traces(traces) == 1300
        pages = [page async for page in mine.pages(store, mine.noon, mine.noon + timedelta(hours=1))]
        return [len(page) for page in pages], [root for page in pages for root in page]

    sizes, roots = within(factory, use)
    assert len(sizes) > 1
    assert {root.trace_id for root in roots} == {one.id for one in traces}
    assert len(roots) == 1300
    shown = {one.id: bench.root_as_shown(bench.trace_as_shown(one).root) for one in traces}
    assert {root.trace_id: root for root in roots} == shown


def test_list_roots_takes_a_half_open_range(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    tick = timedelta(milliseconds=1)
    traces = [
        mine.trace(1, start=mine.noon - tick),
        mine.trace(2),
        mine.trace(3, start=mine.noon + 5 * tick),
        mine.trace(4, start=mine.noon + 6 * tick),
    ]

    async def use(store: FilledStore) -> list[TraceRoot]:
        await store.add_traces(traces)
        return await mine.listed(store, mine.noon, mine.noon + 6 * tick)

    assert sorted(root.trace_id for root in within(factory, use)) == [mine.tid(2), mine.tid(3)]


def test_sweep_takes_a_trace_once_that_the_store_shows_hours_after_its_window(
    mine: OwnData,
    factory: Callable[[], FilledStore],
) -> None:
    """A span is sent when it ends: a trace that ran for long turns up under a start that was listed long before."""
    state, clock, published = memory_state(), FixedClock(mine.noon), Published()
    quick, slow = mine.trace(1, start=mine.noon), mine.trace(2, start=mine.noon, end=mine.noon + timedelta(hours=3))

    async def sweep(store: FilledStore) -> int:
        match = Match(environment=(mine.environment,))
        deployment = make_deployment(
            UseCase(name="bot", rate=1.0, allow_rate=True, match=match), window_seconds=3600, lookback_hours=1
        )
        rubric = Rubric(name="grounding")
        sweeper = make_sweeper(store, state, deployment, rubric, published, clock)
        return (await sweeper.sweep()).selected

    async def use(store: FilledStore) -> list[int]:
        selected = []
        for hours in (1.1, 1.6, 3.5, 6.5, 25.1, 26.0):
            if hours == 1.1:
                await store.add_traces([quick])
            if hours == 3.5:
                await store.add_traces([slow])
            clock.moment = mine.noon + timedelta(hours=hours)
            selected.append(await sweep(store))
        return selected

    asyncio.run(state.windows.epoch(mine.noon))
    assert sum(within(factory, use)) == 2
    assert published.trace_ids == [mine.tid(1), mine.tid(2)]
    funnel = asyncio.run(read_funnel(state.ledger_reader, state.windows, mine.noon.date(), mine.noon.date()))
    assert funnel.adds_up
    assert [(row.seen, row.selected) for row in funnel.rows] == [(2, 2)]
    assert funnel.late == 1


def test_list_roots_compares_moments_when_offsets_differ(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    tokyo = timezone(timedelta(hours=9))

    async def use(store: FilledStore) -> list[TraceRoot]:
        await store.add_traces(
            [mine.trace(1, start=mine.noon.astimezone(tokyo)), mine.trace(2, start=mine.noon.replace(tzinfo=tokyo))]
        )
        return await mine.listed(store, mine.noon.astimezone(tokyo), mine.noon + timedelta(seconds=1))

    assert [root.trace_id for root in within(factory, use)] == [mine.tid(1)]


def test_list_roots_leaves_out_our_own_environment(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> list[TraceRoot]:
        traces = [mine.trace(1), mine.trace(2, environment=OWN_ENVIRONMENT), mine.trace(3, environment="staging")]
        await store.add_traces(traces)
        return await mine.listed(store, mine.noon, mine.noon + timedelta(hours=1))

    assert {root.trace_id for root in within(factory, use)} == {mine.tid(1), mine.tid(3)}


def test_list_roots_gives_nothing_when_the_range_is_empty_or_turned_round(
    mine: OwnData, factory: Callable[[], FilledStore]
) -> None:
    async def use(store: FilledStore) -> list[TraceRoot]:
        await store.add_traces([mine.trace(1)])
        return await mine.listed(store, mine.noon, mine.noon) + await mine.listed(
            store, mine.noon + timedelta(hours=1), mine.noon
        )

    assert within(factory, use) == []


def test_list_roots_goes_on_when_traces_arrive_meanwhile(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> list[str]:
        await store.add_traces(mine.trace(n, start=mine.noon + timedelta(seconds=n)) for n in range(600))
        seen: list[str] = []
        async for page in mine.pages(store, mine.noon, mine.noon + timedelta(hours=1)):
            seen.extend(root.trace_id for root in page)
            await store.add_traces([mine.trace(1000 + len(seen), start=mine.noon)])
        return seen

    seen = within(factory, use)
    assert len(seen) == len(set(seen))
    assert {mine.tid(n) for n in range(600)} <= set(seen)


def test_fetch_traces_gives_whole_traces_and_leaves_out_unknown_ones(
    mine: OwnData, factory: Callable[[], FilledStore], bench: Bench
) -> None:
    full = mine.trace(
        1, name="chat", end=mine.noon + timedelta(seconds=3), level="ERROR", release="r1", version="v2",
        user_id="u", session_id="s", tags=("a", "b"), metadata={"contexts": ["x"], "n": 1.5},
    )  # fmt: skip

    async def use(store: FilledStore) -> dict[str, Trace]:
        await store.add_traces([full, mine.trace(2)])
        return dict(await store.fetch_traces([mine.key(1), mine.key(1), mine.key(99)]))

    assert within(factory, use) == {mine.tid(1): bench.trace_as_shown(full)}


def test_fetch_traces_gives_what_a_model_call_took(
    mine: OwnData, factory: Callable[[], FilledStore], bench: Bench
) -> None:
    """Input with what came from a cache, output with reasoning, however the store keeps them."""
    trace = mine.trace(1)
    retrieval, answer = trace.observations
    took = {
        "usage": Tokens(input=120, cached=80, cache_write=10, output=30, reasoning=20),
        "cost_usd": 0.0012,
        "first_token": answer.start + timedelta(milliseconds=250),
    }
    paid = trace.model_copy(update={"observations": (retrieval, answer.model_copy(update=took))})

    async def use(store: FilledStore) -> dict[str, Trace]:
        await store.add_traces([paid])
        return dict(await store.fetch_traces([mine.key(1)]))

    assert within(factory, use) == {mine.tid(1): bench.trace_as_shown(paid)}


def test_fetch_traces_takes_two_hundred_and_refuses_more(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    keys = [mine.key(n) for n in range(201)]

    async def use(store: FilledStore) -> int:
        await store.add_traces(mine.trace(n) for n in range(201))
        found = await store.fetch_traces(keys[:200])
        with pytest.raises(ValueError, match="201 ids"):
            await store.fetch_traces(keys)
        assert await store.fetch_traces([]) == {}
        return len(found)

    assert within(factory, use) == 200


def test_read_scores_takes_a_hundred_and_refuses_more(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    scores = [mine.score(name=f"n{n}") for n in range(101)]

    async def use(store: FilledStore) -> int:
        await store.add_traces([mine.trace(1)])
        await store.write_scores(scores)
        found = await store.read_scores(one.key for one in scores[:100])
        with pytest.raises(ValueError, match="101 ids"):
            await store.read_scores(one.key for one in scores)
        assert await store.read_scores([]) == {}
        return len(found)

    assert within(factory, use) == 100


def test_scores_come_back_equal_numeric_and_categorical(
    mine: OwnData, factory: Callable[[], FilledStore], bench: Bench
) -> None:
    scores = [
        mine.score(
            value=0.1 + 0.2, comment="“30 days” ≠ 14", metadata={"pi": 0.2, "judge": "local", "deep": {"x": [1]}}
        ),
        mine.score(
            name="grounding_state",
            value="judged",
            environment=mine.environment,
            observation_id=mine.trace(1).root.observation_id,
        ),
        mine.score(name="digits", value="1"),
        mine.score(name="zero", value=0.0),
        mine.score(name="one", value=1),
        mine.score(name="tiny", value=1e-12),
    ]

    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([mine.trace(1)])
        await store.write_scores(scores)
        return dict(await store.read_scores([*(one.key for one in scores), mine.unknown_score()]))

    found = within(factory, use)
    assert found == {one.id: bench.score_as_shown(one) for one in scores}
    assert {one.name: type(one.value) for one in found.values()} == {one.name: type(one.value) for one in scores}


def test_write_scores_replaces_the_fields_that_may_change_when_written_again(
    mine: OwnData,
    factory: Callable[[], FilledStore],
    bench: Bench,
) -> None:
    """A score keeps its name, trace, environment and metadata's keys for life; everything else may change."""
    first = mine.score(value=0.9, comment="old", environment=mine.environment, metadata={"tier": "screen", "n": 1})
    second = mine.score(value=0.1, comment="new", environment=mine.environment, metadata={"tier": "llm", "n": 2})
    third = mine.score(value=0.2, comment="", environment=mine.environment, metadata={"tier": "llm", "n": None})

    async def use(store: FilledStore) -> list[dict[str, Score]]:
        await store.add_traces([mine.trace(1)])
        seen = []
        for number, given in enumerate((first, first, second, third)):
            await asyncio.sleep(bench.writes_apart_s if number > 1 else 0)
            await store.write_scores([given])
            seen.append(dict(await store.read_scores([first.key])))
        return seen

    shown = [bench.score_as_shown(one) for one in (first, first, second, third)]
    assert within(factory, use) == [{first.id: one} for one in shown]


def test_embedded_store_replaces_name_and_kind_of_a_score_too(
    mine: OwnData, embedded: Callable[[], FilledStore]
) -> None:
    root = mine.trace(1).root.observation_id
    first = mine.score(value=0.9, comment="old", metadata={"tier": "screen", "gone": 1}, observation_id=root)
    second = mine.score(value="low", id=first.id, name="risk_label", metadata={"tier": "llm"})

    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([mine.trace(1)])
        for given in (first, first, second, second):
            await store.write_scores([given])
        return dict(await store.read_scores([first.key]))

    assert within(embedded, use) == {first.id: second}


def test_write_scores_takes_the_last_when_an_id_comes_twice(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([mine.trace(1)])
        await store.write_scores([])
        await store.write_scores([mine.score(value=0.1), mine.score(value=0.2)])
        return dict(await store.read_scores([mine.score().key]))

    assert within(factory, use)[mine.score().id].value == 0.2


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_write_scores_refuses_what_is_no_number(
    mine: OwnData, factory: Callable[[], FilledStore], value: float
) -> None:
    async def use(store: FilledStore) -> dict[str, Score]:
        await store.add_traces([mine.trace(1)])
        with pytest.raises(StoreRejected, match="groundedness"):
            await store.write_scores([mine.score(value=value)])
        return dict(await store.read_scores([mine.score().key]))

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
    mine: OwnData, embedded: Callable[[], FilledStore], text: str
) -> None:
    given = mine.trace(1, name=text, user_id=text, tags=(text,), metadata={text: text, "none": None})
    given = given.model_copy(update={"input": {"q": [text]}, "output": text})
    written = mine.score(comment=text, metadata={"quote": text})

    async def use(store: FilledStore) -> tuple[Trace, Score]:
        await store.add_traces([given])
        await store.write_scores([written])
        return (await store.fetch_traces([mine.key(1)]))[mine.tid(1)], (await store.read_scores([written.key]))[
            written.id
        ]

    assert within(embedded, use) == (given, written)


@pytest.mark.parametrize("text", [text for text in NASTY if text and "\u0000" not in text], ids=str.__len__)
def test_payloads_and_comments_come_back_unchanged_when_they_are_strange(
    mine: OwnData, factory: Callable[[], FilledStore], bench: Bench, text: str
) -> None:
    given = mine.trace(1).model_copy(update={"input": {"q": [text]}, "output": text})
    written = mine.score(comment=text[:100_000], metadata={"quote": text[:1000]})

    async def use(store: FilledStore) -> tuple[Trace, Score]:
        await store.add_traces([given])
        await store.write_scores([written])
        return (await store.fetch_traces([mine.key(1)]))[mine.tid(1)], (await store.read_scores([written.key]))[
            written.id
        ]

    assert within(factory, use) == (bench.trace_as_shown(given), bench.score_as_shown(written))


def test_embedded_store_gives_lone_surrogates_back_or_refuses_them_by_name(
    mine: OwnData,
    embedded: Callable[[], FilledStore],
) -> None:
    payload = mine.trace(1).model_copy(update={"output": "cut \ud83d", "input": {"\udc00": 1}})

    async def use(store: FilledStore) -> Trace:
        await store.add_traces([payload])
        with pytest.raises(StoreRejected, match=mine.tid(2)):
            await store.add_traces([mine.trace(2, name="cut \ud83d")])
        with pytest.raises(StoreRejected, match=mine.tid(1)):
            await store.write_scores([mine.score(comment="cut \ud83d")])
        return (await store.fetch_traces([mine.key(1), mine.key(2)]))[mine.tid(1)]

    assert within(embedded, use) == payload


def test_write_scores_refuses_what_is_no_text(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> None:
        with pytest.raises(StoreRejected, match=mine.tid(1)):
            await store.write_scores([mine.score(comment="cut \ud83d")])

    within(factory, use)


def test_scored_traces_tells_which_rubrics_have_scores_of_a_name(
    mine: OwnData, factory: Callable[[], FilledStore]
) -> None:
    """Whatever their ids are: so a score of an older version, or of another prefix, is known."""
    grounding, manners = ({"rubric": name, "rubric_hash": "0f"} for name in ("grounding", "manners"))
    scores = [
        mine.score(1, "answer_check", "high risk", metadata=grounding),
        mine.score(1, "tone", 0.5, metadata=manners),
        mine.score(2, "tone", 0.5, metadata=manners),
        mine.score(3, "answer_check", "high risk", metadata={"team": "search"}),
        mine.score(4, "faithfulness", 0.5, metadata={"rubric": "grounding"}),  # a team's own, of a rubric of its own
    ]

    async def use(store: FilledStore) -> tuple[object, ...]:
        await store.add_traces(mine.trace(n) for n in (1, 2, 3, 4))
        await store.write_scores(scores)
        await store.read_scores(score.key for score in scores)
        assert isinstance(store, WithScoredTraces)
        keys = [mine.key(n) for n in (1, 2, 3, 4, 99)]
        told = [await store.scored_traces(keys, names) for names in (["answer_check"], ["tone", "none"], None)]
        return tuple(
            {trace_id: {(s.metadata["rubric"], s.name, s.value) for s in of} for trace_id, of in (scored or {}).items()}
            for scored in told
        )

    risk, tone = ("grounding", "answer_check", "high risk"), ("manners", "tone", 0.5)
    assert within(factory, use) == (
        {mine.tid(1): {risk}},
        {mine.tid(1): {tone}, mine.tid(2): {tone}},
        {mine.tid(1): {risk, tone}, mine.tid(2): {tone}},
    )


def test_many_tasks_of_one_process_write_and_read_at_once(
    mine: OwnData, factory: Callable[[], FilledStore], bench: Bench
) -> None:
    async def use(store: FilledStore) -> int:
        await store.add_traces(mine.trace(n) for n in range(40))

        async def one(number: int) -> int:
            scores = [mine.score(number, name=f"n{n}", value=n / 10) for n in range(10)]
            await store.write_scores(scores)
            found = await store.read_scores(s.key for s in scores)
            return len(found) if found == {s.id: bench.score_as_shown(s) for s in scores} else 0

        return sum(await asyncio.gather(*(one(n) for n in range(40))))

    assert within(factory, use) == 400


def test_cancelled_write_leaves_all_or_nothing_and_the_store_usable(
    mine: OwnData, factory: Callable[[], FilledStore]
) -> None:
    async def use(store: FilledStore) -> set[int]:
        await store.add_traces([mine.trace(1)])
        seen: set[int] = set()
        for ticks in range(12):
            batch = [mine.score(name=f"c{ticks}-{n}") for n in range(50)]
            writing = asyncio.create_task(store.write_scores(batch))
            for _ in range(ticks):
                await asyncio.sleep(0)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await store.write_scores([mine.score(value=ticks)])
            seen.add(len(await store.read_scores(s.key for s in batch)))
        assert (await store.read_scores([mine.score().key]))[mine.score().id].value == 11
        return seen

    assert within(factory, use) <= {0, 50}


_WRITER = """
import asyncio, sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from tests.contract.own_data import OwnData

async def main(opener, directory, me, mine):
    module, name = opener.split(":")
    store = getattr(import_module(module), name)(Path(directory))
    await store.project_id()
    for n in range(20):
        await store.add_traces([mine.trace(me * 1000 + n)])
        await store.write_scores([mine.score(me * 1000 + n), mine.score(9999, f"by-{me}", n)])
        await mine.listed(store, mine.noon, mine.noon + timedelta(hours=1))
    # Who wrote a score waits until the store shows it: the next reader did not write it, and waits for nothing.
    await store.read_scores([*(mine.score(me * 1000 + n).key for n in range(20)), mine.score(9999, f"by-{me}").key])
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), OwnData.loads(sys.argv[4])))
"""


def test_several_processes_write_at_once_without_losing_a_score(mine: OwnData, kind: str, tmp_path: Path) -> None:
    opener = BENCHES[kind].open

    def command(me: int) -> Sequence[str]:
        named = f"{opener.__module__}:{opener.__qualname__}"
        return [sys.executable, "-W", "error", "-c", _WRITER, named, str(tmp_path), str(me), mine.dumps()]

    def factory() -> FilledStore:
        return opener(tmp_path)

    within(factory, lambda store: store.add_traces([mine.trace(9999)]))
    root = Path(__file__).parents[2]
    running = [subprocess.Popen(command(me), cwd=root, stderr=subprocess.PIPE) for me in range(4)]
    assert [(process.communicate()[1].decode(), process.returncode) for process in running] == [("", 0)] * 4

    async def use(store: FilledStore) -> tuple[int, int, set[float | str]]:
        roots = await mine.listed(store, mine.noon, mine.noon + timedelta(hours=1))
        own = [mine.score(me * 1000 + n).key for me in range(4) for n in range(20)]
        shared = [mine.score(9999, f"by-{me}").key for me in range(4)]
        found = await store.read_scores(own)
        return len(roots), len(found), {one.value for one in (await store.read_scores(shared)).values()}

    assert within(factory, use) == (81, 80, {19.0})


def test_errors_are_of_the_evaluation_tree(mine: OwnData, factory: Callable[[], FilledStore]) -> None:
    async def use(store: FilledStore) -> None:
        with pytest.raises(EvaluationError):
            await store.write_scores([mine.score(99, value=float("nan"))])

    within(factory, use)
