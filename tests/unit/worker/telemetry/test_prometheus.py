"""What control workers serve to Prometheus, scraped over HTTP."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from assay.worker.golden.scheduling.slot_records import ScheduleStatus, SlotState
from assay.worker.golden.scheduling.tick import Schedules, schedule_statuses
from assay.worker.golden.sets.schedule import Schedule
from assay.worker.ports.state import StateUnavailable
from assay.worker.telemetry.prometheus import serve_metrics
from tests.unit.worker.golden.scheduling.test_scheduler import MONDAY, Fleet
from tests.waiting import PATIENCE_S

Values = dict[tuple[str, ...], float]


def scraped(address: str) -> Values:
    """Name and label values of every sample, as Prometheus reads them."""
    with urlopen(address, timeout=PATIENCE_S) as reply:
        families = text_string_to_metric_families(reply.read().decode())
        return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


@contextmanager
def serving(read: Callable[[], Sequence[ScheduleStatus]]) -> Iterator[Callable[[], Values]]:
    server = serve_metrics("127.0.0.1", 0, read)
    assert server is not None
    assert server.server_address[0] == "127.0.0.1"
    try:
        yield lambda: scraped(f"http://127.0.0.1:{server.server_port}/metrics")
    finally:
        server.shutdown()
        server.server_close()


def read_from(fleet: Fleet) -> Callable[[], Sequence[ScheduleStatus]]:
    return lambda: asyncio.run(schedule_statuses(fleet.state.key_values, fleet.schedules, fleet.clock.now()))


def test_a_dead_beat_shows_though_nothing_writes_any_more() -> None:
    fleet = Fleet()
    with serving(read_from(fleet)) as scrape:
        found = scrape()
        assert found["assay_golden_schedule_problem", "bot"] == 1, "no beat has looked yet"
        assert ("assay_golden_overdue_seconds", "bot") not in found, "nobody knows"
        fleet.tick()
        assert scrape()["assay_golden_overdue_seconds", "bot"] == 0
        fleet.clock.moment = MONDAY + timedelta(hours=2)  # and no tick
        found = scrape()
    assert found["assay_golden_overdue_seconds", "bot"] == 7200
    assert found["assay_golden_schedule_problem", "bot"] == 0
    assert found[("assay_golden_schedule_readable",)] == 1


def test_the_last_run_is_told_by_time_and_verdict() -> None:
    fleet = Fleet()
    fleet.tick()
    fleet.put(SlotState.DONE, verdict="regressed")
    fleet.clock.moment = MONDAY + timedelta(days=20)
    with serving(read_from(fleet)) as scrape:
        found = scrape()
    assert found["assay_golden_last_run_timestamp_seconds", "bot"] == MONDAY.timestamp()
    assert found["assay_golden_last_run_verdict", "bot", "regressed"] == 1
    assert found["assay_golden_overdue_seconds", "bot"] == timedelta(days=6).total_seconds()


def test_hostile_names_of_sets_stay_labels() -> None:
    name = 'bot"} 1\nassay_golden_overdue_seconds{golden_set="x\\'
    fleet = Fleet()
    fleet.schedules = Schedules(by_set={name: Schedule(daily="06:00")}, problems={"broken\n# HELP": "no YAML"})
    with serving(read_from(fleet)) as scrape:
        found = scrape()
    assert found["assay_golden_schedule_problem", "broken\n# HELP"] == 1
    assert ("assay_golden_overdue_seconds", "x") not in found


def test_a_state_that_is_away_is_told_and_no_old_value_is_shown() -> None:
    calls: list[int] = []

    def read() -> Sequence[ScheduleStatus]:
        calls.append(1)
        if len(calls) > 1:
            raise StateUnavailable("gone")
        return [ScheduleStatus(golden_set="bot")]

    with serving(read) as scrape:
        assert scrape()["assay_golden_overdue_seconds", "bot"] == 0
        assert scrape() == {("assay_golden_schedule_readable",): 0}


def test_many_scrapes_at_once_are_answered() -> None:
    fleet = Fleet()
    fleet.tick()
    found: list[Values] = []
    with serving(read_from(fleet)) as scrape:
        threads = [threading.Thread(target=lambda: found.append(scrape())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [found[0]] * 8


@pytest.mark.parametrize("host", ["127.0.0.1", "no such host.invalid"])
def test_an_address_that_cannot_be_had_stops_nobody(host: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert serve_metrics(host, taken.getsockname()[1], list) is None
