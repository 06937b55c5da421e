"""Once a week each part is sent once: caught up once, at the local time also where clocks change, over any fault."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from assay.worker.alerts.digest.records import OwnerDigest
from assay.worker.alerts.digest.sending import (
    Deliver,
    DigestMail,
    DigestReport,
    file_name,
    part_of,
    to_files,
    to_slack,
    to_webhook,
)
from assay.worker.alerts.digest.slots import DigestSlots, week_of
from assay.worker.config.alerting import Digest
from assay.worker.ports.clock import FixedClock
from assay.worker.state.memory.state import memory_state
from tests.servers.slack_server import SlackServer
from tests.servers.told_server import Reply, ToldServer

MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
TIMES = Digest(weekly="Mon 08:00").times
TEAMS = tuple(
    OwnerDigest(owner=owner, since=MONDAY - timedelta(days=7), until=MONDAY, use_cases=()) for owner in ("team a", None)
)

TEAM_A = hashlib.sha256(b"team a").hexdigest()[:8]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


class Week:
    """A fleet's state, and what is to be sent."""

    def __init__(self, **ways: Deliver) -> None:
        self.slots = DigestSlots(memory_state().key_values)
        self.clock = FixedClock(MONDAY - timedelta(days=2))
        self.ways = ways
        assert self.look() is None  # the times are known from here on

    def look(self, at: datetime | None = None) -> DigestReport | None:
        """One tick."""
        self.clock.moment = at or self.clock.moment
        return asyncio.run(self._look())

    async def _look(self) -> DigestReport | None:
        record = await self.slots.due(TIMES, self.clock.now())
        return None if record is None else await DigestMail(self.slots, self.clock, self.ways).send(record, TEAMS)


