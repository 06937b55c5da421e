"""One database is for one fleet: another one's rows wait, and its retention removes nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assay.judges.errors import ConfigurationError
from assay.worker.flow.history_owner import GONE_AFTER, HistoryOwner
from assay.worker.ports.history import RecordDocument
from assay.worker.state.memory.history import MemoryDocuments
from assay.worker.state.memory.key_values import MemoryKeyValues
from tests.builders import NOW

LATER = timedelta(minutes=10)


class Fleet:
    """A fleet with a state of its own, at a database."""

    def __init__(self, database: MemoryDocuments, *projects: str) -> None:
        self.database, self.projects, self.key_values = database, projects, MemoryKeyValues()
        self.refusal = ""

    def is_let_in(self, after: timedelta = timedelta()) -> bool:
        try:
            asyncio.run(HistoryOwner(self.database, self.key_values).check(self.projects, NOW + after))
        except ConfigurationError as exc:
            self.refusal = str(exc)
            return False
        self.key_values = _without_memory_of_the_check(self.key_values)
        return True


def _without_memory_of_the_check(values: MemoryKeyValues) -> MemoryKeyValues:
    asyncio.run(values.keep("history:owner_checked", b"", ttl_s=1, replace=True))
    return values


def test_who_comes_second_waits_and_who_came_first_goes_on() -> None:
    database = MemoryDocuments()
    first, second = Fleet(database, "alpha"), Fleet(database, "beta")
    assert first.is_let_in()
    for n in range(1, 5):
        assert not second.is_let_in(n * LATER)
        assert first.is_let_in(n * LATER)
    assert all(part in second.refusal for part in ("another fleet's", "search_path", "from 2026-"))


@pytest.mark.parametrize("skew", [timedelta(), -LATER])
def test_a_clock_that_is_slow_makes_nobody_the_first(skew: timedelta) -> None:
    database = MemoryDocuments()
    first, second = Fleet(database, "alpha"), Fleet(database, "beta")
    assert first.is_let_in()
    for n in range(3):
        assert not second.is_let_in(n * LATER + skew)
        assert first.is_let_in(n * LATER)


@pytest.mark.parametrize("projects", [("alpha",), ("alpha", "gamma")])
def test_fleet_that_lost_its_state_is_known_by_its_project(projects: tuple[str, ...]) -> None:
    database = MemoryDocuments()
    assert Fleet(database, "alpha").is_let_in()
    assert Fleet(database, *projects).is_let_in(LATER)


def test_fleet_that_moves_to_another_project_keeps_its_database() -> None:
    fleet = Fleet(MemoryDocuments(), "alpha")
    assert fleet.is_let_in()
    fleet.projects = ("beta",)
    assert fleet.is_let_in(LATER)


def test_database_of_a_fleet_that_is_gone_may_be_taken_over_until_it_is_back() -> None:
    database = MemoryDocuments()
    first, second = Fleet(database, "alpha"), Fleet(database, "beta")
    assert first.is_let_in()
    assert not second.is_let_in(GONE_AFTER - LATER)
    assert second.is_let_in(GONE_AFTER + LATER)
    assert first.is_let_in(GONE_AFTER + 2 * LATER)
    assert not second.is_let_in(GONE_AFTER + 3 * LATER)


def test_of_two_that_begin_at_once_one_is_let_in() -> None:
    """Both looked before either had written; the next look settles it."""
    database = MemoryDocuments()
    fleets = [Fleet(database, "alpha"), Fleet(database, "beta")]
    empty = [Fleet(MemoryDocuments(), *fleet.projects) for fleet in fleets]
    for fleet, alone in zip(fleets, empty, strict=True):
        alone.key_values = fleet.key_values
        assert alone.is_let_in()
        for document in asyncio.run(alone.database.since("fleet", NOW - LATER)):
            asyncio.run(database.keep(document))
    assert sorted(fleet.is_let_in(LATER) for fleet in fleets) == [False, True]


def test_what_another_version_of_assay_wrote_keeps_nobody_out() -> None:
    database = MemoryDocuments()
    asyncio.run(database.keep(RecordDocument(kind="fleet", key="x", at=NOW, content={"since": "2026"})))
    assert Fleet(database, "alpha").is_let_in()
