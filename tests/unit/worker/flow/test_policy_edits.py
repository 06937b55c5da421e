"""An edit of `assay.yaml` between two scans of a window counts no trace twice, and takes none twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from pydantic import JsonValue

from assay.worker.config.deployment import Deployment
from assay.worker.records.traces import TraceRoot
from tests.builders import NOW, make_root
from tests.unit.worker.flow.test_sweep import World

ERRORS: dict[str, JsonValue] = {"name": "errors", "when": {"level": ["ERROR"]}, "rate": 1.0, "allow_rate": True}
LATER = [NOW + timedelta(hours=hours) for hours in (0.1, 0.5, 2, 6, 25, 27)]


def deployment(*cases: dict[str, JsonValue]) -> Deployment:
    defaults = {"min_per_day": 0, "low_traffic": {"below_per_day": 0}}
    return Deployment.model_validate({"lookback_hours": 3, "use_cases": cases, "defaults": defaults})


def roots(ids: range) -> list[TraceRoot]:
    start = NOW - timedelta(minutes=8)
    return [make_root(f"t{n}", start=start, level="ERROR" if n % 2 else "DEFAULT") for n in ids]


@pytest.mark.parametrize(
    "strata",
    [
        pytest.param([ERRORS], id="the same"),
        pytest.param([], id="removed"),
        pytest.param([{**ERRORS, "name": "failures"}], id="renamed"),
        pytest.param([{**ERRORS, "when": {"level": ["ERROR", "WARNING"]}}], id="takes others"),
        pytest.param([{**ERRORS, "rate": 0.2}], id="lowered"),
    ],
)
def test_stratum_that_is_edited_counts_no_trace_twice(strata: list[JsonValue]) -> None:
    case: dict[str, JsonValue] = {"name": "bot", "rate": 0.1}
    world = World(*roots(range(40)), deployment=deployment({**case, "strata": [ERRORS]}))
    world.sweep(NOW)
    before = world.funnel().rows
    assert (before[0].seen, before[0].selected) == (40, 21)
    world.deployment = deployment({**case, "strata": strata})
    for now in LATER:
        world.sweep(now)
    assert world.funnel().rows == before
    assert max(Counter(world.published.trace_ids).values()) == 1


def test_traces_that_come_after_a_stratum_was_removed_are_counted_beside_those_before() -> None:
    case: dict[str, JsonValue] = {"name": "bot", "rate": 0.1}
    world = World(*roots(range(40)), deployment=deployment({**case, "strata": [ERRORS]}))
    world.sweep(NOW)
    (before,) = world.funnel().rows
    world.store.roots += roots(range(40, 80))
    world.deployment = deployment(case)
    for now in LATER:
        world.sweep(now)
    (row,) = world.funnel().rows
    assert row.seen == row.selected + row.not_selected == 80
    assert before.selected < row.selected < before.selected + 20, "by the base rate alone"


def test_trace_of_a_use_case_that_was_removed_is_not_counted_again_where_another_takes_it() -> None:
    match: dict[str, JsonValue] = {"level": ["ERROR"]}
    failures: dict[str, JsonValue] = {"name": "failures", "match": match, "rate": 1.0, "allow_rate": True}
    every: dict[str, JsonValue] = {"name": "every", "rate": 0.1}
    world = World(*roots(range(40)), deployment=deployment(failures, every))
    world.sweep(NOW)
    selected = {row.use_case: row.selected for row in world.funnel().rows}
    world.deployment = deployment(every)
    for now in LATER:
        world.sweep(now)
    rows = world.funnel().rows
    assert {row.use_case: row.selected for row in rows} == selected
    assert sum(row.selected + row.not_selected for row in rows) == 40


FAILURES: dict[str, JsonValue] = {"name": "failures", "match": {"level": ["ERROR"]}, "rate": 0.5, "allow_rate": True}


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param([], id="removed"),
        pytest.param([{**FAILURES, "name": "errors"}], id="renamed"),
        pytest.param([{**FAILURES, "match": {"level": ["ERR*"]}}], id="matched otherwise"),
        pytest.param([{**FAILURES, "match": {"level": ["WARNING"]}}], id="takes others"),
        pytest.param([{**FAILURES, "rate": 1.0}], id="raised"),
    ],
)
def test_window_sees_what_it_selected_and_passed_over_of_each_use_case_after_an_edit(
    cases: list[dict[str, JsonValue]],
) -> None:
    every: dict[str, JsonValue] = {"name": "every", "rate": 0.1}
    world = World(*roots(range(40)), deployment=deployment(FAILURES, every))
    world.sweep(NOW)
    world.deployment = deployment(*cases, every)
    for now in LATER:
        world.sweep(now)
    seen = Counter[str]()
    for window in asyncio.run(world.state.windows.between(NOW - timedelta(hours=3), NOW)):
        seen.update(window.seen)
    rows = {row.use_case: row.selected + row.not_selected for row in world.funnel().rows}
    assert +seen == rows
    assert sum(rows.values()) == 40
