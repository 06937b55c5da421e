"""What `assay status`, `assay doctor` and `assay alerts now` say of alerts and channels."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr, ValidationError

from assay.worker.alerts.muting import MuteBook
from assay.worker.alerts.present import PresentAlerts, alert_words, present_alerts
from assay.worker.config.deployment import Deployment
from assay.worker.config.settings import Settings
from assay.worker.setup.alert_checks import alert_checks
from tests.servers.pagerduty_server import PagerDutyServer
from tests.servers.slack_server import SlackServer
from tests.unit.worker.alerts.desk import Desk, waiting

CHANNELS = ("pagerduty", "slack", "webhook")


def present(desk: Desk, later_s: float = 0.0) -> PresentAlerts:
    now = desk.clock.now().timestamp() + later_s
    mutes = asyncio.run(MuteBook(desk.state.key_values, desk.state.locks).mutes(now))
    names = [channel.name for channel in desk.channels]
    return present_alerts(desk.book, mutes, now, open_names=names, known_names=CHANNELS)


@pytest.fixture
def troubled() -> PresentAlerts:
    """One alert that PagerDuty was told, that Slack refused."""
    desk = Desk()
    with PagerDutyServer() as pagerduty, SlackServer() as slack:
        desk.pagerduty(pagerduty)
        desk.slack(slack)
        slack.answers(404)
        desk.look(waiting(40))
    return present(desk)


def test_status_names_what_fires_and_who_does_not_take_it(troubled: PresentAlerts) -> None:
    assert troubled.lines == [
        "alerts: 1 page firing; see assay alerts now",
        "alerts: slack does not take them (answered 404): see assay alerts test",
    ]


def test_an_alert_is_told_with_its_numbers_and_who_knows(troubled: PresentAlerts) -> None:
    assert alert_words(troubled.firing[0]) == [
        "page: bot: 40 traces wait",
        "AssayBacklogLong, owner=team-support, use_case=bot, since 2026-11-30 12:00 UTC",
        "assay_backlog_traces: 40 > 10",
        "pagerduty: told firing 2026-11-30 12:00 UTC",
        "slack: owed: firing",
    ]


def test_what_nobody_has_looked_at_lately_is_said_to_be_old() -> None:
    desk = Desk()
    desk.look(waiting(0))
    assert present(desk).warning == ""
    assert present(desk).lines == []
    assert present(desk, 400).warning == ("the rules were last evaluated 7 min ago: are beat and a control worker up?")


def test_doctor_says_what_to_mend(troubled: PresentAlerts) -> None:
    document = {"digest": {"to": ["slack", "webhook", "file"]}, "use_cases": [{"name": "bot"}]}
    deployment = Deployment.model_validate(document)
    settings = Settings(slack_webhook_url=SecretStr("https://hooks.example.org/x"))
    checks = {check.name: check for check in alert_checks(troubled, deployment, settings)}
    assert list(checks) == ["alerts (slack)", "digest"]
    assert checks["alerts (slack)"].is_configuration
    assert "assay alerts test --channel slack" in checks["alerts (slack)"].remedy
    assert checks["digest"].message == "digest.to names webhook, which has no address"
    quiet = [
        check.message
        for check in alert_checks(
            present(Desk()), Deployment.model_validate({"use_cases": [{"name": "bot"}]}), Settings()
        )
    ]
    assert quiet == ["no channel is open: only Prometheus tells people"]


WEBHOOK = "https://hooks.example.org/services/T0/B0/s3cret"


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ({"slack_webhook_url": "hooks.slack.com/s3cret"}, ["alerts (slack)"]),
        ({"alert_webhook_url": "ftp://h/s3cret"}, ["alerts (webhook)"]),
        ({"digest_webhook_url": "s3cret", "golden_webhook_url": "s3cret"}, ["digest (webhook)", "golden (webhook)"]),
        ({"pagerduty_routing_key": "abc"}, ["alerts (pagerduty)"]),
        ({"pagerduty_routing_key": "e+23rschqsESqk9Q6_-g", "slack_webhook_url": WEBHOOK}, ["alerts (pagerduty)"]),
        ({"pagerduty_routing_key": "r" * 32, "slack_webhook_url": f" {WEBHOOK}\n"}, []),
        ({"pagerduty_routing_key": "abc", "pagerduty_url": "https://events.example.org"}, []),
        ({"alert_webhook_url": "https://office.example.org/webhook/a@b/s3cret"}, []),
    ],
)
def test_doctor_reads_keys_before_the_first_alert(keys: dict[str, str], names: list[str]) -> None:
    deployment = Deployment.model_validate({"use_cases": [{"name": "bot"}]})
    checks = list(alert_checks(present(Desk()), deployment, Settings.model_validate(keys)))
    assert [check.name for check in checks if check.status == "fail"] == names
    assert all(check.is_configuration for check in checks if check.status == "fail")
    assert ("alerts" in [check.name for check in checks]) == (not names)
    assert not any("s3cret" in f"{check.message}{check.remedy}" for check in checks)


def test_a_weekly_message_that_was_not_taken_is_told_by_status_and_doctor() -> None:
    troubled = present(Desk()).model_copy(update={"digest": ("slack/team-a: answered 404, given up",)})
    assert troubled.lines == ["digest: not taken: slack/team-a: answered 404, given up"]
    deployment = Deployment.model_validate({"digest": {"to": ["file"]}, "use_cases": [{"name": "bot"}]})
    (warned,) = [check for check in alert_checks(troubled, deployment, Settings()) if check.status == "warn"]
    assert warned.message == "1 of the last weekly messages not taken: slack/team-a: answered 404, given up"


@pytest.mark.parametrize(
    ("weekly", "words"),
    [("", "is empty"), (" ", "is empty"), ("Mon-Tue 08:00", "several"), ("Mon,Fri 08:00", "several")],
)
def test_a_digest_is_of_one_day(weekly: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Deployment.model_validate({"digest": {"weekly": weekly}, "use_cases": [{"name": "bot"}]})


def test_secrets_of_files_lose_their_blanks() -> None:
    settings = Settings.model_validate({"slack_webhook_url": f" {WEBHOOK}\n", "pagerduty_routing_key": " \n"})
    assert settings.slack_webhook_url == SecretStr(WEBHOOK)
    assert settings.pagerduty_routing_key is None


def test_doctor_names_windows_that_mute_nothing() -> None:
    window = {"weekly": "Sun 02:00-04:00", "reason": "backups", "use_cases": ["bto"], "rules": ["AssayBeat*"]}
    document = {"alerts": {"maintenance": [window]}, "use_cases": [{"name": "bot"}]}
    checks = list(alert_checks(present(Desk()), Deployment.model_validate(document), Settings()))
    (warned,) = [check for check in checks if check.status == "warn"]
    assert warned.message == "alerts.maintenance[0].use_cases: 'bto' matches nothing"
    assert "did you mean 'bot'?" in warned.remedy
