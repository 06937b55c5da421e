"""Nobody is told during maintenance, also where clocks change; what holds on is told afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.worker.alerts.muting import Mute, MuteBook
from assay.worker.config.maintenance import Maintenance
from tests.servers.slack_server import SlackServer
from tests.unit.worker.alerts.desk import NOON, Desk, rule, waiting

BERLIN = ZoneInfo("Europe/Berlin")
TOLD, ENDED = "🔴 bot: 40 traces wait", "✅ Resolved: bot: 40 traces wait"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


def window(**keys: object) -> Maintenance:
    return Maintenance.model_validate({"reason": "moving house", **keys})


def desk_with(slack: SlackServer, **keys: object) -> Desk:
    desk = Desk(alerting={"maintenance": [{"reason": "moving house", **keys}]})
    desk.slack(slack)
    return desk


NEXT_HOUR = {"from": NOON.isoformat(), "until": (NOON + timedelta(hours=1)).isoformat()}


def test_what_holds_on_is_told_after_the_window(slack: SlackServer) -> None:
    desk = desk_with(slack, **NEXT_HOUR)
    desk.look(waiting(40))
    assert slack.texts == []
    (state,) = desk.book.firing()
    assert state.silent == "maintenance until 2026-11-30 13:00 UTC: moving house"
    desk.look(waiting(40), after_s=3570)
    assert slack.texts == [TOLD]


def test_what_ended_within_the_window_is_never_told(slack: SlackServer) -> None:
    desk = desk_with(slack, **NEXT_HOUR)
    for value in (40, 0, 40, 0):
        desk.look(waiting(value))
    desk.look(waiting(0), after_s=3600)
    assert slack.texts == []
    assert not desk.book.ended


def test_the_end_of_what_was_told_before_is_told_after_the_window(slack: SlackServer) -> None:
    desk = desk_with(slack, **{"from": (NOON + timedelta(minutes=1)).isoformat(), "until": NEXT_HOUR["until"]})
    desk.look(waiting(40))
    desk.look(waiting(0), after_s=120)
    assert slack.texts == [TOLD]
    desk.look(waiting(0), after_s=3600)
    desk.look(waiting(0))
    assert slack.texts == [TOLD, ENDED]
    assert not desk.book.ended


def test_a_failed_message_is_not_told_once_it_is_over_and_muted(slack: SlackServer) -> None:
    desk = desk_with(slack, **{"from": (NOON + timedelta(minutes=1)).isoformat(), "until": NEXT_HOUR["until"]})
    slack.answers(500)
    desk.look(waiting(40))
    desk.look(waiting(0), after_s=120)
    desk.look(waiting(0), after_s=3600)
    assert slack.texts == []


def test_only_what_is_named_is_muted(slack: SlackServer) -> None:
    desk = desk_with(slack, **NEXT_HOUR, use_cases=["bo*"])
    desk.look(waiting(40), waiting(50, "search"))
    assert slack.texts == ["🔴 search: 50 traces wait"]
    of_rules = window(**NEXT_HOUR, rules=["AssayOther"])
    assert of_rules.rules == ("AssayOther",)


def test_a_mute_by_command_ends_by_itself_and_by_command(slack: SlackServer) -> None:
    desk = Desk()
    desk.slack(slack)
    book = MuteBook(desk.state.key_values, desk.state.locks)
    now = NOON.timestamp()
    mute = Mute(id="m1", rule="AssayBacklog*", since=now, until=now + 3600, reason="known")
    asyncio.run(book.add(mute, now))
    asyncio.run(book.add(mute.model_copy(update={"id": "m2", "until": now + 60}), now))
    desk.look(waiting(40))
    assert desk.book.firing()[0].silent == "mute m1 until 2026-11-30 13:00 UTC: known"
    assert [each.id for each in asyncio.run(book.mutes(now + 61))] == ["m1"]
    assert [each.id for each in asyncio.run(book.remove(["m1", "m9"], now + 61))] == ["m1"]
    desk.look(waiting(40))
    desk.look(waiting(40))
    assert slack.texts == [TOLD]


def test_what_another_alert_explains_is_told_when_that_one_ends(slack: SlackServer) -> None:
    cause = rule("AssayCause", "ticket", metric="assay_dead_letters", by=())
    desk = Desk(cause, rule(inhibited_by=("AssayCause",)))
    desk.slack(slack)
    both = (waiting(40), waiting(40, metric="assay_dead_letters"))
    desk.look(*both)
    assert slack.texts == ["🟠 40 wait"]
    assert desk.book.alerts["AssayBacklogLong/use_case=bot"].silent == "explained by AssayCause"
    desk.look(waiting(40), waiting(0, metric="assay_dead_letters"))
    assert slack.texts[1:] == ["🔴 bot: 40 traces wait\n✅ Resolved: 40 wait"]


def test_an_alert_of_one_use_case_does_not_explain_anothers(slack: SlackServer) -> None:
    desk = Desk(rule("AssayCause", "ticket", metric="assay_seen_traces"), rule(inhibited_by=("AssayCause",)))
    desk.slack(slack)
    desk.look(waiting(40), waiting(40, "search"), waiting(40, "search", metric="assay_seen_traces"))
    assert desk.book.alerts["AssayBacklogLong/use_case=bot"].silent == ""
    assert desk.book.alerts["AssayBacklogLong/use_case=search"].silent == "explained by AssayCause/use_case=search"


def local(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=BERLIN, fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


SUNDAY = {"weekly": "Sun 02:00-04:00", "timezone": "Europe/Berlin"}


def test_in_autumn_the_window_holds_both_of_the_repeated_hours() -> None:
    nightly = window(**SUNDAY)
    assert nightly.holds(local(2026, 10, 25, 1, 59)) is None
    for moment in (local(2026, 10, 25, 2, 30), local(2026, 10, 25, 2, 30, fold=1), local(2026, 10, 25, 3, 59)):
        assert nightly.holds(moment) == local(2026, 10, 25, 4, 0)
    assert nightly.holds(local(2026, 10, 25, 4, 0)) is None
    ends_within = window(weekly="Sun 01:00-02:30", timezone="Europe/Berlin")
    assert ends_within.holds(local(2026, 10, 25, 2, 29, fold=1)) is not None
    assert ends_within.holds(local(2026, 10, 25, 2, 31, fold=1)) is None


def test_in_spring_a_window_in_the_skipped_hour_is_an_hour_later() -> None:
    skipped = window(weekly="Sun 02:15-02:45", timezone="Europe/Berlin")
    assert skipped.holds(local(2026, 3, 29, 3, 30)) is not None
    assert skipped.holds(local(2026, 3, 29, 1, 30)) is None
    assert window(**SUNDAY).holds(local(2026, 3, 29, 3, 30)) == local(2026, 3, 29, 4, 0)


def test_a_window_reaches_into_the_next_day() -> None:
    nights = window(weekly="Mon-Fri 22:00-06:00", timezone="Europe/Berlin")
    assert nights.holds(local(2026, 11, 28, 5, 59)) == local(2026, 11, 28, 6, 0)  # Friday's night ends on Saturday
    assert nights.holds(local(2026, 11, 30, 5, 0)) is None  # Sunday has no window
    assert window(weekly="Sun 00:00-24:00").holds(datetime(2026, 11, 29, 23, 59, tzinfo=UTC)) is not None


def test_times_without_a_zone_are_of_the_windows_own() -> None:
    once = window(**{"from": "2026-12-24T18:00", "until": "2026-12-25T00:00Z", "timezone": "Europe/Berlin"})
    assert once.holds(datetime(2026, 12, 24, 17, 0, tzinfo=UTC)) == datetime(2026, 12, 25, tzinfo=UTC)
    assert once.holds(datetime(2026, 12, 24, 16, 59, tzinfo=UTC)) is None


@given(st.integers(0, 3 * 365 * 24 * 60))
def test_outside_of_changes_a_weekly_window_is_what_the_local_clock_says(minutes: int) -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    clock = at.astimezone(BERLIN)
    if any((at + timedelta(hours=n)).astimezone(BERLIN).utcoffset() != clock.utcoffset() for n in (-5, 5)):
        return
    assert (window(**SUNDAY).holds(at) is not None) == (clock.weekday() == 6 and 2 <= clock.hour < 4)


@pytest.mark.parametrize(
    ("keys", "remedy"),
    [
        ({"weekly": "Sunday 2-4"}, 'write "Sun 02:00-04:00"'),
        ({"weekly": "Sun 02:00-02:00"}, "begins when it ends"),
        ({"weekly": "Sun 02:00-26:00"}, "holds no time of day"),
        ({"weekly": "Sun 02:00-04:00", "until": "2026-12-24T18:00"}, "give either"),
        ({"from": "2026-12-24T18:00"}, "give both"),
        ({"from": "2026-12-24T18:00", "until": "2026-12-24T17:00"}, "exchange them"),
        ({**SUNDAY, "timezone": "Berlin"}, "is no time zone"),
    ],
)
def test_what_is_no_window_is_refused_with_a_remedy(keys: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        window(**keys)
