"""Scheduled golden runs: claimed once, caught up once, resumed, given up, announced, and shown."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ModelUnavailable
from assay.judges.rubric import Rubric
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.scheduling.announce import Announcement, announce, payload
from assay.worker.golden.scheduling.scheduled_job import GoldenPlace
from assay.worker.golden.scheduling.scheduler import MAX_ATTEMPTS, ScheduledRuns
from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotBook, SlotRecord, SlotState
from assay.worker.golden.scheduling.tick import (
    RUN_LOCK,
    GoldenClock,
    Schedules,
    TickReport,
    read_schedules,
    schedule_statuses,
)
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze, load_golden_set
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.messages import GoldenJudgeMessage, GoldenRunMessage
from assay.worker.reporting.terminal.schedules import schedule_line
from assay.worker.state.memory.state import memory_state
from tests.servers.listening import ListeningServer
from tests.unit.worker.golden.golden_sets import OK, WrittenJudge, item, rubric_named, write_set

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WEEKLY = Schedule(weekly="Mon 06:00")
IDS = [f"q{n}" for n in range(12)]


class Fleet:
    """A state, a clock, and a queue that remembers what was published."""

    def __init__(self, *, now: datetime = MONDAY - timedelta(days=2), **schedules: Schedule) -> None:
        self.state = memory_state()
        self.clock = FixedClock(now)
        self.queue: list[GoldenRunMessage] = []
        self.schedules = Schedules(by_set=schedules or {"bot": WEEKLY}, problems={})
        self.golden = GoldenClock(
            key_values=self.state.key_values,
            locks=self.state.locks,
            schedules=lambda: self.schedules,
            publish=self._publish,
            clock=self.clock,
        )

    async def _publish(self, messages: Any) -> None:
        self.queue += [message for message in messages if not isinstance(message, GoldenJudgeMessage)]

    def tick(self, now: datetime | None = None) -> TickReport:
        self.clock.moment = now or self.clock.moment
        return asyncio.run(self.golden.tick())

    def status(self) -> ScheduleStatus:
        (one,) = asyncio.run(schedule_statuses(self.state.key_values, self.schedules, self.clock.now()))
        return one

    def record(self, slot: datetime = MONDAY) -> SlotRecord | None:
        return asyncio.run(SlotBook(self.state.key_values).record("bot", slot))

    def put(self, state: SlotState, **changes: Any) -> None:
        record = SlotRecord(golden_set="bot", slot=MONDAY, run_id="r", state=state, changed_at=MONDAY, **changes)
        asyncio.run(SlotBook(self.state.key_values).put(record))


# --- ticks --------------------------------------------------------------------------------------------------------


def test_a_new_schedule_waits_for_its_first_slot() -> None:
    fleet = Fleet()
    assert fleet.tick() == TickReport()
    assert fleet.tick(MONDAY - timedelta(seconds=1)) == TickReport()
    assert fleet.tick(MONDAY) == TickReport(due=("bot",), published=("bot",))
    assert [message.slot for message in fleet.queue] == [MONDAY]


def test_many_beats_claim_a_slot_once() -> None:
    fleet = Fleet()
    fleet.tick()

    async def all_at_once() -> list[TickReport]:
        fleet.clock.moment = MONDAY
        return await asyncio.gather(*(fleet.golden.tick() for _ in range(20)))

    reports = asyncio.run(all_at_once())
    assert sum(report.due == ("bot",) for report in reports) == 1


def test_missed_slots_are_caught_up_once() -> None:
    fleet = Fleet(now=MONDAY - timedelta(hours=1), bot=Schedule(daily="06:00"))
    fleet.tick()
    late = MONDAY + timedelta(days=9, hours=3)
    assert fleet.tick(late).due == ("bot",)
    assert [message.slot for message in fleet.queue] == [MONDAY + timedelta(days=9)]
    claimed = fleet.record(fleet.queue[0].slot)
    assert claimed is not None
    asyncio.run(SlotBook(fleet.state.key_values).put(claimed.model_copy(update={"state": SlotState.DONE})))
    assert fleet.tick(late + timedelta(minutes=1)) == TickReport()


def test_a_run_nobody_took_is_published_again_and_a_run_in_progress_is_not() -> None:
    fleet = Fleet()
    fleet.tick()
    fleet.tick(MONDAY)
    assert fleet.tick(MONDAY + timedelta(minutes=1)).published == ("bot",)
    asyncio.run(fleet.state.locks.acquire(RUN_LOCK, owner="a worker", ttl_s=60))
    assert fleet.tick(MONDAY + timedelta(minutes=2)) == TickReport(busy=True)
    asyncio.run(fleet.state.locks.release(RUN_LOCK, owner="a worker"))
    fleet.put(SlotState.RUNNING)
    assert fleet.tick(MONDAY + timedelta(minutes=3)).published == ("bot",), "its worker died"
    for state in (SlotState.DONE, SlotState.FAILED):
        fleet.put(state)
        assert fleet.tick(MONDAY + timedelta(minutes=4)) == TickReport()


def test_sets_due_together_run_one_after_the_other_oldest_first() -> None:
    fleet = Fleet(late=Schedule(daily="07:00"), early=Schedule(daily="06:00"))
    fleet.tick()
    assert fleet.tick(MONDAY + timedelta(hours=2)) == TickReport(due=("late", "early"), published=("early",))


def test_a_changed_schedule_is_not_run_for_the_time_before_it_was_written() -> None:
    fleet = Fleet()
    fleet.tick()
    fleet.schedules = Schedules(by_set={"bot": Schedule(weekly="Fri 06:00")}, problems={})
    assert fleet.tick(MONDAY + timedelta(hours=1)) == TickReport()


def test_a_manifest_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    for name in ("good", "quiet", "broken"):
        schedule: dict[str, Any] = {"schedule": {"daily": "06:00"}} if name != "quiet" else {}
        write_set(tmp_path / name, [item("a")], releases={"r": {"a": OK}}, **schedule)
    (tmp_path / "broken" / "manifest.yaml").write_text("schedule: [")
    found = read_schedules({name: tmp_path / name for name in ("good", "quiet", "broken")})
    assert list(found.by_set) == ["good"]
    assert "broken" in found.problems["broken"]


# --- what is shown ------------------------------------------------------------------------------------------------


def test_an_overdue_run_is_shown_and_a_punctual_one_is_not() -> None:
    fleet = Fleet()
    assert "no beat has looked" in fleet.status().problem
    fleet.tick()
    assert (fleet.status().overdue_s, fleet.status().next_slot) == (0, MONDAY)
    fleet.clock.moment = MONDAY + timedelta(minutes=5)
    assert fleet.status().overdue_s == 0
    fleet.clock.moment = MONDAY + timedelta(hours=2)
    assert fleet.status().overdue_s == 7200, "beat is dead: nobody claimed it"
    assert "OVERDUE by 120 minutes" in schedule_line(fleet.status()).plain
    fleet.put(SlotState.QUEUED)
    assert fleet.status().overdue_s == 7200, "no worker took it"
    fleet.put(SlotState.RUNNING)
    assert fleet.status().overdue_s == 7200, "its worker was never heard of"
    asyncio.run(SlotBook(fleet.state.key_values).heard("r", fleet.clock.now()))
    assert fleet.status().overdue_s == 0
    fleet.clock.moment += timedelta(minutes=11)
    assert fleet.status().overdue_s == 7860, "its worker is gone"
    fleet.put(SlotState.FAILED, verdict="error", detail="bad\x1b[31m", announced="webhook failed: ConnectError")
    line = schedule_line(fleet.status()).plain
    assert "failed, error, bad" in line
    assert "webhook failed" in line
    assert "\x1b" not in line


# --- runs ---------------------------------------------------------------------------------------------------------


class Judge(WrittenJudge):
    """An evaluator with a judge to close."""

    class _Closes:
        closed = 0

        async def close(self) -> None:
            self.closed += 1

    def __init__(self) -> None:
        super().__init__()
        self.judge = self._Closes()


class Runs:
    """Scheduled runs of one recorded set."""

    def __init__(self, home: Path, fleet: Fleet, *, webhook: str | None = None, **manifest: Any) -> None:
        self.home, self.fleet, self.judge = home, fleet, Judge()
        self.directory = home / "bot"
        releases = {"new": dict.fromkeys(IDS, OK), "old": dict.fromkeys(IDS, OK)}
        spec = {"target": {"kind": "recorded", "release": "new"}, "gate": {"allow_unexamined": True}, **manifest}
        spec.setdefault("schedule", {"weekly": "Mon 06:00"})
        write_set(self.directory, [item(i) for i in IDS], releases=releases, **spec)
        freeze(read_golden_set(self.directory, rubric_named))
        place = GoldenPlace(
            load=self._load,
            evaluator=self._evaluator,
            lookup=lambda _: None,
            data_dir=home / "data",
            concurrency=4,
            webhook=SecretStr(webhook) if webhook else None,
        )
        self.runs = ScheduledRuns(
            key_values=fleet.state.key_values, locks=fleet.state.locks, clock=fleet.clock, place=place
        )

    def _load(self, name: str) -> GoldenSet:
        return load_golden_set(self.home / name, rubric_named)

    def _evaluator(self, rubric: Rubric) -> Any:
        return self.judge

    def run(self, owner: str = "w1") -> SlotRecord | None:
        return asyncio.run(self.runs.run(GoldenRunMessage(golden_set="bot", slot=MONDAY), owner=owner))

    @property
    def history(self) -> list[str]:
        return [f"{one.kind}:{one.verdict}" for one in RunStore(self.home / "data", "bot").history()]


@pytest.fixture
def fleet() -> Fleet:
    due = Fleet()
    due.tick()
    due.tick(MONDAY)
    return due


def test_a_slot_is_run_once_however_often_its_message_comes(tmp_path: Path, fleet: Fleet) -> None:
    runs = Runs(tmp_path, fleet)
    first, second = runs.run(), runs.run("w2")
    assert first is not None
    assert (first.state, first.verdict, first.attempts, second) == (SlotState.DONE, "complete", 1, None)
    assert len(runs.history) == 1
    assert runs.judge.judge.closed == 1
    assert first.announced.startswith("no webhook")
    assert fleet.tick(MONDAY + timedelta(minutes=5)) == TickReport()


def test_two_workers_at_once_make_one_run(tmp_path: Path, fleet: Fleet) -> None:
    runs = Runs(tmp_path, fleet)

    async def both() -> list[SlotRecord | None]:
        message = GoldenRunMessage(golden_set="bot", slot=MONDAY)
        return await asyncio.gather(*(runs.runs.run(message, owner=f"w{n}") for n in range(5)))

    assert sum(one is not None for one in asyncio.run(both())) == 1
    assert len(runs.history) == 1


def test_with_a_baseline_the_run_is_a_gate(tmp_path: Path, fleet: Fleet) -> None:
    runs = Runs(tmp_path, fleet, baseline="old")
    done = runs.run()
    assert done is not None
    assert (done.verdict, runs.history) == ("pass", ["gate:pass"])


def test_a_slot_nobody_claimed_is_not_run(tmp_path: Path) -> None:
    runs = Runs(tmp_path, Fleet())
    assert runs.run() is None
    assert runs.history == []


def test_a_changed_set_fails_the_slot_and_says_so(tmp_path: Path, fleet: Fleet) -> None:
    runs = Runs(tmp_path, fleet)
    (runs.directory / "items.jsonl").write_text('{"id": "q0", "question": "another?"}\n')
    failed = runs.run()
    assert failed is not None
    assert (failed.state, failed.verdict) == (SlotState.FAILED, "error")
    assert "golden.lock" in failed.detail


@pytest.mark.parametrize("error", [ModelUnavailable("down"), ValueError("private text")])
def test_whatever_breaks_a_run_fails_its_slot(tmp_path: Path, fleet: Fleet, error: Exception) -> None:
    runs = Runs(tmp_path, fleet)

    def broken(rubric: Rubric) -> Any:
        raise error

    place = GoldenPlace(**{**runs.runs.place.__dict__, "evaluator": broken})
    failed = asyncio.run(
        ScheduledRuns(fleet.state.key_values, fleet.state.locks, fleet.clock, place).run(
            GoldenRunMessage(golden_set="bot", slot=MONDAY), owner="w"
        )
    )
    assert failed is not None
    assert failed.state is SlotState.FAILED
    assert "private" not in failed.detail
    assert asyncio.run(fleet.state.locks.acquire(RUN_LOCK, owner="next", ttl_s=1)), "the lock is given back"


def test_a_run_whose_worker_died_goes_on_where_it_stopped(tmp_path: Path, fleet: Fleet) -> None:
    runs = Runs(tmp_path, fleet)
    evaluate, seen = runs.judge.evaluate, 0

    async def dies(sample: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen > 6:
            raise KeyboardInterrupt
        return await evaluate(sample)

    runs.judge.evaluate = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        runs.run()
    asyncio.run(fleet.state.locks.release(RUN_LOCK, owner="w1"))  # in Redis it expires
    assert fleet.record() is not None
    runs.judge.evaluate = evaluate  # type: ignore[method-assign]
    before = len(runs.judge.samples)
    done = runs.run("w2")
    assert done is not None
    assert (done.state, done.attempts, done.verdict) == (SlotState.DONE, 2, "complete")
    assert 0 < before < len(IDS)
    anchors = len((runs.directory / "anchors.jsonl").read_text().splitlines())
    in_flight = 4
    assert len(runs.judge.samples) <= len(IDS) + anchors + in_flight, "only what was in flight is judged again"


def test_a_run_that_ends_its_worker_again_and_again_is_given_up(tmp_path: Path, fleet: Fleet) -> None:
    fleet.put(SlotState.RUNNING, attempts=MAX_ATTEMPTS)
    given_up = Runs(tmp_path, fleet).run()
    assert given_up is not None
    assert given_up.state is SlotState.FAILED
    assert "given up" in given_up.detail


# --- announcements ------------------------------------------------------------------------------------------------


class Hook:
    """A webhook: real HTTP, answering with its script of statuses."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.received = list(statuses), list[dict[str, Any]]()
        self.url = ""