def test_it_is_sent_once_a_week_to_each_team(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    assert week.look(MONDAY - timedelta(seconds=1)) is None
    assert week.look(MONDAY) == DigestReport(sent=2)
    for hours in (0, 1, 100, 167):
        assert week.look(MONDAY + timedelta(hours=hours)) is None
    assert week.look(MONDAY + timedelta(days=7)) == DigestReport(sent=2)
    assert len(slack.taken) == 4


def test_of_missed_weeks_only_the_last_is_sent(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    assert week.look(MONDAY + timedelta(days=24)) == DigestReport(sent=2)
    assert week.look(MONDAY + timedelta(days=24, hours=1)) is None


def test_what_was_not_taken_is_tried_again_and_the_rest_is_not(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    slack.answers(200, Reply(429, "5"))
    assert week.look(MONDAY) == DigestReport(sent=1, failed=("slack/no owner",))
    assert week.look(MONDAY + timedelta(minutes=15)) == DigestReport(sent=1)
    kept = asyncio.run(week.slots.latest(TIMES, week.clock.moment))
    assert kept is not None
    assert kept.troubles == ()
    assert [text.partition(":")[0] for text in slack.texts] == [
        "Weekly digest for team a",
        "Weekly digest, use cases without an owner",
    ]


def test_a_failing_place_is_left_after_a_day(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    slack.answers(*[500] * 10)
    for hours, words in ((0, "it is tried again"), (12, "it is tried again"), (24, "given up")):
        week.look(MONDAY + timedelta(hours=hours))
        kept = asyncio.run(week.slots.latest(TIMES, week.clock.moment))
        assert kept is not None
        assert f"slack/team a: answered 500, {words}" in kept.troubles
    assert week.look(MONDAY + timedelta(hours=25)) is None
    assert len(slack.requests) == 4


def test_what_a_person_sent_is_no_trouble_any_more(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    slack.answers(200, 404)
    week.look(MONDAY)

    async def by_hand() -> tuple[str, ...]:
        for parts in (["slack/team a", "file/team a"], ["slack/no owner"]):
            record = await week.slots.latest(TIMES, MONDAY)
            assert record is not None
            assert record.troubles
            await week.slots.settle(record, parts, MONDAY)
        record = await week.slots.latest(TIMES, MONDAY)
        return () if record is None else record.troubles

    assert asyncio.run(by_hand()) == ()
    assert week.look(MONDAY + timedelta(minutes=15)) == DigestReport()
    assert len(slack.taken) == 1


def test_a_webhook_gets_data_and_markdown() -> None:
    with ToldServer(lambda *_: Reply(200)) as server:
        week = Week(webhook=to_webhook(SecretStr(server.url)))
        week.look(MONDAY)
        first = server.taken[0]
    assert (first["kind"], first["owner"], first["digest"]["schema"]) == ("assay.weekly_digest", "team a", 1)
    assert first["text"].startswith("# Weekly digest for team a")


def test_files_are_private_and_named_by_week_and_team(tmp_path: Path) -> None:
    week = Week(file=to_files(tmp_path / "digests"))
    assert week.look(MONDAY) == DigestReport(sent=2)
    files = sorted(path.name for path in (tmp_path / "digests").iterdir())
    assert files == [f"2026-11-30-{name}.{end}" for name in ("no-owner", "team-a-" + TEAM_A) for end in ("html", "md")]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "digests").iterdir()} == {0o600}
    (tmp_path / "taken").write_text("a file")
    blocked = Week(file=to_files(tmp_path / "taken" / "digests"))
    assert blocked.look(MONDAY) == DigestReport(failed=("file/team a",))


@given(st.sets(st.one_of(st.text(min_size=1, max_size=100), st.from_regex(r"[Tt]eam[ _-][aA1]", fullmatch=True))))
def test_no_two_teams_share_a_file(owners: set[str]) -> None:
    names = [file_name(owner) for owner in (*owners, None)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]{1,80}", name) for name in names)


def test_files_of_teams_are_named_by_them() -> None:
    assert file_name("team-support") == "team-support"
    alike = ["Team A", "team-a", "team a!", "Команда", "团队", "команда", "no owner", "no-owner"]
    assert len({file_name(owner) for owner in [*alike, None]}) == 9


def test_a_team_called_no_owner_is_sent_its_own() -> None:
    assert part_of("slack", None) != part_of("slack", "no owner")
    assert part_of("slack", "team-a") == "slack/team-a"


@pytest.mark.parametrize("status", [401, 404, 302, 407, 500])
def test_a_week_is_not_lost_by_an_address_that_is_mended_the_same_day(status: int, slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    slack.answers(status)
    assert week.look(MONDAY) == DigestReport(failed=("slack/team a",))
    assert week.look(MONDAY + timedelta(hours=20)) == DigestReport(sent=2)


def test_a_place_that_takes_nothing_now_is_asked_once_a_tick_and_a_team_that_fails_stops_no_other() -> None:
    def check(_: str, content: Any) -> Reply:
        return Reply(500 if content["owner"] == "team a" else 200)

    with ToldServer(check) as server:
        week = Week(webhook=to_webhook(SecretStr(server.url)))
        assert week.look(MONDAY) == DigestReport(failed=("webhook/team a",))
        assert len(server.requests) == 1
        assert week.look(MONDAY + timedelta(minutes=15)) == DigestReport(sent=1, failed=("webhook/team a",))


def test_what_another_worker_sent_meanwhile_is_not_sent_again(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    week.clock.moment = MONDAY

    async def both() -> list[DigestReport]:
        """Two workers with the same slot in hand, as where a lock was lost."""
        record = await week.slots.due(TIMES, MONDAY)
        assert record is not None
        first = DigestMail(week.slots, week.clock, week.ways)
        return [await first.send(record, TEAMS), await first.send(record, TEAMS)]

    assert [report.sent for report in asyncio.run(both())] == [2, 0]
    assert len(slack.taken) == 2


def test_one_tick_sends_for_a_while_only(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    with monkeypatch.context() as patch:
        patch.setattr("assay.worker.alerts.digest.sending.SENDING_S", 0.0)
        assert week.look(MONDAY) == DigestReport()
    assert week.look(MONDAY) == DigestReport(sent=2)


def test_a_message_that_is_wrong_is_given_up_at_once(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    slack.answers(400, 400)
    assert week.look(MONDAY) == DigestReport(sent=1, failed=("slack/team a",))
    assert week.look(MONDAY + timedelta(minutes=15)) is None


def test_a_clock_that_was_set_back_costs_one_week_at_most(slack: SlackServer) -> None:
    week = Week(slack=to_slack(SecretStr(slack.hook)))
    slots = DigestSlots(memory_state().key_values)
    week.slots = slots
    assert week.look(MONDAY + timedelta(days=900)) is None  # the times are first seen by a wrong clock
    assert week.look(MONDAY - timedelta(days=1)) is None
    assert week.look(MONDAY) == DigestReport(sent=2)


@settings(max_examples=40)
@given(st.integers(0, 60), st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "UTC"]))
def test_each_week_has_one_slot_at_its_local_time_over_every_change_of_clocks(weeks: int, zone: str) -> None:
    times = Digest(weekly="Sun 02:30", timezone=zone).times
    now = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=7 * weeks)
    slots = {times.latest(now + timedelta(hours=h)) for h in range(0, 7 * 24, 8)}
    assert len(slots) == 2
    first, second = sorted(slots)
    assert timedelta(days=6, hours=22) <= second - first <= timedelta(days=7, hours=2)


def test_the_week_is_of_whole_utc_days() -> None:
    assert week_of(datetime(2026, 11, 30, 7, 0, tzinfo=UTC)) == (
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 30, tzinfo=UTC),
    )
