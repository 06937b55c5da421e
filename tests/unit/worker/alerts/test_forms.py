"""What each channel is sent, held to its limits however long and hostile the words are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from assay.worker.alerts.notice import Notice
from assay.worker.alerts.pagerduty import LONGEST_KEY, PagerDuty, dedup_key
from assay.worker.alerts.rule import Condition
from assay.worker.alerts.slack import Slack
from assay.worker.alerts.states import AlertState
from assay.worker.alerts.webhook import Webhook
from assay.worker.alerts.wording import value_words
from assay.worker.ports.posting import answer_of
from tests.servers.pagerduty_server import ROUTING_KEY, check_event
from tests.servers.slack_server import PATH, check_message

PAGERDUTY = PagerDuty(SecretStr(ROUTING_KEY), "https://events.example.org", "assay")
SLACK = Slack(SecretStr("https://hooks.example.org"), "assay")
WEBHOOK = Webhook(SecretStr("https://hooks.example.org"), "assay")


def state(text: str = "bot: 31.2% of the latest answers are flagged", **fields: object) -> AlertState:
    """An alert with words of one kind everywhere."""
    usual: dict[str, object] = {
        "key": f"AssayTried/use_case={text}",
        "rule": "AssayTried",
        "severity": "page",
        "labels": {"use_case": text, "owner": "team-support"},
        "since": 1_796_000_000.0,
        "fired_at": 1_796_000_060.0,
        "summary": text,
        "description": text,
        "details": {"assay_flagged_ratio[15m]": "31.2% > 20.0%"},
        "links": {"runbook": "https://wiki.example.org/r#a", "trace 1, risk 0.97": "https://t.example.org/1?a=1&b=2"},
    }
    return AlertState.model_validate({**usual, **fields})


def of(*states: AlertState, status: str = "firing") -> Sequence[Notice]:
    return [Notice(state=each, status=status) for each in states]  # type: ignore[arg-type]


@given(st.text(min_size=1, max_size=6_000))
def test_no_words_are_too_long_for_a_channel(text: str) -> None:
    long = state(text, links={f"link {n}": "https://t.example.org/" + "x" * 1_900 for n in range(3)})
    with_all = of(*[long] * SLACK.most)
    assert check_message(PATH, SLACK.message(with_all)).status == 200
    assert check_event("/v2/enqueue", PAGERDUTY.event(of(long)[0])).status == 202


def test_words_of_slack_become_no_mention_and_no_link() -> None:
    message = json.dumps(SLACK.message(of(state("<!channel> <@U1> *x* <https://evil.example|click>"))))
    for sign in ("<!channel>", "<@U1>", "<https://evil"):
        assert sign not in message
    assert "<https://t.example.org/1?a=1&amp;b=2|trace 1, risk 0.97>" in message


def test_a_link_that_would_end_early_is_left_out() -> None:
    message = json.dumps(SLACK.message(of(state(links={"runbook": "https://wiki.example.org/|x>"}))))
    assert "https://wiki" not in message


def test_keys_are_stable_and_short() -> None:
    long = dedup_key("assay", "AssayTried/use_case=" + "x" * 400)
    assert len(long) == LONGEST_KEY
    assert long != dedup_key("assay", "AssayTried/use_case=" + "x" * 401)
    assert dedup_key("staging", "AssayTried") != dedup_key("assay", "AssayTried")


def test_a_webhook_gets_what_alertmanager_posts() -> None:
    over = state(ended_at=1_796_000_600.0)
    group: Any = WEBHOOK.group([*of(state()), *of(over, status="resolved")])
    assert (group["version"], group["status"], group["truncatedAlerts"]) == ("4", "firing", 0)
    assert set(group) == {
        *("version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels"),
        *("commonAnnotations", "externalURL", "alerts"),
    }
    assert group["commonLabels"] == {
        "alertname": "AssayTried",
        "severity": "page",
        "source": "assay",
        "owner": "team-support",
        "use_case": "bot: 31.2% of the latest answers are flagged",
    }
    first, second = group["alerts"]
    assert (first["status"], first["startsAt"], first["endsAt"]) == (
        "firing",
        "2026-11-30T00:53:20Z",
        "0001-01-01T00:00:00Z",
    )
    assert (second["status"], second["endsAt"]) == ("resolved", "2026-11-30T01:03:20Z")
    assert first["fingerprint"] == second["fingerprint"]


@pytest.mark.parametrize(
    ("status", "retry_after", "may_retry", "is_refused", "wait_s"),
    [
        (400, None, False, False, None),
        (404, None, False, True, None),
        (408, None, True, False, None),
        (429, "30", True, False, 30.0),
        (429, "-5", True, False, 0.0),
        (429, "99999999", True, False, 3600.0),
        (429, "nan", True, False, None),
        (429, "soon", True, False, None),
        (503, "Mon, 01 Jan 2001 00:00:00 GMT", True, False, 0.0),
        (413, None, False, False, None),
        *[(status, None, True, False, None) for status in (301, 302, 308, 402, 405, 407, 409, 418, 423, 451)],
    ],
)
def test_what_answers_mean(
    status: int, retry_after: str | None, may_retry: bool, is_refused: bool, wait_s: float | None
) -> None:
    answer = answer_of(status, retry_after)
    assert (answer.may_retry, answer.is_refused, answer.wait_s) == (may_retry, is_refused, wait_s)
    assert not answer.is_taken


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        ("assay_flagged_ratio", 0.3125, "31.2%"),
        ("assay_prompt_tokens_jump_ratio_lower_bound", 4.13, "4.13"),
        ("assay_oldest_open_seconds", 754, "13 min"),
        ("assay_request_duration_p95_seconds", 0.42, "0.42 s"),
        ("assay_traffic_cost_month_usd", 12.3, "12.30 USD"),
        ("assay_dead_letters", 1200, "1,200"),
        ("assay_flagged_ratio", float("nan"), "no number"),
    ],
)
def test_values_have_the_unit_of_their_metric(metric: str, value: float, words: str) -> None:
    assert value_words(Condition(metric=metric, comparator=">", threshold=0), value) == words
