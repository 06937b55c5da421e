"""Baselines and checks over a record: what is seen, what is not, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import JsonValue

from assay.judges.errors import ConfigurationError
from assay.worker.config.drifting import Drifting
from assay.worker.records.history import HistoryRow
from assay.worker.signals.drift.capturing import Origin
from assay.worker.signals.drift.desk import DriftDesk, Period
from assay.worker.signals.drift.records import DriftBaseline, DriftCheck, FeatureDrift, UnreadableBaseline
from tests.unit.worker.signals.drift.bots import FEW_SPLITS, MONDAY, record_of, traffic

WEEK = Period(MONDAY, MONDAY + timedelta(days=7))
NEXT = Period(WEEK.until, WEEK.until + timedelta(days=7))
NOW = NEXT.until


def origin(name: str = "first") -> Origin:
    return Origin("bot", name, "period", "the first week", *WEEK)


def checked(
    now: Sequence[HistoryRow], *, before: Sequence[HistoryRow] | None = None, **settings: Any
) -> tuple[DriftCheck, DriftBaseline]:
    """The next week, held against the first."""

    async def work() -> tuple[DriftCheck, DriftBaseline]:
        desk = DriftDesk(
            await record_of(traffic(500) if before is None else before, now), Drifting(**settings), FEW_SPLITS
        )
        seen = await desk.traces("bot", WEEK)
        baseline = await desk.capture(origin(), seen.observations, WEEK.until)
        return await desk.check("bot", NEXT, NOW), baseline

    return asyncio.run(work())


def feature(check: DriftCheck, name: str) -> FeatureDrift:
    return next(each for each in check.features if each.feature == name)


def test_the_same_traffic_shows_no_drift_and_every_feature_is_compared() -> None:
    check, baseline = checked(traffic(300, since=NEXT.since, seed=1))
    assert check.state == "checked"
    assert not check.drifted
    assert (check.n, check.n_baseline, check.baseline) == (300, 500, "first")
    assert [each.note for each in check.features] == [""] * 14
    assert all(each.p_adjusted is not None and each.p_adjusted >= (each.p_value or 0) for each in check.features)
    topics = feature(check, "question_topics")
    assert topics.n_baseline == 250  # topics are found from the other half
    assert feature(check, "question_vectors").n_baseline == 500
    assert topics.psi is not None
    assert topics.psi_bound is not None
    assert topics.psi < topics.psi_bound
    assert len(baseline.model_dump_json()) < 1_000_000


def test_a_new_topic_is_seen_where_it_lies_far_from_all_others() -> None:
    check, _ = checked(traffic(300, since=NEXT.since, seed=1, newtopic=0.25))
    drifted = {each.feature for each in check.drifted}
    assert {"question_topics", "question_vectors"} <= drifted
    vectors = feature(check, "question_vectors")
    assert vectors.size == pytest.approx(0.25, abs=0.08)
    assert vectors.centroid is not None
    assert vectors.centroid_bound is not None
    assert vectors.centroid > vectors.centroid_bound
    unlike = next(change for change in feature(check, "question_topics").changes if change.name.startswith("unlike"))
    assert unlike.before < 0.05
    assert unlike.now == pytest.approx(0.25, abs=0.08)


def test_language_refusals_and_length_are_told_apart() -> None:
    check, _ = checked(traffic(500, since=NEXT.since, seed=1, german=0.5, refusals=0.2, longer=1.6))
    drifted = {each.feature for each in check.drifted}
    assert drifted == {"question_language", "answer_language", "refusals", "answer_length"}
    assert feature(check, "refusals").size == pytest.approx(0.16, abs=0.06)


def test_a_model_that_nobody_has_seen_is_drift_of_the_model() -> None:
    check, _ = checked(traffic(300, since=NEXT.since, seed=1, model_served="gpt-y"))
    assert {each.feature for each in check.drifted} == {"model_served", "model_not_asked"}
    told = {change.name: (change.before, change.now) for change in feature(check, "model_served").changes}
    assert told == {"gpt-x-2026": (1, 0), "not seen in the baseline": (0, 1), "gpt-y": (0, 1)}


def test_a_change_that_is_certain_and_small_is_not_called_drift() -> None:
    now = traffic(500, since=NEXT.since, seed=1, refusals=0.2)
    large, _ = checked(now)
    small, _ = checked(now, least_share_change=0.5)
    assert "refusals" in {each.feature for each in large.drifted}
    assert "refusals" not in {each.feature for each in small.drifted}
    assert (feature(small, "refusals").p_adjusted or 1) <= 0.05


def test_a_rate_that_was_raised_for_one_kind_of_traffic_is_no_drift() -> None:
    """German traces are selected with 1.0 instead of 0.5 now: there are more of them, and each weighs half."""
    german, english = (
        traffic(400, since=NEXT.since, seed=1, german=1.0),
        traffic(800, since=NEXT.since, seed=2, german=0.0),
    )
    now = [each.model_copy(update={"pi": 1.0}) for each in german] + english
    check, _ = checked(now)
    assert feature(check, "question_language").size == pytest.approx(0.0, abs=0.06)
    assert not check.drifted


def test_vectors_of_another_maker_are_not_compared() -> None:
    check, _ = checked(traffic(300, since=NEXT.since, seed=1, vectors_from="other@64"))
    for name in ("question_vectors", "question_topics", "answer_vectors", "answer_topics"):
        note = feature(check, name).note
        assert "of other@64, the baseline's of hashed-1" in note
        assert "capture a new baseline" in note
    assert feature(check, "question_length").note == ""


def test_of_two_makers_the_baselines_counts() -> None:
    foreign = traffic(400, since=NEXT.since, seed=2, vectors_from="other@64")
    check, _ = checked([*traffic(200, since=NEXT.since, seed=1), *foreign])
    assert feature(check, "question_vectors").note == ""
    assert feature(check, "question_vectors").n == 200


def test_what_few_traces_tell_is_said_and_not_compared() -> None:
    check, _ = checked(traffic(300, since=NEXT.since, seed=1, passages=None))
    assert feature(check, "passages").note == "only 0 of these traces tell it; 50 are needed"


def test_too_few_traces_are_waited_for() -> None:
    check, _ = checked(traffic(120, since=NEXT.since, seed=1))
    assert (check.state, check.n) == ("waiting", 120)
    assert "120 of 200 traces" in check.note
    with pytest.raises(ConfigurationError, match=r"60 traces, and 200 are needed.*drift\.min_traces"):
        checked([], before=traffic(60))


def test_traffic_of_the_baseline_itself_is_not_checked() -> None:
    async def work() -> tuple[DriftCheck, DriftCheck]:
        desk = DriftDesk(await record_of(traffic(500), traffic(300, since=NEXT.since, seed=1)), Drifting(), FEW_SPLITS)
        nothing = await desk.check("bot", WEEK, NOW)
        await desk.capture(origin(), (await desk.traces("bot", WEEK)).observations, WEEK.until)
        return nothing, await desk.check("bot", Period(WEEK.since, NEXT.until), NOW)

    nothing, check = asyncio.run(work())
    assert "no baseline yet" in nothing.note
    assert check.since == WEEK.until
    assert check.n == 300


def test_a_trace_under_two_rubrics_counts_once_and_complaints_do_not() -> None:
    rows = traffic(300, since=NEXT.since, seed=1)
    twice = [each.model_copy(update={"rubric": "style"}) for each in rows]
    complaints = traffic(50, since=NEXT.since, seed=3, stratum="feedback", sample="boost")
    check, _ = checked([*rows, *twice, *complaints])
    assert check.n == 300


def test_a_baseline_of_a_release_holds_no_other_traces() -> None:
    async def work() -> int:
        desk = DriftDesk(
            await record_of(traffic(220, release="v41"), traffic(220, seed=1, release="v42", name="u")), Drifting()
        )
        return (await desk.traces("bot", WEEK, release="v41")).traces

    assert asyncio.run(work()) == 220


@pytest.mark.parametrize("content", [{"schema_version": 99}, None])
def test_a_baseline_that_cannot_be_read_is_named(content: JsonValue) -> None:
    async def work() -> DriftCheck:
        desk = DriftDesk(await record_of(traffic(220)), Drifting())
        baseline = await desk.capture(origin(), (await desk.traces("bot", WEEK)).observations, WEEK.until)
        kept = await desk.baseline("bot")
        assert kept == baseline
        document = await desk.history.documents.latest("drift_baseline", "bot")
        assert document is not None
        await desk.history.documents.keep(document.model_copy(update={"content": content}))
        with pytest.raises(UnreadableBaseline, match="another version wrote it, or it is damaged"):
            await desk.baseline("bot")
        return await desk.check("bot", NEXT, NOW)

    check = asyncio.run(work())
    assert (check.state, check.note[:40]) == ("waiting", "bot: the baseline of 2026-11-30 00:00 UT")
