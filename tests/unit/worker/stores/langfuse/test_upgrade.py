"""A project that holds scores of an older Assay, and a ledger that knows nothing of them: nothing is judged again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.flow.sweep import Sweeper, SweepReport
from assay.worker.ports.clock import FixedClock
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.state.memory.state import memory_state
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.builders import make_deployment
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import HOUR, NOON, add_root, score, store_on, using

OLD_NAMES = ("groundedness", "faithfulness", "hallucination_risk", "hallucination_risk_level", "grounding_state")
OLD_VERSION = "0" * 64
TRACES = 5


def old_scores(trace_id: str, rubric: Rubric, version: str) -> list[object]:
    """What an older Assay wrote on a judged trace, or on one without evidence."""
    metadata = {"rubric": rubric.name, "rubric_hash": version}
    return [
        score("x" if name.endswith(("level", "state")) else 0.5, name, id=f"{trace_id}-{name}", trace_id=trace_id,
              metadata=metadata)
        for name in OLD_NAMES
    ]  # fmt: skip


def swept(store: LangfuseStore, rubric: Rubric) -> tuple[SweepReport, list[str]]:
    state = memory_state()
    published: list[str] = []

    async def publish(messages: Sequence[AssessMessage | RecordMessage]) -> None:
        published.extend(item.trace_id for m in messages if isinstance(m, AssessMessage) for item in m.items)

    async def use(store: LangfuseStore) -> SweepReport:
        sweeper = Sweeper(
            source=store,
            sink=store,
            ledger=state.ledger,
            windows=state.windows,
            documents=state.documents,
            locks=state.locks,
            deployment=make_deployment(window_seconds=3600, lookback_hours=4),
            rubrics={rubric.name: rubric},
            publish=publish,
            clock=FixedClock(NOON + 3 * HOUR),
            ledger_deadline=timedelta(minutes=2),
        )
        return await sweeper.sweep()

    asyncio.run(state.windows.epoch(NOON + 3 * HOUR))
    return using(store, use), published


@pytest.mark.parametrize("version", ["now", OLD_VERSION], ids=["same version", "older version"])
@pytest.mark.parametrize("write", ["", "write: {prefix: a_, scores: [hallucination_risk]}"], ids=["default", "chosen"])
def test_scores_under_the_old_names_are_known(version: str, write: str) -> None:
    rubric = parse_rubric(f"name: grounding\n{write}", source="r")
    with LangfuseServer(LangfuseSettings()) as server:
        ids = [add_root(server, number, after_s=number) for number in range(1, TRACES + 1)]
        store = store_on(server)
        known = rubric.content_hash() if version == "now" else version
        given = [one for trace_id in ids[:3] for one in old_scores(trace_id, rubric, known)]
        using(store, lambda store: store.write_scores(given))  # type: ignore[arg-type]  # scores
        report, published = swept(store_on(server), rubric)
    assert (report.selected, report.already_scored) == (TRACES, 3)
    assert sorted(published) == sorted(ids[3:])


def test_scores_of_another_rubric_or_another_team_are_no_reason_to_leave_a_trace_out() -> None:
    rubric = Rubric(name="grounding")
    with LangfuseServer(LangfuseSettings()) as server:
        first, second = (add_root(server, number, after_s=number) for number in (1, 2))
        store = store_on(server)
        other = old_scores(first, Rubric(name="grounding-llm"), OLD_VERSION)
        teams = [score("high", "answer_check", id="t", trace_id=second, metadata={"by": "us"})]
        using(store, lambda store: store.write_scores([*other, *teams]))  # type: ignore[list-item]  # scores
        report, published = swept(store_on(server), rubric)
    assert report.already_scored == 0
    assert sorted(published) == sorted([first, second])
