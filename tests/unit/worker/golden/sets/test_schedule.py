"""Slots of schedules: each local time once, through every change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.worker.golden.sets.schedule import Schedule
from tests.examples import examples

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # clocks change by half an hour
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Antarctica/Troll",  # by two hours
]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


clock_times = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))
moments = st.datetimes(
    utc(2020, 1, 1).replace(tzinfo=None), utc(2030, 1, 1).replace(tzinfo=None), timezones=st.just(UTC)
)


@settings(max_examples=examples(60))
@given(clock_times, st.sampled_from(ZONES), st.integers(2020, 2029))
def test_daily_slots_are_one_a_local_day_whatever_the_clocks_do(at: str, zone: str, year: int) -> None:
    tz = ZoneInfo(zone)
    start, end = datetime(year, 1, 1, tzinfo=tz), datetime(year + 1, 1, 1, tzinfo=tz)
    slots = Schedule(daily=at, timezone=zone).between(start, end)
    local_days = [slot.astimezone(tz).date() for slot in slots]
    assert local_days == sorted(set(local_days))
    assert len(slots) == (end.date() - start.date()).days
    assert all(timedelta(hours=20) < b - a < timedelta(hours=28) for a, b in pairwise(slots))


@settings(max_examples=examples(60))
@given(clock_times, st.sampled_from(ZONES), moments)
def test_a_slot_shows_its_local_time_unless_that_time_does_not_exist(at: str, zone: str, now: datetime) -> None:
    tz = ZoneInfo(zone)
    slot = Schedule(weekly=f"Mon-Sun {at}", timezone=zone).latest(now)
    shown = slot.astimezone(tz)
    if f"{shown:%H:%M}" != at:
        missing = shown.replace(hour=int(at[:2]), minute=int(at[3:]), fold=0)
        assert missing.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != missing.replace(tzinfo=None)
    assert shown.fold == 0


@settings(max_examples=examples(100))
@given(clock_times, st.sampled_from(ZONES), st.sampled_from(["Mon", "Sat-Mon", "Wed-Wed"]), moments)
def test_latest_and_following_are_neighbours_with_nothing_between(at: str, zone: str, days: str, now: datetime) -> None:
    schedule = Schedule(weekly=f"{days} {at}", timezone=zone)
    latest, following = schedule.latest(now), schedule.following(now)
    assert latest <= now < following
    assert schedule.between(latest, following) == [latest]
    assert schedule.latest(following) == following
    assert schedule.latest(following - timedelta(microseconds=1)) == latest


@settings(max_examples=examples(40))
@given(clock_times, st.sampled_from(ZONES), moments, st.lists(st.integers(1, 90), min_size=30, max_size=60))
def test_a_clock_that_looks_now_and_then_meets_every_slot_once(
    at: str, zone: str, start: datetime, steps: list[int]
) -> None:
    schedule = Schedule(daily=at, timezone=zone)
    now, met = start, [schedule.latest(start)]
    for minutes in steps:
        now += timedelta(minutes=minutes)
        if (latest := schedule.latest(now)) != met[-1]:
            met.append(latest)
    assert met == [met[0], *schedule.between(met[0] + timedelta(seconds=1), now + timedelta(microseconds=1))]


def test_a_local_time_that_does_not_exist_comes_once_and_later() -> None:
    schedule = Schedule(daily="02:30", timezone="Europe/Berlin")
    assert schedule.between(utc(2026, 3, 28, 12), utc(2026, 3, 30, 12)) == [
        utc(2026, 3, 29, 1, 30),
        utc(2026, 3, 30, 0, 30),
    ]


def test_a_local_time_that_comes_twice_is_run_the_first_time() -> None:
    schedule = Schedule(daily="02:30", timezone="Europe/Berlin")
    assert schedule.between(utc(2026, 10, 24, 12), utc(2026, 10, 26, 12)) == [
        utc(2026, 10, 25, 0, 30),
        utc(2026, 10, 26, 1, 30),
    ]


def test_two_slots_that_a_gap_throws_together_are_one() -> None:
    schedule = Schedule(daily=("02:30", "03:30"), timezone="Europe/Berlin")
    assert schedule.between(utc(2026, 3, 29), utc(2026, 3, 29, 12)) == [utc(2026, 3, 29, 1, 30)]


def test_monday_is_monday_where_the_schedule_says() -> None:
    schedule = Schedule(weekly="Mon 06:00", timezone="Pacific/Auckland")
    assert schedule.following(utc(2026, 11, 21)) == utc(2026, 11, 22, 17)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"weekly": "Mon 06:00", "daily": "06:00"},
        {"weekly": "Monday 06:00"},
        {"weekly": "06:00"},
        {"weekly": "Mon 25:00"},
        {"daily": "6"},
        {"daily": 750},
        {"daily": "06:00", "timezone": "Mars/Olympus"},
        {"daily": "06:00", "timezone": "Europe"},
        {"daily": "06:00", "timezone": "../../etc/passwd"},
        {"daily": "06:00", "timezone": ""},
        {"weekly": []},
    ],
)
def test_what_is_no_schedule_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Schedule.model_validate(spec)
