"""What `assay status` says the fleet is kept from."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from assay.worker.flow.pressure import HeldBack
from assay.worker.flow.release import BacklogView
from assay.worker.limits.status import CallStatus
from assay.worker.ports.backlog import Lane
from assay.worker.ports.call_limits import BudgetUse, EndpointHealth, LimitUse, UnknownEnds
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.pulse import TickTimes
from assay.worker.reporting.fleet_health import (
    FleetHealth,
    HealthPorts,
    process_clock,
    read_fleet_health,
    tick_of,
    versions_words,
)
from assay.worker.reporting.terminal.fleet_health import health_lines
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_deployment


@pytest.mark.parametrize(
    ("every_s", "sent", "done", "words"),
    [
        (5, 3.0, 4.0, ""),
        (5, 3.0, 61.0, "no verify ran to its end for 61 s; see that a control worker runs"),
        (60, 3.0, 299.0, ""),
        (60, 3.0, 301.0, "no verify ran to its end for 301 s"),
        (5, 400.0, 400.0, "no verify was sent for 400 s; see that beat runs"),
        (5, 3.0, None, "no verify has run to its end yet"),
        (5, None, 3.0, ""),
    ],
)
def test_a_tick_that_did_not_run_is_told(every_s: float, sent: float | None, done: float | None, words: str) -> None:
    sentence = tick_of("verify", every_s, TickTimes(sent_ago_s=sent, done_ago_s=done)).sentence
    assert sentence.startswith(words)
    assert bool(sentence) == bool(words)


def test_a_clock_that_is_off_is_told() -> None:
    assert process_clock("assess1", 1.9).sentence == ""
    assert process_clock("assess1", None).sentence == ""
    assert "assess1: the clock of its machine is 30.0 s behind Redis'" in process_clock("assess1", -30).sentence


def test_versions_side_by_side_are_told_with_their_processes() -> None:
    assert versions_words([process_clock("assess1", 0.0, "0.2.0"), process_clock("beat", 0.0, "0.2.0")]) == ""
    mixed = FleetHealth(processes=(process_clock("assess1", 0.0, "0.2.0"), process_clock("beat", None)))
    assert "2 versions (0.2.0: assess1; an older version: beat)" in mixed.warnings[0]


def test_a_fleet_that_never_ran_is_told_nothing_about() -> None:
    async def read() -> FleetHealth:
        state = memory_state()
        days = {"first": NOW.date(), "last": NOW.date()}
        ports = HealthPorts(state.pulse, state.backlog, state.key_values, state.call_reader, state.ended)
        return await read_fleet_health(ports, make_deployment(), FixedClock(NOW), {"verify": 5.0}, **days)

    health = asyncio.run(read())
    assert health.warnings == []
    assert list(health_lines(health)) == []


def lines(**parts: Any) -> str:
    return "\n".join(health_lines(FleetHealth(**parts)))


def test_endpoints_limits_and_budgets_are_told() -> None:
    calls = CallStatus(
        limits=(
            LimitUse(endpoint="default", kind="requests", amount=500, used=480),
            LimitUse(endpoint="default", model="m", kind="concurrency", amount=8, used=8),
        ),
        budgets=(
            BudgetUse(use_case="bot", period="day", label="2026-11-21", limit_usd=20, spent_usd=12.5, reserved_usd=0.5),
            BudgetUse(use_case="", period="month", label="2026-11", limit_usd=100, spent_usd=1, reserved_usd=0),
        ),
        endpoints=(
            EndpointHealth(endpoint="a", breaker="open", failures_in_a_row=12, open_s=30, next_probe_s=4),
            EndpointHealth(endpoint="b", slowed_to_per_minute=120, paused_s=3),
        ),
    )
    told = lines(calls=calls, unknown_ends=UnknownEnds(calls=12, cost_usd=0.024, unpriced_calls=2))
    assert "limit default: 480 of 500 requests in the last minute" in told
    assert "limit default, m: 8 of 8 calls under way" in told
    assert "budget bot, day 2026-11-21: 12.5000 of 20.0000 USD spent, 0.5000 of it by calls under way; 7.5000" in told
    assert "budget of all use cases, month 2026-11: 1.0000 of 100.0000 USD spent; 99.0000 left" in told
    assert "! judge endpoint a: does not answer (12 failed calls in a row): a call tries it in 4 s" in told
    assert "! judge endpoint b: asked for less (429): at most 120 calls a minute go out; asked for a pause" in told
    assert "12 model calls without a known end, charged 0.0240 USD, and 2 of unknown price" in told


def test_what_waits_and_what_holds_it_is_told() -> None:
    lanes = (
        Lane(turn="bot", use_case="bot", rubric="grounding", waiting=1200, per_second=5.0),
        Lane(turn="bot", use_case="bot", rubric="manners", waiting=7, hold="budget", held_until=NOW),
        *(Lane(turn=f"c{n}", use_case=f"c{n}", rubric="r", waiting=1) for n in range(6)),
        Lane(turn="idle", use_case="idle", rubric="r"),
    )
    held = HeldBack(rubric="grounding", waiting=1200, drain_s=7200, since=NOW - timedelta(hours=1))
    told = lines(backlog=BacklogView(lanes=lanes), held_back=held)
    assert "! the sweep waits since" in told
    assert "waiting for their release: 1,213 judgements" in told
    assert "bot (grounding): 1,200, about 4 min at the present pace" in told
    assert f"bot (manners): 7, held by budget until {NOW:%H:%M:%S} UTC" in told
    assert "and 3 more; --json has them" in told
    assert "idle" not in told


def test_foreign_messages_are_told() -> None:
    assert "! messages that were none of ours were dropped" in lines(dropped={"not_json": 3})


def test_refused_access_is_told_once_with_cause_and_remedy() -> None:
    held: dict[str, Any] = {"rubric": "r", "hold": "access", "held_until": NOW}
    why = "endpoint default: status 401 (invalid_api_key); the key is refused: check it"
    lanes = (
        *(Lane(turn=name, use_case=name, why=why, **held) for name in ("shop", "bot")),
        Lane(turn="own", use_case="own", why="endpoint own: status 402", **held),
        Lane(turn="old", use_case="old", rubric="r", waiting=3),
    )
    told = lines(backlog=BacklogView(lanes=lanes))
    assert told.count(why) == 1
    assert f"! judging waits until this is mended: {why} (bot, shop); no trace is lost" in told
    assert "! judging waits until this is mended: endpoint own: status 402 (own); no trace is lost" in told
