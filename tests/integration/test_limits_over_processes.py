"""Limits of calls over real processes and a real Redis. The endpoint counts."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.ports.call_limits import ALL, Spent, UnknownEnds
from assay.worker.state.redis.call_account import RedisCallAccount
from assay.worker.state.redis.connection import RedisConnection
from tests.servers.counting_server import CountingServer
from tests.waiting import PATIENCE_S, until

Process = subprocess.Popen[str]


def seconds_to_noon() -> float:
    """What moves a clock to noon of this UTC day. Shortly before midnight a command waits for the next day's budget."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon.timestamp() - time.time()


@contextmanager
def callers(
    broker: Broker, prefix: str, server: CountingServer, told: Sequence[dict[str, Any]]
) -> Iterator[list[Process]]:
    """Processes that call, begun together once all have started."""
    with ExitStack() as stack:
        processes = []
        for each in told:
            places = {"redis": broker.url, "prefix": prefix, "port": server.port}
            processes.append(
                stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-m", "tests.servers.limited_caller", json.dumps({**places, **each})],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                )
            )
            stack.callback(processes[-1].kill)
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield processes


def ended(process: Process) -> dict[str, Any]:
    """What a process tells at its end."""
    told: dict[str, Any] = json.loads(process.communicate(timeout=PATIENCE_S)[0])
    return told


async def _account(broker: Broker, prefix: str, ahead_s: float = 0.0) -> tuple[Spent, UnknownEnds, float]:
    connection = RedisConnection(broker.url, prefix=prefix)
    reader = RedisCallAccount(connection, now=lambda: time.time() + ahead_s)
    try:
        spent = (await reader.spent([ALL]))[ALL]
        today = date.fromisoformat(spent.day)
        unknown = await reader.unknown_ends(today, today)
        used = (await reader.endpoint("default", [""])).used
        return spent, unknown, used["", "concurrency"]
    finally:
        await connection.close()


def test_eight_processes_with_three_rubrics_each_never_exceed_the_concurrency(broker: Broker, key_prefix: str) -> None:
    told = {"limits": {"endpoints": {"default": {"concurrency": 8}}}, "calls": {"bot": 15}, "slots": 4}
    with CountingServer(0.02) as server:
        with callers(broker, key_prefix, server, [told] * 8) as processes:
            for process in processes:
                ended(process)
        assert len(server.arrivals) == 8 * 15
        assert server.peak <= 8
    assert asyncio.run(_account(broker, key_prefix))[2] == 0


def test_budget_is_never_exceeded_and_what_is_left_holds_no_bound(broker: Broker, key_prefix: str) -> None:
    bound_usd, cost_usd = 0.0006, 0.00009  # gpt-6-luna: 1,000 + 1,000 tokens at most, 400 + 100 used
    ahead_s = seconds_to_noon()
    told = {"limits": {"usd_per_day": 0.005}, "calls": {"bot": 60}, "clock_ahead_s": ahead_s}
    with CountingServer(0.01) as server:
        with callers(broker, key_prefix, server, [told] * 4) as processes:
            held = [reason for process in processes for reason in ended(process)["held"]]
        made = len(server.arrivals)
    spent, unknown, _ = asyncio.run(_account(broker, key_prefix, ahead_s))
    assert made * cost_usd <= 0.005
    assert spent.day_usd == pytest.approx(made * cost_usd)
    assert spent.day_usd > 0.005 - bound_usd
    assert spent.day_reserved_usd == pytest.approx(0.0)
    assert set(held) == {"budget"}
    assert made + len(held) == 4 * 60
    assert unknown == UnknownEnds()


def test_slots_of_a_killed_process_come_back_and_its_calls_are_charged_in_full(broker: Broker, key_prefix: str) -> None:
    limits = {"usd_per_day": 10, "endpoints": {"default": {"concurrency": 4}}}
    ahead_s = seconds_to_noon()
    told = {"limits": limits, "calls": {"bot": 20}, "lease_s": 3.0, "clock_ahead_s": ahead_s}
    with CountingServer(PATIENCE_S) as server:
        with callers(broker, key_prefix, server, [told]) as (victim,):
            until(lambda: len(server.arrivals) == 4)
            victim.kill()
            victim.wait()
        server.latency_s = 0.01
        with callers(broker, key_prefix, server, [told]) as (other,):
            ended(other)
        assert len(server.arrivals) == 4 + 20
    spent, unknown, under_way = asyncio.run(_account(broker, key_prefix, ahead_s))
    assert unknown.calls == 4
    assert unknown.cost_usd == pytest.approx(4 * 0.0006)
    assert spent.day_usd == pytest.approx(4 * 0.0006 + 20 * 0.00009)
    assert under_way == 0
