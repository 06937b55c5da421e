"""Which traces doctor looks at: some of each use case, at random, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from assay.worker.config.use_cases import Match, UseCase
from assay.worker.ports.store_errors import StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import Trace, TraceRoot
from assay.worker.setup import trace_sample
from assay.worker.setup.trace_sample import MOST_OF_CASE, MOST_ROOTS, MOST_TRACES, TraceSample, sample_traces
from tests.builders import NOW, make_deployment, make_trace
from tests.fakes import FlakyStore


class ListedStore(FlakyStore):
    """A store that lists the roots of its traces, and counts how many it listed."""

    listed = 0

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        roots = [t.root for t in self.traces.values() if start <= t.root.start < end]
        for at in range(0, len(roots), 500):
            self.listed += len(roots[at : at + 500])
            yield roots[at : at + 500]


def sample(store: ListedStore, *cases: UseCase) -> TraceSample:
    return asyncio.run(sample_traces(store, make_deployment(*cases), NOW))


def some(count: int, name: str, *, age: timedelta = timedelta(minutes=10), **over: Any) -> list[Trace]:
    return [make_trace(f"{name}-{n}", name=name, start=NOW - age, **over) for n in range(count)]


def case(name: str, pattern: str) -> UseCase:
    return UseCase(name=name, match=Match(trace_name=(pattern,)))


def test_each_use_case_has_its_own_sample_by_the_first_match() -> None:
    store = ListedStore([*some(120, "big"), *some(3, "small"), *some(4, "other")])
    seen = sample(store, case("first", "big"), case("second", "*i*"), case("third", "small"))
    assert [(c.use_case, c.recent, len(c.traces)) for c in seen.cases] == [
        ("first", 120, MOST_OF_CASE),
        ("second", 0, 0),
        ("third", 3, 3),
    ]
    assert seen.unmatched == 4


def test_evaluators_are_left_out() -> None:
    store = ListedStore([*some(3, "mine"), *some(3, "theirs", environment="langfuse-llm-as-a-judge")])
    assert sample(store).recent == 3


def test_old_traffic_is_found_where_there_is_no_newer() -> None:
    seen = sample(ListedStore(some(5, "old", age=timedelta(days=20))))
    assert (seen.cases[0].recent, seen.hours) == (5, 24 * 31)


def test_what_is_listed_and_read_is_bounded() -> None:
    store = ListedStore([trace for n in range(30) for trace in some(200, f"n{n}")])
    seen = sample(store, *(case(f"c{n}", f"n{n}") for n in range(30)))
    assert store.listed <= MOST_ROOTS + 500
    assert sum(len(c.traces) for c in seen.cases) <= max(MOST_TRACES, 30 * trace_sample.LEAST_OF_CASE)


def test_bytes_end_the_reading_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_sample, "BUDGET_BYTES", 1)
    seen = sample(ListedStore(some(50, "bot")))
    assert seen.is_cut
    assert 0 < len(seen.cases[0].traces) < 50


def test_what_cannot_be_read_is_counted_with_a_reason() -> None:
    store = ListedStore(some(3, "bot"))
    store.unreadable = {"bot-1": TraceTooLarge("it is too large")}
    seen = sample(store)
    assert (len(seen.cases[0].traces), seen.unread, seen.why_unread) == (2, 1, "it is too large")


def test_a_store_that_is_down_says_so() -> None:
    store = ListedStore(some(3, "bot"))
    store.failing = StoreUnavailable("down")
    with pytest.raises(StoreUnavailable):
        sample(store)
