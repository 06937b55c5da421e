"""The weekly message: what each team is told, in which words, and that no form lets a foreign name do anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from assay.worker.alerts.digest.html.page import digest_page
from assay.worker.alerts.digest.markdown import digest_markdown
from assay.worker.alerts.digest.plain import digest_lines
from assay.worker.alerts.digest.records import DigestUseCase, OwnerDigest
from assay.worker.alerts.digest.slack_message import MOST_USE_CASES, digest_message
from assay.worker.alerts.digest.words import headline_of
from assay.worker.records.history import HistoryRow
from tests.servers.slack_server import PATH, check_message
from tests.unit.worker.alerts.digests import WEEK, digests
from tests.unit.worker.reporting.period.history_rows import START, a_row, a_week

HOSTILE = "<script>alert(1)</script> *bold* `code` [x](http://evil.example) <@U123> <!channel> | a"


@pytest.fixture(scope="module")
def all_of_them() -> dict[str | None, OwnerDigest]:
    return {digest.owner: digest for digest in digests()}


@pytest.fixture(scope="module")
def support(all_of_them: dict[str | None, OwnerDigest]) -> OwnerDigest:
    return all_of_them["team-support"]


def test_each_team_is_told_of_its_own(all_of_them: dict[str | None, OwnerDigest]) -> None:
    assert list(all_of_them) == ["team-legal", "team-support", None]
    cases = {owner: [case.name for case in digest.use_cases] for owner, digest in all_of_them.items()}
    assert cases == {"team-legal": ["contracts"], "team-support": ["bot", "idle"], None: ["search"]}
    assert [digest.owner for digest in digests(owner="team-legal")] == ["team-legal"]


def test_a_week_is_told_with_its_interval_beside_the_week_before(support: OwnerDigest) -> None:
    bot = support.use_cases[0]
    (rate,) = bot.rates
    assert (rate.change, rate.judged, rate.ended) == ("worse", 272, 280)
    assert rate.rate is not None
    assert rate.before is not None
    assert rate.rate.low < rate.rate.value < rate.rate.high
    assert rate.before.value < rate.rate.low
    assert support.period == "2026-11-23 to 2026-11-29 (UTC)"


def test_what_changed_is_named(support: OwnerDigest) -> None:
    lines = {line.label: line.text for line in support.use_cases[0].changes}
    assert lines["new model"] == "gpt-4o-2026-11 (29% of traces, n=80)"
    assert lines["new prompt"] == "answer version 13 (29% of traces, n=80)"
    assert lines["drift"] == "question topics (input, PSI 0.31) differs from the baseline"
    assert len(lines) == 3


def test_alerts_are_counted_by_what_they_are_about(support: OwnerDigest) -> None:
    told = {alert.rule: (alert.times, alert.seconds, alert.fires) for alert in support.use_cases[0].alerts}
    # The last one has fired for 8 hours of this week and fires still.
    assert told == {"AssayHallucinationSpike": (1, 7200, False), "AssayFlaggedCreep": (2, 7200 + 8 * 3600, True)}
    assert [alert.rule for alert in support.fleet] == ["AssayBeatDead"]


def test_money_objectives_and_golden_sets(support: OwnerDigest) -> None:
    bot = support.use_cases[0]
    told = {line.label: (line.text, line.tone) for line in (*bot.objectives, *bot.costs, *support.golden)}
    assert told == {
        "quality": ("70.0% good (66.0%–74.0%, n=280), aim 95%; error budget overdrawn by 40%", "bad"),
        "goodput": ("66.0% (61.0%–71.0%) met all objectives at once", ""),
        "application, 7 days": ("12.50 USD (11.00–14.00)", ""),
        "this month, projected": ("80.00 USD (74.00–86.00), budget 60.00 USD", "bad"),
        "judging": ("0.8000 USD; 0 USD the week before", ""),
        "judge budget": ("5.00 USD of 20.00 USD spent today (25%)", ""),
        "support-v1": (
            "regressed on 2026-11-23, pass rate 80.0% (70.0%–90.0%): "
            "ALARM: the pass rate fell, the series says so since run r1",
            "bad",
        ),
        "legal-v1": ("no scheduled run has ended yet", "open"),
    }


def test_the_worst_three_answers_are_links_without_text(support: OwnerDigest) -> None:
    worst = support.use_cases[0].worst
    assert len(worst) == 3
    assert [answer.risk for answer in worst] == sorted((answer.risk for answer in worst), reverse=True)
    for text in (digest_markdown([support]), digest_page([support]), json.dumps(digest_message(support))):
        assert text.count("traces.example.org") == 3


def test_the_headline_says_what_to_look_at_first(support: OwnerDigest) -> None:
    assert headline_of(support) == "1 of 1 use case got worse; 2 pages; 2 tickets; golden set support-v1 needs a look"
    quiet = support.model_copy(update={"use_cases": (), "golden": (), "fleet": ()})
    assert headline_of(quiet) == "no answer was judged"


def test_all_forms_say_the_same(support: OwnerDigest) -> None:
    said = ("42.8%", "38.1%–47.5%", "+22.7 points", "gpt-4o-2026-11", "overdrawn by 40%", "fires still")
    plain = "\n".join(line for line, _ in digest_lines(support))
    slack = json.dumps(digest_message(support), ensure_ascii=False)
    for form in (plain, slack, digest_page([support]), digest_markdown([support])):
        assert [words for words in said if words not in form] == []


def test_a_message_fits_slack_however_much_there_is(support: OwnerDigest) -> None:
    bot = support.use_cases[0]
    many = support.model_copy(
        update={
            "use_cases": tuple(
                bot.model_copy(update={"name": f"case-{n}" * 20, "alerts": bot.alerts * 40, "rates": bot.rates * 4})
                for n in range(60)
            ),
            "golden": support.golden * 60,
            "fleet": support.fleet * 100,
            "notes": ("x" * 4000,) * 10,
        }
    )
    message = digest_message(many)
    assert check_message(PATH, message).status == 200
    assert f"{60 - MOST_USE_CASES} more use cases" in json.dumps(message)


def test_foreign_names_do_nothing() -> None:
    rows = [a_row(n, use_case="bot", started_at=START - timedelta(days=1)) for n in range(40)]
    rows += [a_row(100 + n, model_served=HOSTILE, release=HOSTILE, prompt_name=HOSTILE) for n in range(40)]
    (digest,) = digests(*rows, owners={"bot": HOSTILE}, episodes=(), golden=())
    page, text, message = digest_page([digest]), digest_markdown([digest]), json.dumps(digest_message(digest))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<@U123>" not in message
    assert "<!channel>" not in message
    outside = "".join(part for line in text.splitlines() for part in line.split("``")[::2])
    assert "evil.example" not in outside
    assert "<script" not in outside


def test_a_page_loads_and_runs_nothing(support: OwnerDigest) -> None:
    page = digest_page([support])
    assert "default-src &#39;none&#39;; style-src" in page
    for word in ("<script", "src=", "@import", "url("):
        assert word not in page


def test_of_a_new_deployment_nothing_is_called_new() -> None:
    (digest,) = digests(*a_week(60), owners={"bot": None}, episodes=(), golden=())
    assert digest.use_cases[0].changes[:-1] == ()
    assert digest.use_cases[0].changes[-1].label == "drift"


def test_a_name_that_is_gone_is_told() -> None:
    before = a_week(100, start=START - WEEK, first=5_000, model_served="old-model")
    (digest,) = digests(*before, *a_week(60), owners={"bot": None})
    lines = {line.label: line.text for line in digest.use_cases[0].changes}
    assert lines["no more model"] == "old-model (100% of traces the week before, n=100)"


def test_a_use_case_without_traffic_is_told_as_such(all_of_them: dict[str | None, OwnerDigest]) -> None:
    idle = all_of_them["team-support"].use_cases[1]
    assert idle == DigestUseCase(name="idle")
    assert "Nothing came to its end this week." in digest_markdown([all_of_them["team-support"]])


def test_a_feature_that_costs_much_more_is_told() -> None:
    def week(cost: float, first: int, **more: Any) -> Iterator[HistoryRow]:
        usual: dict[str, Any] = {"state": "scored", "reason": "judged", "revision": "r" * 64}
        return a_week(60, first=first, cost_usd=cost, feature="search", **usual, **more)

    rows = (*week(0.01, 5_000, start=START - WEEK), *week(0.04, 0))
    (digest,) = digests(*rows, owners={"bot": None})
    lines = {line.label: line.text for line in digest.use_cases[0].changes}
    told = "search: 24.00 USD, 4 times the 6.00 USD of the week before (estimated from n=60 and 60)"
    assert lines["cost by feature"] == told
