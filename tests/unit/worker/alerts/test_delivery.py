"""Each alert is told once and resolved once, whatever a channel answers, and whenever the worker dies."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from assay.worker.alerts.looking import reopen
from assay.worker.alerts.webhook import Webhook
from assay.worker.config.alerting import Alerting
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.memory.key_values import MemoryKeyValues
from tests.servers.pagerduty_server import ROUTING_KEY, PagerDutyServer
from tests.servers.slack_server import PATH, SlackServer
from tests.servers.told_server import CUT, HANG, LATE, Reply, ToldServer
from tests.unit.worker.alerts.desk import Desk, rule, waiting


@pytest.fixture
def pagerduty() -> Iterator[PagerDutyServer]:
    with PagerDutyServer() as server:
        yield server


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def desk(pagerduty: PagerDutyServer, slack: SlackServer) -> Desk:
    desk = Desk()
    desk.pagerduty(pagerduty)
    desk.slack(slack)
    return desk


def test_an_alert_is_told_once_and_resolved_once(desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer) -> None:
    for _ in range(5):
        desk.look(waiting(40))
    for _ in range(5):
        desk.look(waiting(0))
    assert [event["event_action"] for event in pagerduty.taken] == ["trigger", "resolve"]
    assert len({event["dedup_key"] for event in pagerduty.taken}) == 1
    assert slack.texts == ["🔴 bot: 40 traces wait", "✅ Resolved: bot: 40 traces wait"]
    assert not desk.book.alerts
    assert not desk.book.ended


def test_an_event_says_what_whose_and_by_which_numbers(desk: Desk, pagerduty: PagerDutyServer) -> None:
    desk.look(waiting(40))
    (event,) = pagerduty.taken
    assert event["dedup_key"] == "assay/AssayBacklogLong/use_case=bot"
    payload = event["payload"]
    assert payload["severity"] == "critical"
    assert payload["group"] == "team-support"
    assert payload["custom_details"]["owner"] == "team-support"
    assert payload["custom_details"]["assay_backlog_traces"] == "40 > 10"


@pytest.mark.parametrize(
    "bad", [Reply(429, "0"), Reply(500), Reply(503, "20"), CUT, HANG], ids=["429", "500", "503", "cut", "hang"]
)
def test_what_was_not_taken_comes_again_and_the_other_channel_does_not_wait(
    bad: Reply, pagerduty: PagerDutyServer, slack: SlackServer
) -> None:
    desk = Desk()
    desk.pagerduty(pagerduty, timeout_s=0.3)
    desk.slack(slack)
    pagerduty.answers(bad, bad)
    report = desk.look(waiting(40))
    assert report.failed == ("pagerduty",)
    assert slack.texts == ["🔴 bot: 40 traces wait"]
    for _ in range(8):
        desk.look(waiting(40))
    assert pagerduty.times("bot", "trigger") == 1
    assert len(pagerduty.requests) == 3
    assert len(slack.taken) == 1


def test_a_channel_is_left_alone_for_as_long_as_it_asks(desk: Desk, slack: SlackServer) -> None:
    slack.answers(Reply(429, "100"))
    desk.look(waiting(40))
    desk.look(waiting(40), after_s=99)
    assert len(slack.requests) == 1
    desk.look(waiting(40), after_s=2)
    assert len(slack.taken) == 1


def test_an_alert_that_ends_while_its_channel_is_away_is_told_with_its_end(
    desk: Desk, pagerduty: PagerDutyServer
) -> None:
    pagerduty.answers(500, 500)
    desk.look(waiting(40))
    desk.look(waiting(0))
    desk.look(after_s=600)
    assert [event["event_action"] for event in pagerduty.taken] == ["trigger", "resolve"]


def test_a_flap_while_a_channel_is_away_is_one_alert(
    desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer
) -> None:
    desk.look(waiting(40))
    slack.answers(*[500] * 3)
    for value in (0, 40, 0, 40):
        desk.look(waiting(value), after_s=301)
    desk.look(waiting(40), after_s=301)
    assert slack.texts == ["🔴 bot: 40 traces wait"]


@pytest.mark.parametrize("status", [400, 422])
def test_a_message_that_is_wrong_is_given_up_and_others_go_on(status: int, pagerduty: PagerDutyServer) -> None:
    desk = Desk()
    desk.pagerduty(pagerduty)
    pagerduty.answers(status)
    with capture_logs() as logs:
        desk.look(waiting(40), waiting(50, "search"))
    assert [entry["answer"] for entry in logs if entry["event"] == "alerts.not_taken"] == [f"answered {status}"]
    for _ in range(3):
        desk.look(waiting(40), waiting(50, "search"))
    assert len(pagerduty.requests) == 2
    assert len(pagerduty.taken) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 402, 405, 407, 409, 423, 451])
def test_what_says_nothing_of_the_message_gives_nothing_up(status: int, desk: Desk, slack: SlackServer) -> None:
    slack.answers(status)
    desk.look(waiting(40))
    assert desk.book.channels["slack"].problem.startswith(f"answered {status}")
    desk.look(waiting(40), after_s=31)
    desk.look(waiting(0))
    assert slack.texts == ["🔴 bot: 40 traces wait", "✅ Resolved: bot: 40 traces wait"]


def test_a_key_that_pagerduty_does_not_know_gives_nothing_up(pagerduty: PagerDutyServer) -> None:
    desk = Desk()
    desk.pagerduty(pagerduty, key="x" * 32)
    for _ in range(3):
        desk.look(waiting(40), waiting(50, "search"))
    assert len(pagerduty.requests) == 1
    state = desk.book.channels["pagerduty"]
    assert (state.is_refused, state.problem) == (True, "answered 400, its key is not known")
    desk.channels.pop()
    desk.pagerduty(pagerduty)
    desk.look(waiting(40), waiting(50, "search"))
    assert set(pagerduty.incidents.values()) == {"open"}
    assert len(pagerduty.incidents) == 2


def test_what_was_given_up_is_told_after_a_test_was_taken(pagerduty: PagerDutyServer) -> None:
    desk = Desk()
    desk.pagerduty(pagerduty)
    pagerduty.answers(400)
    for _ in range(2):
        desk.look(waiting(40))
    assert not pagerduty.taken
    assert asyncio.run(reopen(desk.desk(), ["pagerduty"]))
    desk.look(waiting(40))
    assert pagerduty.times("bot", "trigger") == 1


def test_of_several_in_a_message_only_the_wrong_one_is_given_up() -> None:
    desk = Desk()
    with ToldServer(lambda _, group: Reply(413 if "search" in json.dumps(group) else 200)) as server:
        desk.channels.append(Webhook(SecretStr(server.url), "assay"))
        for _ in range(3):
            desk.look(waiting(40), waiting(50, "search"), waiting(60, "legal"))
        told = [alert["labels"]["use_case"] for group in server.taken for alert in group["alerts"]]
    assert sorted(told) == ["bot", "legal"]
    assert len(server.requests) == 4
    owed = {key: state.deliveries["webhook"].problem for key, state in desk.book.alerts.items()}
    assert [key for key, problem in owed.items() if problem] == ["AssayBacklogLong/use_case=search"]


def test_an_end_is_told_however_long_after_a_mute(desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer) -> None:
    window = {"from": "2026-11-30T12:01", "until": "2026-12-14T12:00", "timezone": "UTC", "reason": "change freeze"}
    desk.look(waiting(40))
    desk.alerting = Alerting.model_validate({"maintenance": [window]})
    for _ in range(15):
        desk.look(waiting(0), after_s=86_400)
    assert [event["event_action"] for event in pagerduty.taken] == ["trigger", "resolve"]
    assert slack.texts == ["🔴 bot: 40 traces wait", "✅ Resolved: bot: 40 traces wait"]
    assert not desk.book.ended


def test_an_end_is_told_when_its_channel_is_back_after_days_and_what_never_was_told_is_not(
    desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer
) -> None:
    slack.answers(*[500] * 4)
    desk.look(waiting(40))
    pagerduty.answers(*[500] * 3)
    for _ in range(5):
        desk.look(waiting(0), after_s=86_401)
    assert [event["event_action"] for event in pagerduty.taken] == ["trigger", "resolve"]
    assert slack.texts == []
    assert not desk.book.ended


def test_what_was_given_up_is_tried_again_when_it_begins_anew(desk: Desk, pagerduty: PagerDutyServer) -> None:
    pagerduty.answers(400)
    for value in (40, 0, 40, 40):
        desk.look(waiting(value))
    assert pagerduty.times("bot", "trigger") == 1


def test_another_place_is_told_anew_and_of_no_end_that_it_knows_nothing_of(slack: SlackServer) -> None:
    desk = Desk()
    desk.slack(slack)
    desk.look(waiting(40), waiting(50, "search"))
    slack.answers(500)
    desk.look(waiting(40), waiting(0, "search"))
    with SlackServer() as other:
        desk.channels.pop()
        desk.slack(other)
        desk.look(waiting(40))
        assert other.texts == ["🔴 bot: 40 traces wait"]
        desk.look(waiting(0))
        assert other.texts[1:] == ["✅ Resolved: bot: 40 traces wait"]
        desk.look(waiting(0))
    assert not desk.book.ended


def test_a_channel_that_took_a_test_is_told_nothing_twice(desk: Desk, slack: SlackServer) -> None:
    desk.look(waiting(40))
    assert asyncio.run(reopen(desk.desk(), ["slack"]))
    desk.look(waiting(40))
    assert slack.texts == ["🔴 bot: 40 traces wait"]


@pytest.mark.parametrize("answer", [500, 404])
def test_a_clock_that_was_set_back_keeps_no_channel_silent(answer: int, desk: Desk, slack: SlackServer) -> None:
    slack.answers(answer)
    desk.look(waiting(40), after_s=2 * 86_400)
    desk.look(waiting(40), after_s=-2 * 86_400)
    assert slack.texts == ["🔴 bot: 40 traces wait"]


def test_a_reminder_comes_in_time_after_a_clock_was_set_back(desk: Desk, slack: SlackServer) -> None:
    desk.look(waiting(40), after_s=2 * 86_400)
    desk.look(waiting(40), after_s=-2 * 86_400)
    desk.look(waiting(40), after_s=4 * 3600)
    assert slack.texts == ["🔴 bot: 40 traces wait", "🔴 Still firing: bot: 40 traces wait"]


@pytest.mark.parametrize("status", [404, 410, 403])
def test_a_revoked_webhook_is_tried_no_more_until_its_address_changes(
    status: int, desk: Desk, slack: SlackServer
) -> None:
    slack.answers(status)
    desk.look(waiting(40))
    desk.look(waiting(40), after_s=4000)
    assert len(slack.requests) == 1
    state = desk.book.channels["slack"]
    assert (state.is_refused, state.problem) == (True, f"answered {status}")
    with SlackServer() as other:
        desk.channels.pop()
        desk.slack(other)
        desk.look(waiting(40))
        assert other.texts == ["🔴 bot: 40 traces wait"]
    assert desk.book.channels["slack"].problem == ""


def test_a_channel_that_took_a_test_is_told_again(desk: Desk, slack: SlackServer) -> None:
    slack.answers(410)
    desk.look(waiting(40))
    assert asyncio.run(reopen(desk.desk(), ["slack"]))
    desk.look(waiting(40))
    assert slack.texts == ["🔴 bot: 40 traces wait"]


def test_a_form_that_slack_does_not_take_is_sent_as_plain_text(desk: Desk, slack: SlackServer) -> None:
    slack.answers(400)
    desk.look(waiting(40))
    assert [sorted(message) for _, message in slack.requests] == [["blocks", "text"], ["text"]]
    assert slack.texts == ["🔴 bot: 40 traces wait"]


def test_many_alerts_of_one_look_are_few_messages_of_slack(
    desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer
) -> None:
    many = [waiting(20 + n, f"case-{n}") for n in range(20)]
    desk.look(*many)
    assert len(slack.taken) == 3
    assert len(pagerduty.incidents) == 20
    desk.look()
    desk.look(after_s=1000)
    assert set(pagerduty.incidents.values()) == {"resolved"}


class _DiesAt(MemoryKeyValues):
    """A state whose worker dies at a write: it is not written, and nothing that would follow is done."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left = 10**9

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        if self.writes_left <= 0:
            raise StateUnavailable("killed")
        self.writes_left -= 1
        return await super().keep(key, value, ttl_s=ttl_s, replace=replace)


