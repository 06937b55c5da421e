"""Scores as annotations, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score, SessionScore
from assay.worker.records.traces import TraceKey
from assay.worker.stores.phoenix.annotations import annotation_of, annotator_of, newest, score_of
from tests.servers.phoenix import PhoenixServer
from tests.unit.worker.stores.phoenix.making import NOON, OTHER, TRACE, score, sent, span, store_on, within

RUBRIC = {"rubric": "grounding", "rubric_hash": "0f"}


@pytest.fixture
def server() -> Iterator[PhoenixServer]:
    with PhoenixServer() as running:
        yield running


@pytest.mark.parametrize(
    ("tier", "kind"),
    [("llm", "LLM"), ("panel", "LLM"), ("decision", "LLM"), ("screen", "CODE"), ("code", "CODE"), (None, "CODE")],
)
def test_annotator_is_a_model_or_code(tier: str | None, kind: str) -> None:
    assert annotator_of({"tier": tier}) == kind


def test_number_is_a_score_and_a_word_a_label() -> None:
    assert annotation_of(score(value=0.0))["result"] == {"score": 0.0}
    assert annotation_of(score(value="1", comment="why"))["result"] == {"label": "1", "explanation": "why"}


def test_name_that_phoenix_keeps_for_itself_is_refused() -> None:
    with pytest.raises(StoreRejected, match="note"):
        annotation_of(score("note"))


def test_text_that_is_none_is_refused_wherever_it_stands() -> None:
    for broken in ({"comment": "cut \ud83d"}, {"metadata": {"a": ["\ud83d"]}}, {"metadata": {"\ud83d": 1}}):
        with pytest.raises(StoreRejected, match=TRACE):
            annotation_of(score(**broken))


def test_what_people_wrote_is_no_score_of_ours() -> None:
    row = {"trace_id": TRACE, "name": "tone", "identifier": "", "result": {"label": "good"}, "metadata": {}}
    assert score_of(row) is None
    assert score_of({**row, "identifier": "x", "result": {"explanation": "words alone"}}) is None


def test_of_two_rows_of_one_identifier_the_one_changed_last_is_the_score() -> None:
    rows = [
        {"identifier": "a", "name": name, "updated_at": f"2026-11-21T12:00:0{n}"} for n, name in ((2, "b"), (1, "a"))
    ]
    assert newest(rows)["a"]["name"] == "b"
    assert newest(rows[::-1])["a"]["name"] == "b"


def test_trace_that_phoenix_does_not_have_refuses_the_write_and_writes_nothing(server: PhoenixServer) -> None:
    sent(server, [span(1)])
    with pytest.raises(StoreRejected, match="do not exist"):
        within(store_on(server), lambda s: s.write_scores([score(), score("x", trace_id=OTHER)]))
    assert server.contents.annotations["trace_annotations"] == {}


def test_server_that_took_fewer_than_were_sent_is_found_out(server: PhoenixServer) -> None:
    from tests.servers.phoenix import Fault

    server.faults.append(Fault(200, body=b'{"data": []}'))
    with pytest.raises(StoreRejected, match="took 0 of 1"):
        within(store_on(server), lambda s: s.write_scores([score()]))


def test_many_scores_go_in_several_requests(server: PhoenixServer) -> None:
    sent(server, [span(1)])
    scores = [score(f"n{n}", comment="x" * 30_000) for n in range(150)]
    within(store_on(server), lambda s: s.write_scores(scores))
    assert len(server.requests) == 3
    assert len(server.contents.annotations["trace_annotations"]) == 150


def test_scores_of_root_spans_are_among_those_of_their_traces(server: PhoenixServer) -> None:
    sent(server, [span(1), span(2, trace_id=OTHER)])
    on_span = score("groundedness", observation_id=f"{1:016x}", metadata=RUBRIC)
    on_trace = score("risk", trace_id=OTHER, metadata=RUBRIC)

    async def use(store: object) -> dict[str, list[Score]]:
        await store.write_scores([on_span, on_trace])  # type: ignore[attr-defined]
        keys = [TraceKey(trace_id=trace_id, start=NOON) for trace_id in (TRACE, OTHER)]
        return dict(await store.scored_traces(keys, None))  # type: ignore[attr-defined]

    assert within(store_on(server), use) == {TRACE: [on_span], OTHER: [on_trace]}


def test_score_of_a_session_is_replaced(server: PhoenixServer) -> None:
    sent(server, [span(1, attributes={"session.id": "s1"})])
    first = SessionScore(id="s", session_id="s1", name="session_risk", value=0.1, timestamp=NOON)

    async def use(store: object) -> None:
        await store.write_session_scores([])  # type: ignore[attr-defined]
        await store.write_session_scores([first])  # type: ignore[attr-defined]
        await store.write_session_scores([first.model_copy(update={"value": 0.9})])  # type: ignore[attr-defined]

    within(store_on(server), use)
    (row,) = server.contents.annotations["session_annotations"].values()
    assert row["result"]["score"] == 0.9


def test_page_of_a_trace_and_of_a_step(server: PhoenixServer) -> None:
    store = store_on(server)
    assert within(store, lambda s: s.trace_url(TRACE)) == f"{server.url}/redirects/traces/{TRACE}"
    assert within(store, lambda s: s.trace_url(TRACE, "a b/1")) == f"{server.url}/redirects/spans/a%20b%2F1"


def test_more_than_a_hundred_annotations_are_read_over_pages(
    server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.worker.stores.phoenix import scores as written

    monkeypatch.setattr(written, "PAGE", 7)
    sent(server, [span(1)])
    scores = [score(f"n{n}") for n in range(60)]

    async def use(store: object) -> int:
        await store.write_scores(scores)  # type: ignore[attr-defined]
        return len(await store.read_scores(one.key for one in scores))  # type: ignore[attr-defined]

    assert within(store_on(server), use) == 60
