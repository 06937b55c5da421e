"""`assay alerts now|test|mute|unmute` and `assay digest`, against a real Redis and servers that are told."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest

from assay.worker.alerts.digest.records import digest_schema
from assay.worker.alerts.present import alerts_schema
from assay.worker.cli import main
from assay.worker.launch.broker import Broker
from assay.worker.signals.flag_charts import Series
from assay.worker.state.redis.state import redis_state
from tests.servers.pagerduty_server import ROUTING_KEY, PagerDutyServer
from tests.servers.slack_server import SlackServer

CONFIG = """
alerts: {maintenance: [{weekly: "Sun 02:00-04:00", timezone: Europe/Berlin, reason: backups}]}
digest: {weekly: "Mon 08:00", timezone: Europe/Berlin, to: [file]}
use_cases: [{name: bot, owner: team-support}, {name: search}]
"""


class Home:
    """A deployment on disk, and the commands of it."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self._capsys = capsys
        (path / "assay.yaml").write_text(CONFIG)

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command. What it printed, errors last."""
        sys.argv = ["assay", *words, "--config", str(self.path)]
        with pytest.raises(SystemExit) as ended:
            main()
        told = self._capsys.readouterr()
        assert (ended.value.code or 0) == code, told
        return told.out + told.err


@pytest.fixture
def home(
    tmp_path: Path,
    broker: Broker,
    key_prefix: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Home:
    monkeypatch.setenv("ASSAY_REDIS_URL", broker.url)
    monkeypatch.setenv("ASSAY_KEY_PREFIX", key_prefix)
    monkeypatch.setattr(sys, "argv", [])
    return Home(tmp_path, capsys)


def test_now_says_who_is_off_and_that_nobody_has_looked(home: Home) -> None:
    told = home.run("alerts", "now")
    assert "the rules were never evaluated here: are beat and a control worker up?" in told
    assert "slack: off, its key is not set" in told
    data = json.loads(home.run("alerts", "now", "--json"))
    jsonschema.validate(data, alerts_schema())
    assert (data["schema"], data["looked_at"]) == (1, 0)


def test_a_mute_is_made_shown_and_ended(home: Home) -> None:
    told = home.run("alerts", "mute", "--rule", "AssayBeat*", "--for", "2h", "--reason", "moving the broker")
    name = told.split()[1]
    assert f"`assay alerts unmute {name}` ends it" in told
    assert "moving the broker (AssayBeat*)" in home.run("alerts", "now")
    assert f"mutes: {name}" in home.run("alerts", "unmute", "m0", code=2)
    assert f"ended: mute {name}" in home.run("alerts", "unmute", name)
    assert "there are no mutes" in home.run("alerts", "unmute", "--all")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--for", "2 hours", "--reason", "x"], "write 90m, 2h or 3d"),
        (["--for", "31d", "--reason", "x"], "at most 30d"),
        (["--for", "2h", "--reason", " "], "--reason: is empty"),
        (["--for", "2h", "--reason", "x", "--rule", "AssayBaetDead"], "did you mean 'AssayBeatDead'?"),
        (["--for", "2h", "--reason", "x", "--use-case", "bto"], "did you mean 'bot'?"),
    ],
)
def test_what_cannot_be_muted_is_refused_with_a_remedy(home: Home, words: list[str], remedy: str) -> None:
    assert remedy in home.run("alerts", "mute", *words, code=2)


def test_a_test_alert_goes_to_each_channel_and_ends(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no channel is open" in home.run("alerts", "test", code=2)
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        monkeypatch.setenv("ASSAY_PAGERDUTY_ROUTING_KEY", ROUTING_KEY)
        monkeypatch.setenv("ASSAY_PAGERDUTY_URL", pagerduty.url)
        monkeypatch.setenv("ASSAY_SLACK_WEBHOOK_URL", slack.hook)
        told = home.run("alerts", "test")
        assert "pagerduty: alert answered 202, its end answered 202" in told
        assert [text.partition("[TEST]")[1:] for text in slack.texts] == [
            ("[TEST]", " This is a test of Assay's alerts. Nothing happened."),
            ("[TEST]", " Resolved: This is a test of Assay's alerts. Nothing happened."),
        ]
        assert list(pagerduty.incidents.values()) == ["resolved"]
        slack.answers(404)
        assert "slack: not taken: answered 404" in home.run("alerts", "test", "--channel", "slack", code=3)
        assert slack.hook not in home.run("alerts", "test", "--channel", "webhook", code=2)


def test_a_rise_that_is_known_is_watched_for_anew(home: Home, broker: Broker, key_prefix: str) -> None:
    async def known_rises() -> Mapping[str, bytes]:
        names = [f"signals:restart:{Series(case, 'grounding').key}" for case in ("bot", "search")]
        state = redis_state(broker.url, prefix=key_prefix)
        try:
            return await state.key_values.kept(names)
        finally:
            await state.close()

    assert "did you mean 'bot'?" in home.run("alerts", "ack", "--use-case", "bto", code=2)
    assert "--rubric" in home.run("alerts", "ack", "--use-case", "bot", "--rubric", "nothing", code=2)
    assert not asyncio.run(known_rises())
    told = home.run("alerts", "ack", "--use-case", "bot")
    assert told == "bot, grounding: its chart begins anew at the next look\n"
    assert list(asyncio.run(known_rises())) == ["signals:restart:bot\tgrounding"]


def test_a_digest_is_shown_written_and_sent(home: Home) -> None:
    assert "Weekly digest for team-support" in home.run("digest")
    (own,) = told = json.loads(home.run("digest", "--owner", "team-support", "--json"))
    jsonschema.validate(told, digest_schema())
    assert (own["owner"], [case["name"] for case in own["use_cases"]]) == ("team-support", ["bot"])
    page, text = home.path / "d.html", home.path / "d.md"
    home.run("digest", "--html", str(page), "--markdown", str(text))
    assert page.read_text().startswith("<!doctype html>")
    assert text.read_text().startswith("# Weekly digest for team-support")
    for option in ("--html", "--markdown"):
        assert f"{option} /: is a folder; name a file in it" in home.run("digest", option, "/", code=2)
        assert f"{option} .: is a folder; name a file in it" in home.run("digest", option, ".", code=2)
    assert "file, team-support: taken, written" in home.run("digest", "--send")
    assert len(list((home.path / ".assay" / "digests").iterdir())) == 4
    assert "did you mean 'team-support'?" in home.run("digest", "--owner", "team-supprt", code=2)
    assert "not in the past" in home.run("digest", "--since", "2999-01-01", code=2)


def test_a_digest_to_nowhere_names_the_variable(home: Home) -> None:
    (home.path / "assay.yaml").write_text(CONFIG.replace("[file]", "[slack]"))
    assert "set ASSAY_SLACK_WEBHOOK_URL" in home.run("digest", "--send", code=2)


def test_a_window_without_an_end_names_file_key_and_remedy(home: Home) -> None:
    (home.path / "assay.yaml").write_text(CONFIG.replace('weekly: "Sun 02:00-04:00"', "from: 2026-12-24T18:00"))
    told = home.run("alerts", "now", code=2)
    assert "assay.yaml" in told
    assert "alerts.maintenance" in told
    assert "give both `from` and `until`, or `weekly`" in told