@pytest.mark.parametrize("writes", range(6))
def test_nothing_is_lost_wherever_the_worker_dies(
    writes: int, desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer
) -> None:
    key_values = _DiesAt()
    desk.state = replace(desk.state, key_values=key_values)
    for value in (40, 0):
        key_values.writes_left = writes
        with contextlib.suppress(StateUnavailable):
            desk.look(waiting(value))
        key_values.writes_left = 10**9
        for _ in range(2):
            desk.look(waiting(value))
    assert pagerduty.times("bot", "trigger") == 1
    assert pagerduty.times("bot", "resolve") == 1
    begun = [text for text in slack.texts if text.startswith("🔴")]
    ended = [text for text in slack.texts if text.startswith("✅")]
    assert 1 <= len(begun) <= 2
    assert 1 <= len(ended) <= 2


def test_a_message_that_was_taken_without_an_answer_is_one_incident(
    desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer
) -> None:
    pagerduty.answers(LATE)
    slack.answers(LATE)
    for _ in range(4):
        desk.look(waiting(40))
    assert len(pagerduty.taken) == 2
    assert pagerduty.times("bot", "trigger") == 1
    assert len(slack.taken) == 2


def test_two_workers_at_once_tell_once(desk: Desk, slack: SlackServer) -> None:
    async def both() -> list[Any]:
        return await asyncio.gather(*(desk.desk().look([waiting(40)]) for _ in range(2)))

    reports = asyncio.run(both())
    assert sorted(report.busy for report in reports) == [False, True]
    assert len(slack.taken) == 1


