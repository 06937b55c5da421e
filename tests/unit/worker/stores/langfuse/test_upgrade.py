"""A project that holds scores under earlier names, and a ledger that knows nothing of them: nothing is judged again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.flow.sweep import SweepReport
from assay.worker.ports.clock import FixedClock
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.scores import Score
from assay.worker.state.memory.state import memory_state
from assay.worker.stores.langfuse.scored_traces import MOST_PAGES
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.builders import make_deployment, make_sweeper
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import HOUR, NOON, add_root, score, store_on, using

OLD_NAMES = ("groundedness", "faithfulness", "hallucination_risk", "hallucination_risk_level", "grounding_state")
NEW_NAMES = ("answer_check", "groundedness", "faithfulness", "hallucination_risk")
OLD_VERSION = "0" * 64
NOON_MS = int(NOON.timestamp() * 1000)
TRACES = 5


SERVERS = {
    "v4": LangfuseSettings(),
    "lists": LangfuseSettings(score_body="list"),
    "dual": LangfuseSettings(generation="dual"),
    "v3": LangfuseSettings(generation="v3"),
    "v3 before 3.179": LangfuseSettings(generation="v3", release="3.150.2"),
}
WORDS = ("level", "state", "check")


def old_scores(trace_id: str, rubric: Rubric, version: str, names: Sequence[str] = OLD_NAMES) -> list[Score]:
    """What was written on a judged trace under these names."""
    metadata = {"rubric": rubric.name, "rubric_hash": version}
    return [
        score("x" if name.endswith(WORDS) else 0.5, name, id=f"{trace_id}-{name}", trace_id=trace_id,
              metadata=metadata)
        for name in names
    ]  # fmt: skip


def swept(store: LangfuseStore, rubric: Rubric) -> tuple[SweepReport, list[str]]:
    state = memory_state()
    published: list[str] = []

    async def publish(messages: Sequence[AssessMessage | RecordMessage]) -> None:
        published.extend(item.trace_id for m in messages if isinstance(m, AssessMessage) for item in m.items)

    async def use(store: LangfuseStore) -> SweepReport:
        deployment = make_deployment(window_seconds=3600, lookback_hours=4)
        clock = FixedClock(NOON + 3 * HOUR)
        sweeper = make_sweeper(store, state, deployment, rubric, publish, clock)
        return await sweeper.sweep()

    asyncio.run(state.windows.epoch(NOON + 3 * HOUR))
    return using(store, use), published


def already_scored(server: LangfuseServer, rubric: Rubric, version: str, names: Sequence[str]) -> SweepReport:
    """A sweep over five traces of which three have scores, with a ledger that is empty."""
    ids = [add_root(server, number, after_s=number) for number in range(1, TRACES + 1)]
    given = [written for trace_id in ids[:3] for written in old_scores(trace_id, rubric, version, names)]
    using(store_on(server), lambda store: store.write_scores(given))
    report, published = swept(store_on(server), rubric)
    if report.already_scored == 3:
        assert sorted(published) == sorted(ids[3:])
    return report


@pytest.mark.parametrize("version", ["now", OLD_VERSION], ids=["same version", "older version"])
@pytest.mark.parametrize("write", ["", "write: {prefix: a_, scores: [hallucination_risk]}"], ids=["default", "chosen"])
def test_scores_under_the_old_names_are_known(version: str, write: str) -> None:
    rubric = parse_rubric(f"name: grounding\n{write}", source="r")
    with LangfuseServer(LangfuseSettings()) as server:
        report = already_scored(server, rubric, rubric.content_hash() if version == "now" else version, OLD_NAMES)
    assert (report.selected, report.already_scored) == (TRACES, 3)


@pytest.mark.parametrize("settings", SERVERS.values(), ids=SERVERS)
@pytest.mark.parametrize(
    ("before", "write"),
    [
        (OLD_NAMES, ""),
        (OLD_NAMES, "write: {prefix: a_, scores: [groundedness]}"),
        (("grounding_state",), ""),
        (("hallucination_risk",), ""),
        (("groundedness", "faithfulness"), ""),
        (("hallucination_risk_level",), ""),
        (("hallucination_risk",), "write: {scores: [groundedness]}"),
        (NEW_NAMES, "write: {scores: [hallucination_risk]}"),
        (NEW_NAMES, "write: {prefix: a_}"),
        (tuple(f"a_{name}" for name in NEW_NAMES), "write: {prefix: b_}"),
        (tuple(f"a_{name}" for name in NEW_NAMES), ""),
        (("My.Team-faithfulness",), "write: {prefix: b_, scores: [answer_check]}"),
    ],
    ids=[
        "old five to default", "old five to prefix and choice", "state to default", "risk to default",
        "two numbers to default", "level to default", "risk to groundedness", "default to choice",
        "default to prefix", "prefix to another", "prefix to none", "prefix and choice to others",
    ],
)  # fmt: skip
def test_scores_under_an_earlier_choice_of_names_are_known(
    settings: LangfuseSettings, before: Sequence[str], write: str
) -> None:
    rubric = parse_rubric(f"name: grounding\n{write}", source="r")
    with LangfuseServer(settings) as server:
        report = already_scored(server, rubric, OLD_VERSION, before)
    assert (report.selected, report.already_scored) == (TRACES, 3)


@pytest.mark.parametrize("settings", SERVERS.values(), ids=SERVERS)
def test_scores_of_another_rubric_or_another_team_are_no_reason_to_leave_a_trace_out(
    settings: LangfuseSettings,
) -> None:
    rubric = Rubric(name="grounding")
    with LangfuseServer(settings) as server:
        ids = [add_root(server, number, after_s=number) for number in range(1, 6)]
        other = old_scores(ids[0], Rubric(name="grounding-llm"), OLD_VERSION)
        ours = {"rubric": "grounding", "rubric_hash": OLD_VERSION}
        teams = [
            score("high", "answer_check", id="t", trace_id=ids[1], metadata={"by": "us"}),
            score(0.5, "faithfulness", id="u", trace_id=ids[2], metadata={"rubric": "grounding"}),
            score(0.5, "faithfulness", id="v", trace_id=ids[2]),
        ]
        using(store_on(server), lambda store: store.write_scores([*other, *teams]))
        by_a_person = {"id": "p", "traceId": ids[3], "name": "faithfulness", "value": 1, "dataType": "NUMERIC"}
        server.project.scores.post(
            "e", {**by_a_person, "source": "ANNOTATION", "metadata": ours}, timestamp=NOON_MS, now=NOON_MS, due=NOON_MS
        )
        report, published = swept(store_on(server), rubric)
    assert report.already_scored == 0
    assert sorted(published) == sorted(ids)


@pytest.mark.parametrize(("server_name", "known"), [("v4", 3), ("v3 before 3.179", 0)])
def test_traces_with_very_many_scores_of_others_cost_bounded_requests(server_name: str, known: int) -> None:
    """What the rubric may write now is known by name all the same, where a server can be asked by name."""
    rubric = Rubric(name="grounding")
    with LangfuseServer(SERVERS[server_name]) as server:
        ids = [add_root(server, number, after_s=number) for number in range(1, TRACES + 1)]
        many = [
            score(0.5, "relevance", id=f"m{number}", trace_id=ids[number % TRACES], timestamp=NOON + HOUR / 60)
            for number in range(100 * MOST_PAGES + 150)
        ]
        mine = [written for trace_id in ids[:3] for written in old_scores(trace_id, rubric, rubric.content_hash())]
        using(store_on(server), lambda store: store.write_scores([*many, *mine]))
        report, _ = swept(store_on(server), rubric)
        asked = server.requests.counts()
    assert report.already_scored == known
    assert asked["GET /api/public/v3/scores"] + asked["GET /api/public/v2/scores"] <= MOST_PAGES + 3
