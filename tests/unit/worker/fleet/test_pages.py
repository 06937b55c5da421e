"""What a process tells of itself: alive, ready, and what many ask at once costs one look."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from assay.worker.fleet import beat_side, worker_side
from assay.worker.fleet.beat_side import BeatSide
from assay.worker.fleet.command import _role
from assay.worker.fleet.loop import LoopThread
from assay.worker.fleet.loop_lag import KEPT_S, LoopLag
from assay.worker.fleet.process_pages import HUNG_AFTER_S, ProcessPages
from assay.worker.fleet.recent import Recent
from assay.worker.fleet.worker_side import StoreEvidence
from assay.worker.flow.record import RecordReport
from assay.worker.flow.sweep import SweepReport
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.metrics.metric import Sample
from assay.worker.telemetry.http_pages import Answer
from assay.worker.telemetry.observe import TaskRun
from tests.waiting import until


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.run(no_more_tasks())
    thread.stop()


async def no_more_tasks() -> None:
    """End what still runs on the loop."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Side:
    """A process that is as it is told to be."""

    def __init__(self) -> None:
        self.late_s = 0.0
        self.why = ""
        self.is_ready = True
        self.reads = 0

    def loop_late_s(self) -> float:
        return self.late_s

    def worst_lag_s(self) -> float:
        return 0.25

    def beat_round_at(self) -> float | None:
        return None

    def ailing(self) -> str:
        return self.why

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        return self.is_ready, {"parts": {"redis": {"ok": self.is_ready}}}

    async def samples(self) -> Sequence[Sample]:
        self.reads += 1
        await asyncio.sleep(0.05)
        return [Sample(name="assay_state_readable", value=1)]


def asked(page: Callable[[str], Awaitable[Answer]]) -> tuple[int, Any]:
    async def ask() -> Answer:
        return await page("")

    answer = asyncio.run(ask())
    return answer.status.value, json.loads(answer.body)


def test_process_that_starts_is_alive_and_not_ready() -> None:
    pages = ProcessPages("assess")
    assert asked(pages.health) == (200, {"ok": True, "role": "assess", "why": "", "loop_late_s": 0.0})
    assert asked(pages.ready) == (503, {"ready": False, "role": "assess", "why": "the process is starting"})
    answer = asyncio.run(_scraped(pages))
    assert b'assay_build_info{role="assess"' in answer.body
    assert b"assay_loop_lag" not in answer.body


async def _scraped(pages: ProcessPages) -> Answer:
    return await pages.scrape("")


def test_readiness_says_what_the_process_says() -> None:
    pages, side = ProcessPages("control"), Side()
    pages.join(side)
    assert asked(pages.ready)[0] == 200
    side.is_ready = False
    pages = ProcessPages("control")
    pages.join(side)
    assert asked(pages.ready) == (503, {"ready": False, "role": "control", "parts": {"redis": {"ok": False}}})
    assert asked(pages.health)[0] == 200, "and it is alive all the same"


@pytest.mark.parametrize(("late_s", "why", "status"), [(HUNG_AFTER_S, "", 503), (9.0, "", 200), (0.0, "no round", 503)])
def test_health_is_the_loop_and_what_ails_the_process(late_s: float, why: str, status: int) -> None:
    pages, side = ProcessPages("beat"), Side()
    side.late_s, side.why = late_s, why
    pages.join(side)
    assert asked(pages.health)[0] == status


def test_fifty_scrapes_at_once_read_the_state_once() -> None:
    pages, side = ProcessPages("control"), Side()
    pages.join(side)

    async def many() -> list[Answer]:
        return await asyncio.gather(*(pages.scrape("") for _ in range(50)))

    answers = asyncio.run(many())
    assert side.reads == 1
    assert all(b"assay_state_readable 1.0" in answer.body for answer in answers)
    assert {metric.name for metric in pages.gathered()} >= {"assay_state_readable", "assay_loop_lag_seconds"}
    assert side.reads == 2, "who sends metrics elsewhere reads by itself"


def test_answers_and_errors_are_kept_for_a_moment() -> None:
    looks: list[int] = []

    async def look() -> int:
        looks.append(1)
        if len(looks) == 1:
            raise StateUnavailable("gone")
        return len(looks)

    async def main() -> None:
        recent = Recent(look, keep_s=60)
        for _ in range(3):
            with pytest.raises(StateUnavailable):
                await recent.get()
        assert looks == [1]
        brief = Recent(look, keep_s=0)
        assert [await brief.get(), await brief.get()] == [2, 3]

    asyncio.run(main())


