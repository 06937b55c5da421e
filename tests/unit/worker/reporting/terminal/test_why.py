"""What is shown in a terminal: foreign text can neither drive it nor break it."""

from __future__ import annotations

import asyncio
import io
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from assay.worker.records.windows import ResolvedRate, Why, WindowRecord
from assay.worker.reporting.terminal.text import shown
from assay.worker.reporting.terminal.why import rate_words, story_lines, unknown_words
from assay.worker.reporting.why import TraceStory
from tests.builders import NOW, make_trace
from tests.unit.worker.flow.pipeline import Line
from tests.unit.worker.reporting.flagged.lines import judged, trace


def printed(text: str) -> str:
    out = io.StringIO()
    Console(file=out, width=200, force_terminal=False).print(text, highlight=False)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["Invoice [/2024]", "[bold red]HI[/]", "a\\[/b]", "[/]", "\x1b]52;c;aGk=\x07", "[link=x]"]
)
def test_names_of_traces_are_shown_as_they_are_and_nothing_else_happens(name: str) -> None:
    story = TraceStory(trace_id=name, trace=make_trace(name=name), hash_fraction=0.5)
    out = "".join(printed(line) for line in story_lines(story))
    assert "\x1b" not in out
    if name.isprintable():
        assert name in out


@given(st.text())
def test_any_text_prints_without_control_characters(text: str) -> None:
    out = printed(shown(text))
    assert not any(ord(c) < 32 and c not in "\t\n" for c in out)


def told(story: TraceStory) -> str:
    return "\n".join(story_lines(story))


def test_a_known_trace_is_told_where_to_see_it() -> None:
    story = TraceStory(trace_id="t", trace=make_trace(), url="https://store.test/t", hash_fraction=0.5)
    assert "see https://store.test/t" in told(story)
    assert "see" not in told(story.model_copy(update={"url": None}))


def test_a_trace_that_nothing_knows_is_unknown_and_what_was_looked_at_is_said() -> None:
    story = judged([trace("t-90")]).story("nosuch")
    assert not story.is_known
    assert story.url is None, "no link to a page that is not there"
    assert "does not have it" in told(story)
    assert "neither project 'project' of the trace store nor the ledger of rubric grounding" in unknown_words(story)
    assert len(unknown_words(story.model_copy(update={"trace_id": "a\nb\x1b"})).splitlines()) == 1


def test_a_trace_that_only_the_ledger_knows_is_known() -> None:
    line = judged([trace("t-90")])
    line.store.traces.clear()
    story = line.story("t-90")
    assert story.is_known
    assert "does not have it (any more)" in told(story)


def test_each_score_has_its_own_comment_and_a_shared_one_stands_once() -> None:
    line = judged([trace("t-90")])
    story = line.story("t-90")
    scores = story.rubrics[0].scores
    assert len(scores) > 2
    apart = tuple(score.model_copy(update={"comment": f"about {score.name}"}) for score in scores)
    alike = tuple(score.model_copy(update={"comment": "the same"}) for score in scores)
    for changed, n in ((apart, len(scores)), (alike, 1)):
        rubric = story.rubrics[0].model_copy(update={"scores": changed})
        shown = told(story.model_copy(update={"rubrics": (rubric,)}))
        assert shown.count("about ") + shown.count("the same") == n


def test_an_expired_verdict_is_said_to_have_expired() -> None:
    line = judged([trace("t-90")])
    assert "expired" not in told(line.story("t-90"))
    line.kept._values.clear()
    assert "its verdict has expired" in told(line.story("t-90"))


def test_a_team_rule_that_fired_is_told() -> None:
    assert "rule pattern:no-promise: promises" in told(judged([trace("rule-10")]).story("rule-10"))


@pytest.mark.parametrize("why", get_args(Why))
def test_every_rule_that_gives_a_rate_is_told_in_words(why: Why) -> None:
    words = rate_words(ResolvedRate(rate=0.25, why=why, seen_in_day=1200, expected=900.0, lowered=1))
    assert words.startswith(f"rate 0.25 ({why}: ")
    assert len(words.split(": ", 1)[1].split(";")[0]) > 10
    assert "1,200 seen" in words
    assert "900 a day expected" in words


def test_a_trace_that_no_sweep_will_look_for_names_the_command_that_judges_it() -> None:
    old = trace("old-90", start=NOW - timedelta(days=30))
    line = Line([trace("t-90")])
    line.store.traces["old-90"] = old
    shown = told(line.story("old-90"))
    assert "not swept: " in shown
    assert "assay backfill --from 2026-10-22T" in shown
    line.store.traces["young-90"] = trace("young-90", start=NOW - timedelta(minutes=3))
    assert "backfill" not in told(line.story("young-90"))
    assert "was not swept yet" in told(line.story("young-90"))


def test_what_was_promised_holds_whatever_the_windows_rate_is_now() -> None:
    shown = told(judged([trace("t-90")]).story("t-90"))
    assert "π 0.25: [bold]selected (stratum standard)" in shown


@pytest.mark.parametrize(("rate", "words"), [(0.001, "lowered so that the day's budget lasts"), (0.0, "is spent")])
def test_a_trace_that_the_budget_took_is_told(rate: float, words: str) -> None:
    line = Line([trace("t-90")])
    line.store.traces["new-90"] = new = trace("new-90", start=NOW - timedelta(hours=1))
    window = WindowRecord(
        start=new.root.start - timedelta(minutes=1),
        end=new.root.start + timedelta(minutes=4),
        scans=1,
        rates={"bot": ResolvedRate(rate=rate, why="configured", full=1.0)},
    )
    asyncio.run(line.state.windows.put(window))
    shown = told(line.story("new-90"))
    assert "not selected, because of the budget" in shown
    assert f"rate {rate:.4g} (configured: the rate of assay.yaml; 1 without the budget: " in shown
    assert words in shown
