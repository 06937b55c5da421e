"""A worker is killed (kill -9) between an alert's being taken and its being noted, over a real Redis."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from assay.worker.launch.broker import Broker
from tests.servers.pagerduty_server import PagerDutyServer
from tests.servers.slack_server import SlackServer
from tests.servers.told_server import TAKEN
from tests.waiting import until


@contextmanager
def looking(places: dict[str, str]) -> Iterator[IO[str]]:
    """A worker that looks until the block ends, and is killed then. What it prints: how much each look sent."""
    command = [sys.executable, "-m", "tests.servers.alert_looker", json.dumps(places)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.kill()


def test_nothing_is_lost_and_slack_repeats_at_most_once_a_kill(broker: Broker, key_prefix: str, tmp_path: Path) -> None:
    value = tmp_path / "waiting"
    value.write_text("40", encoding="utf-8")
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        servers = {"pagerduty": pagerduty.url, "slack": slack.hook}
        places = {"redis": broker.url, "prefix": key_prefix, "waiting": str(value), **servers}
        for server in (pagerduty, slack):
            server.answers(TAKEN)
        with looking(places):
            until(lambda: pagerduty.taken and slack.taken)
        with looking(places) as told:
            assert told.readline() == "2\n"
            for server in (pagerduty, slack):
                server.answers(TAKEN)
            value.write_text("0", encoding="utf-8")
            until(lambda: len(pagerduty.taken) == len(slack.taken) == 3)
        with looking(places) as told:
            assert told.readline() == "2\n"
        assert [event["event_action"] for event in pagerduty.taken] == ["trigger"] * 2 + ["resolve"] * 2
        assert pagerduty.times("bot", "trigger") == pagerduty.times("bot", "resolve") == 1
        assert slack.texts == ["🔴 bot: 40 traces wait"] * 2 + ["✅ Resolved: bot: 40 traces wait"] * 2