def test_client_that_leaves_ends_no_look_that_others_wait_for() -> None:
    async def main() -> None:
        go = asyncio.Event()

        async def look() -> str:
            await go.wait()
            return "read"

        recent = Recent(look, keep_s=60)
        gone, stays = asyncio.create_task(recent.get()), asyncio.create_task(recent.get())
        await asyncio.sleep(0)
        gone.cancel()
        go.set()
        assert await stays == "read"

    asyncio.run(main())


def test_loop_that_hangs_is_seen_from_outside_and_remembered(loop: LoopThread) -> None:
    moment = [100.0]
    lag = LoopLag(now=lambda: moment[0])
    assert (lag.overdue_s, lag.worst_s) == (0.0, 0.0)
    running = loop.spawn(lag.watch())
    until(lambda: lag._due is not None)
    moment[0] += 12.0
    assert 11 <= lag.overdue_s <= 12
    until(lambda: lag._looks)
    assert lag.overdue_s == 0.0
    assert 11 <= lag.worst_s <= 12, "a scrape comes later"
    running.cancel()
    moment[0] += KEPT_S + 1
    lag._due = None
    assert lag.worst_s == 0.0


async def answers() -> None:
    """Redis does."""


async def is_away() -> None:
    raise StateUnavailable("Redis at secret-host: refused")


def beat_of(loop: LoopThread, ping: Callable[[], Awaitable[None]] = answers) -> tuple[BeatSide, ProcessPages]:
    side, pages = BeatSide(loop, ping), ProcessPages("beat")
    pages.join(side)
    return side, pages


def test_beat_is_alive_while_its_rounds_are_tried(loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    side, pages = beat_of(loop)
    assert asked(pages.health)[0] == 200, "it starts"
    assert side.beat_round_at() is None
    side.round_begins()
    side.round_done()
    assert abs((side.beat_round_at() or 0) - time.time()) < 60
    monkeypatch.setattr(beat_side, "NO_ROUND_AFTER_S", -1.0)
    status, told = asked(pages.health)
    assert (status, told["why"]) == (503, "no round of the schedule for 0 s")
    with side.standing_by():
        assert asked(pages.health)[0] == 200
        status, told = asked(pages.ready)
        assert (status, told["ready"], told["stands_by"], told["parts"]["redis"]) == (200, True, True, {"ok": True})
        assert side.beat_round_at() is None, "another beat's rounds count"


def test_beat_without_redis_is_alive_and_not_ready_and_names_no_address(loop: LoopThread) -> None:
    side, pages = beat_of(loop, is_away)
    side.round_begins()
    assert asked(pages.health)[0] == 200
    status, told = asked(pages.ready)
    assert (status, told["parts"]["redis"]["ok"]) == (503, False)
    assert "secret-host" not in json.dumps(told)


def test_loop_that_does_not_answer_makes_nobody_wait(loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beat_side, "READY_WITHIN_S", 0.1)
    _, pages = beat_of(loop)
    held = threading.Event()
    loop.loop.call_soon_threadsafe(held.wait)
    try:
        status, told = asked(pages.ready)
    finally:
        held.set()
    assert (status, told["why"]) == (503, "the event loop does not answer")


def test_what_the_store_did_to_work_is_remembered_until_it_does_better(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = StoreEvidence()
    assert evidence.trouble() == ""
    evidence.note(TaskRun(task="verify", seconds=1, error=StoreUnavailable("https://secret-host is down")))
    assert evidence.trouble() == "verify: StoreUnavailable, 0 s ago"
    evidence.note(TaskRun(task="sweep", seconds=1, report=SweepReport(windows=2, failed_windows=1)))
    assert evidence.trouble().startswith("sweep: it took or gave nothing")
    evidence.note(TaskRun(task="sweep", seconds=1, report=SweepReport(windows=2)))
    assert evidence.trouble().startswith("verify: ")
    evidence.note(TaskRun(task="record", seconds=1, report=RecordReport(put_off=3)))
    monkeypatch.setattr(worker_side, "STORE_TROUBLE_S", 0.0)
    assert evidence.trouble() == "", "nobody has tried for long"


@pytest.mark.parametrize(
    ("arguments", "role"),
    [
        (["worker", "--pool", "threads", "--queues", "assess"], "assess"),
        (["worker", "--queues", "control,golden"], "control"),
        (["worker"], "control"),
        (["beat", "--pidfile="], "beat"),
    ],
)
def test_role_is_known_from_the_queues(arguments: list[str], role: str) -> None:
    assert _role(arguments) == role