@contextmanager
def hook(*statuses: int) -> Iterator[Hook]:
    found = Hook(*statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Quiet."""

    server = ListeningServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/T0/s3cret"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


NEWS = Announcement(golden_set="bot", run_id="r1", verdict="regressed", lines=("pass rate fell: p < 0.05 & <!here>",))


def send(url: str | None, **kwargs: Any) -> str:
    return asyncio.run(announce(NEWS, SecretStr(url) if url else None, first_wait_s=0.01, **kwargs))


def test_an_announcement_is_slacks_json_with_nothing_that_slack_would_act_on() -> None:
    with hook() as there:
        assert send(there.url) == "announced"
    (message,) = there.received
    assert message["text"] == "❌ Golden set bot: regressed"
    body = message["blocks"][0]["text"]["text"]
    assert "p &lt; 0.05 &amp; &lt;!here&gt;" in body
    assert "<" not in body


def test_a_long_announcement_is_cut_to_what_slack_takes() -> None:
    long = NEWS.model_copy(update={"lines": ("x" * 10_000,)})
    sent: Any = payload(long)
    assert 2000 < len(sent["blocks"][0]["text"]["text"]) <= 3000


@pytest.mark.parametrize(
    ("statuses", "requests", "said"),
    [
        ((503, 429), 3, "announced"),
        ((500, 500, 500), 3, "webhook failed: answered 500"),
        ((404,), 1, "webhook failed: answered 404"),
    ],
)
def test_an_announcement_is_tried_again_where_that_may_help(
    statuses: tuple[int, ...], requests: int, said: str
) -> None:
    with hook(*statuses) as there:
        assert send(there.url) == said
    assert len(there.received) == requests


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/s3cret", "not a url s3cret", "ftp://h/s3cret", "http://[s3cret"])
def test_a_webhook_that_cannot_be_reached_fails_nothing_and_shows_no_secret(url: str) -> None:
    said = send(url)
    assert said.startswith("webhook failed: ")
    assert "s3cret" not in said


def test_no_log_at_debug_shows_where_news_went(caplog: pytest.LogCaptureFixture) -> None:
    with hook() as there, caplog.at_level("INFO"):
        assert send(there.url) == "announced"
    assert "s3cret" not in caplog.text


def test_a_run_is_announced_and_a_failing_webhook_does_not_fail_it(tmp_path: Path, fleet: Fleet) -> None:
    with hook() as there:
        done = Runs(tmp_path, fleet, webhook=there.url).run()
    assert done is not None
    assert done.announced == "announced"
    assert "12 passed" in there.received[0]["blocks"][0]["text"]["text"]
    late = Fleet()
    late.tick()
    late.tick(MONDAY)
    done = Runs(tmp_path / "2", late, webhook="nothing").run()
    assert done is not None
    assert (done.state, done.verdict) == (SlotState.DONE, "complete")
    assert done.announced.startswith("webhook failed")


def test_a_state_that_is_away_for_a_moment_does_not_end_a_run(
    tmp_path: Path, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.worker.golden.scheduling.scheduler.RENEW_EVERY_S", 0.01)
    runs, acquire = Runs(tmp_path, fleet), fleet.state.locks.acquire
    calls: list[str] = []

    async def away(name: str, *, owner: str, ttl_s: float) -> bool:
        calls.append(owner)
        if len(calls) > 1:
            raise StateUnavailable("gone")
        return await acquire(name, owner=owner, ttl_s=ttl_s)

    monkeypatch.setattr(fleet.state.locks, "acquire", away)
    evaluate: Callable[..., Any] = runs.judge.evaluate

    async def slowly(sample: Any) -> Any:
        while len(calls) < 2:
            await asyncio.sleep(0.001)
        return await evaluate(sample)

    runs.judge.evaluate = slowly  # type: ignore[method-assign]
    done = runs.run()
    assert done is not None
    assert done.state is SlotState.DONE
    assert len(calls) > 1
