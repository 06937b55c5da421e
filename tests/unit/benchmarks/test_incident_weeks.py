"""The simulated traffic of incident weeks is what it says it is, and its record shows nothing before it has ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from assay.judges.cpu_executor import on_the_loop
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.history import Block
from assay.worker.records.history import HistoryQuery, HistoryRow, microseconds
from assay.worker.records.metrics import fleet
from assay.worker.signals.window_reading import NAMES
from benchmarks.incident_weeks import BEGINS, Answer, Quiet, tell_incidents, tell_quiet
from benchmarks.incidents.fleet import SimulatedFleet
from benchmarks.incidents.happenings import INCIDENTS, Happening
from benchmarks.incidents.record import SimulatedRecord
from benchmarks.incidents.traffic import BOTS, Columns, Span, traffic_of
from benchmarks.incidents.watching import Pace, Told, Watch, deployment_of

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
STRUCK = MONDAY + timedelta(days=3)
SPAN = Span(MONDAY, MONDAY + timedelta(days=5))
SUPPORT = BOTS[0]


def drawn(incident: str | None = None, *, seed: int = 1) -> Columns:
    """Five working days of the bot with most traffic."""
    happening = Happening(INCIDENTS[incident], STRUCK) if incident else None
    return traffic_of(SUPPORT, SPAN, happening, np.random.default_rng(seed))


def parted(columns: Columns, name: str) -> tuple[float, float]:
    """The mean of a column before and after the incident began, without what is unknown."""
    after = columns["started_at"] >= microseconds(STRUCK)
    return float(np.nanmean(columns[name][~after])), float(np.nanmean(columns[name][after]))


def test_the_same_seed_draws_the_same() -> None:
    first, second = drawn(), drawn()
    assert all(np.array_equal(first[name], second[name], equal_nan=True) for name in first if name != "risk")
    assert not np.array_equal(first["started_at"][:100], drawn(seed=2)["started_at"][:100])


def test_quiet_traffic_has_the_shares_of_its_bot() -> None:
    columns = drawn()
    n = columns["started_at"].size
    assert n == pytest.approx(5 * SUPPORT.selected, rel=0.06)
    assert np.all(np.diff(columns["started_at"]) >= 0)
    judged = ~np.isnan(columns["risk"])
    assert np.mean(columns["risk"][judged] >= 0.15) == pytest.approx(SUPPORT.flagged * 1.06, abs=0.006)
    assert np.mean(columns["refused"]) == pytest.approx(SUPPORT.refusals, abs=0.004)
    assert {round(value, 3) for value in np.unique(columns["pi"])} == {SUPPORT.pi, 1.0}
    in_time = columns["changed_at"] - columns["ended_at"] < 900_000_000
    assert np.mean(in_time) > 0.995


@pytest.mark.parametrize(
    ("incident", "column", "times"),
    [("refusals", "refused", 2.0), ("spike", "risk", 2.5)],
)
def test_an_incident_changes_what_it_is_about(incident: str, column: str, times: float) -> None:
    before, after = parted(drawn(incident), column)
    assert after / before == pytest.approx(times, rel=0.35)


def test_a_prompt_that_grows_is_a_new_version() -> None:
    happening = Happening(INCIDENTS["tokens"], STRUCK)
    columns = traffic_of(BOTS[1], SPAN, happening, np.random.default_rng(1))
    before, after = parted(columns, "input_tokens")
    assert after / before == pytest.approx(4.0, rel=0.25)
    struck = columns["started_at"] >= microseconds(STRUCK)
    assert set(columns["prompt"][struck].tolist()).isdisjoint(columns["prompt"][~struck].tolist())


def test_what_strikes_one_bot_leaves_the_others_alone() -> None:
    columns = traffic_of(BOTS[2], SPAN, Happening(INCIDENTS["spike"], STRUCK), np.random.default_rng(1))
    before, after = parted(columns, "risk")
    assert after < 2 * before


def test_the_record_shows_what_has_ended() -> None:
    columns, clock = drawn(), FixedClock(STRUCK)
    record = SimulatedRecord({SUPPORT.name: columns}, clock)
    block = only_block(record, NAMES)
    assert len(block["risk"]) == np.sum(columns["changed_at"] <= microseconds(STRUCK))
    clock.moment += timedelta(hours=1)
    assert len(only_block(record, NAMES)["risk"]) > len(block["risk"])


def test_it_has_every_column_of_the_record() -> None:
    record = SimulatedRecord({SUPPORT.name: drawn()}, FixedClock(MONDAY + timedelta(hours=6)))
    names = [*(name for name in HistoryRow.model_fields if name not in {"session_id"}), "cluster", "opinion"]
    block = only_block(record, names)
    sizes = {len(block[name]) for name in names}
    assert sizes == {len(block["trace_id"])}
    assert set(block["reason"]) <= {"judged", "refusal", "too_long"}


def test_while_the_judge_is_down_nothing_ends_and_the_oldest_waits() -> None:
    incident = Happening(INCIDENTS["judge-down"], STRUCK)
    columns = traffic_of(SUPPORT, SPAN, incident, np.random.default_rng(1))
    changed = columns["changed_at"]
    ends = STRUCK + timedelta(hours=2)
    assert not np.any((changed >= microseconds(STRUCK)) & (changed < microseconds(ends)))
    told = {each.name: each.value for each in SimulatedFleet({SUPPORT.name: columns}, incident).samples(ends)}
    assert told[fleet.OLDEST_OPEN.name] > 5400
    assert told[fleet.BREAKER.name] == 0


def test_a_dead_beat_selects_nothing() -> None:
    incident = Happening(INCIDENTS["beat-dead"], STRUCK)
    columns = traffic_of(SUPPORT, SPAN, incident, np.random.default_rng(1))
    record = SimulatedRecord({SUPPORT.name: columns}, FixedClock(SPAN.until))
    selected = only_block(record, ("selected_at",))["selected_at"].integers()
    assert selected.max() < microseconds(STRUCK)


def test_expected_rules_are_rules_of_the_product() -> None:
    from assay.worker.alerts.rules.names import RULE_NAMES

    assert deployment_of().use_cases
    for incident in INCIDENTS.values():
        assert set(incident.expected) <= set(RULE_NAMES)


def test_a_dead_judge_is_told_of_by_the_rules_of_the_product() -> None:
    incident = Happening(INCIDENTS["judge-down"], BEGINS + timedelta(hours=10))
    pace = Pace(timedelta(minutes=4), timedelta(hours=1), timedelta(hours=1))
    watch = Watch(
        incident.begins - timedelta(minutes=4), incident.begins + timedelta(minutes=20), 1, incident, pace, BOTS[2:]
    )
    with on_the_loop():
        asyncio.run(watch.run())
    assert [each.rule for each in watch.told] == ["AssayJudgeFailing"]


def test_the_tables_say_what_was_missed_and_what_was_false(capsys: pytest.CaptureFixture[str]) -> None:
    at = BEGINS + timedelta(minutes=30)
    page = Told("LLMHallucinationSpike", "page", {"use_case": "support"}, at)
    ticket = Told("AssayFlaggedCreep", "ticket", {"use_case": "support"}, at)
    assert tell_quiet([Quiet(1, 2, [ticket])])
    assert not tell_quiet([Quiet(1, 2, [page])])
    assert tell_incidents([Answer("spike", 1, BEGINS, [page], [70])])
    assert not tell_incidents([Answer("spike", 1, BEGINS, [ticket], [70])])
    told = capsys.readouterr().out
    assert "after 30 min" in told
    assert "MISSED in 1 of 1 runs" in told


def only_block(record: SimulatedRecord, names: tuple[str, ...] | list[str]) -> Block:
    """All that the record shows."""

    async def read() -> Block:
        query = HistoryQuery(since=SPAN.since, until=SPAN.until)
        return next(iter([block async for block in record.blocks(query, names)]))

    return asyncio.run(read())
