"""Scores written as feedback: exactly, once, in the retention the trace has, whatever the server does."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from assay.worker.ports.store_errors import StoreAccessDenied, StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.stores.langsmith.feedback import feedback_id, score_of
from assay.worker.stores.langsmith.store import LangSmithStore
from tests.servers.langfuse.faults import Fault, Faults
from tests.servers.langsmith.server import LangSmithServer
from tests.servers.langsmith.settings import LangSmithSettings
from tests.unit.worker.stores.langsmith.making import NOON, TRACE, asked, fill, run, score

FILE = Path(__file__).parents[4] / "servers" / "langsmith" / "sdk_exchange.json"
WRITES = r"POST /api/v1/feedback$"


def written(server: LangSmithServer, *scores: Score) -> dict[str, Score]:
    async def use(store: LangSmithStore) -> dict[str, Score]:
        await store.write_scores(scores)
        return dict(await store.read_scores(one.key for one in scores))

    return asked(server, use)


@pytest.mark.parametrize("value", [0.1 + 0.2, 1 / 3, 0.99995, 1e-12, -0.00005, 12345.678901, 0.0, 1.0])
def test_number_is_read_back_exactly_although_four_decimals_are_kept(value: float) -> None:
    given = score(value=value)
    with LangSmithServer() as server:
        fill(server, run())
        shown = written(server, given)[given.id]
        (row,) = server.feedback.by_id.values()
    assert row["score"] == round(value, 4)
    assert shown.value == value
    assert (shown.trace_id, shown.name) == (TRACE, given.name)


def test_number_that_a_person_changed_is_what_is_shown() -> None:
    given = score(value=1 / 3)
    with LangSmithServer() as server:
        fill(server, run())
        written(server, given)
        next(iter(server.feedback.by_id.values()))["score"] = 0.9
        shown = asked(server, lambda store: store.read_scores([given.key]))
    assert shown[given.id].value == 0.9


def test_writing_does_not_move_a_trace_to_the_dearer_retention() -> None:
    with LangSmithServer() as server:
        fill(server, run())
        written(server, score())
        assert server.runs.by_id[TRACE]["trace_tier"] == "shortlived"
        (row,) = server.feedback.by_id.values()
    assert row["session_id"] in server.sessions.values()
    assert row["feedback_source"]["type"] == "model"


def test_score_id_is_the_feedbacks_and_others_have_one_made_of_them() -> None:
    given = score()
    assert feedback_id(given.id) == given.id
    odd = score(id="not a uuid")
    with LangSmithServer() as server:
        fill(server, run())
        assert written(server, odd) == {odd.id: odd}
        assert list(server.feedback.by_id) == [feedback_id(odd.id)]


def test_rewrite_that_is_a_conflict_changes_what_is_there() -> None:
    first, second = score(value=0.9, comment="old"), score(value=1 / 7, comment="new")
    with LangSmithServer(LangSmithSettings(writes_over=False)) as server:
        fill(server, run())
        written(server, first)
        shown = written(server, second)[first.id]
        assert len(server.feedback.by_id) == 1
    assert (shown.value, shown.comment) == (1 / 7, "new")


def test_newest_is_shown_while_the_server_lists_what_was_written_over() -> None:
    first, second = score(value=0.9), score(value="high")
    with LangSmithServer(LangSmithSettings(shows_superseded=True)) as server:
        fill(server, run())
        written(server, first)
        assert written(server, second)[first.id].value == "high"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_error_of_the_server_is_tried_again_later(status: int) -> None:
    faults = Faults(rules=[Fault("status", 1.0, on=WRITES, status=status, retry_after_s=77)])
    with LangSmithServer(faults=faults) as server:
        fill(server, run())
        with pytest.raises(StoreUnavailable) as caught:
            written(server, score())
    assert (caught.value.retry_after_s or 0) == pytest.approx(77 if status in (429, 503) else 0, abs=5)


def test_one_refusal_among_many_leaves_the_others_written() -> None:
    scores = [score(name=f"s{n}") for n in range(20)]
    faults = Faults(rules=[Fault("status", 1.0, on=WRITES, status=422, most=1)])
    with LangSmithServer(faults=faults) as server:
        fill(server, run())
        with pytest.raises(StoreRejected, match="422"):
            written(server, *scores)
        assert len(server.feedback.by_id) == 19


def test_score_that_was_taken_and_dropped_is_not_shown() -> None:
    scores = [score(name=f"s{n}") for n in range(10)]
    with LangSmithServer(faults=Faults(rules=[Fault("drop", 1.0, most=3)])) as server:
        fill(server, run())
        assert len(written(server, *scores)) == 7


def test_run_that_is_not_there_yet_is_waited_for() -> None:
    with LangSmithServer() as server:
        fill(server, run())
        with pytest.raises(StoreUnavailable, match="may be shown later"):
            written(server, score(trace_id="6903738a-0000-4000-8000-0000000000ff"))


def test_wrong_key_is_a_persons_to_mend_and_is_never_shown() -> None:
    ours = LangSmithSettings()
    with LangSmithServer(ours) as server:

        async def use(store: LangSmithStore) -> str:
            server.settings = LangSmithSettings(key="another-key-than-ours")
            return await store.project_id()

        with pytest.raises(StoreAccessDenied) as caught:
            asked(server, use)
    assert "LANGSMITH_API_KEY" in str(caught.value)
    assert ours.key not in str(caught.value)


def test_trace_of_another_store_is_refused_by_name() -> None:
    with LangSmithServer() as server:
        fill(server, run())
        with pytest.raises(StoreRejected, match="tr-1234"):
            written(server, score(trace_id="tr-1234"))


def test_feedback_of_people_and_programs_is_nobodys_score_of_ours() -> None:
    assert score_of({"id": "x", "trace_id": TRACE, "key": "thumbs", "score": 1}) is None
    row = {"id": "x", "run_id": TRACE, "key": "k", "score": 1, "feedback_source": {"type": "model", "metadata": {}}}
    assert score_of(row) is None


def test_write_that_was_left_is_ended_before_a_read() -> None:
    scores = [score(name=f"s{n}") for n in range(30)]
    slow = Faults(rules=[Fault("slow", 1.0, on=WRITES, delay_s=0.02)])
    with LangSmithServer(faults=slow) as server:
        fill(server, run())

        async def use(store: LangSmithStore) -> int:
            await store.project_id()
            writing = asyncio.create_task(store.write_scores(scores))
            await asyncio.sleep(0.03)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            return len(await store.read_scores(one.key for one in scores))

        assert asked(server, use) == 30


def test_what_is_sent_has_the_fields_that_the_sdk_sends() -> None:
    """`sdk_exchange.json` notes what LangSmith's own SDK sent to the same server."""
    noted = json.loads(FILE.read_text())
    with LangSmithServer() as server:
        fill(server, run())
        written(server, score(value=1 / 3, comment="why"))
        asked(server, lambda store: store.count_rootless(NOON, NOON + timedelta(hours=1)))
        (feedback,) = (request for request in server.requests("/feedback") if request.method == "POST")
        query = server.requests("/runs/query")[-1]
    assert sorted(feedback.json) == noted["feedback"]
    assert sorted(query.json) == noted["query"]