def test_a_page_that_goes_on_is_told_again_to_slack_alone(
    desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer
) -> None:
    desk.look(waiting(40))
    for _ in range(9):
        desk.look(waiting(45), after_s=3600)
    assert slack.texts == ["🔴 bot: 40 traces wait", *["🔴 Still firing: bot: 45 traces wait"] * 2]
    assert len(pagerduty.taken) == 1


def test_tickets_go_to_slack_and_news_waits_for_the_digest(pagerduty: PagerDutyServer, slack: SlackServer) -> None:
    desk = Desk(rule("AssayTicket", "ticket"), rule("AssayNews", "info"))
    desk.pagerduty(pagerduty)
    desk.slack(slack)
    desk.look(waiting(40))
    assert slack.texts == ["🟠 bot: 40 traces wait"]
    assert not pagerduty.requests


def test_no_key_is_logged_or_kept(
    desk: Desk, pagerduty: PagerDutyServer, slack: SlackServer, caplog: pytest.LogCaptureFixture
) -> None:
    pagerduty.answers(500)
    slack.answers(404)
    with capture_logs() as logs, caplog.at_level("INFO"):
        desk.look(waiting(40))
    told = f"{logs} {desk.book.model_dump_json()} {caplog.text}"
    assert ROUTING_KEY not in told
    assert PATH not in told


def test_what_was_pending_before_a_pause_waits_anew(slack: SlackServer) -> None:
    desk = Desk(rule(for_s=120))
    desk.slack(slack)
    desk.look(waiting(40))
    desk.look(waiting(40), after_s=3600)
    assert slack.texts == []
    desk.look(waiting(40), after_s=120)
    assert slack.texts == ["🔴 bot: 40 traces wait"]
