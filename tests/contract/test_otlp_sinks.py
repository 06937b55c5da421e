"""Sinks that take results by OTLP and show nothing: what arrives, in which form, and what becomes of refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.store import Sink, StoreContext
from assay.worker.ports.store_errors import (
    StoreAccessDenied,
    StoreBusy,
    StorePartlyRejected,
    StoreRejected,
    StoreUnavailable,
)
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.registry import sink_factories
from tests.contract.own_data import OwnData
from tests.otlp_filling import export_request_of, spans_of
from tests.servers.otlp_server import attributes_of
from tests.servers.results_receiver import ResultsReceiver

T = TypeVar("T")
SECRET = "hny-0123456789-secret"  # no key of anybody's
KINDS = ("otlp", "honeycomb")

NASTY = [
    "naïve 日本語 🧪 \u202e\u0000 tail",
    "e\u0301 ≠ é",
    '{"gen_ai.evaluation.name": "faithfulness"}',
    "line\r\nline\u2028line",
    "x" * 300_000,
]


def sink_of(kind: str, url: str, limits: MemoryLimits | None = None, **section: Any) -> Sink:
    """A sink as a deployment opens it."""
    factory = sink_factories()[kind]
    told = {"endpoint": url, "headers": SecretStr(f"x-key={SECRET}")} if kind == "otlp" else None
    variables = factory.variables(**(told or {"api_key": SecretStr(SECRET), "api_endpoint": url}))
    context = StoreContext(home=Path(), data_dir=Path(), limits=limits or MemoryLimits(), embedded_kind="none")
    return factory.open(factory.section(**section), variables, context)


@pytest.fixture
def receiver() -> Iterator[ResultsReceiver]:
    with ResultsReceiver() as server:
        yield server


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


def within(sink: Sink, use: Callable[[Sink], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await use(sink)
        finally:
            await sink.close()

    return asyncio.run(run())


@pytest.fixture
def mine() -> OwnData:
    return OwnData.new()


def scores_on(trace: Trace, mine: OwnData, count: int = 3) -> list[Score]:
    root = trace.root
    return [
        mine.score(1, f"n{n}", n / 10, root_id=root.observation_id, timestamp=root.start, comment=f"why {n}")
        for n in range(count)
    ]


def test_each_score_arrives_on_its_trace_and_the_trace_is_not_stretched(
    kind: str, receiver: ResultsReceiver, mine: OwnData
) -> None:
    trace = mine.trace(1)
    body = export_request_of(spans_of(trace)).SerializeToString()
    httpx.post(f"{receiver.url}/v1/traces", content=body).raise_for_status()
    before = span_of_time(receiver, trace.id)
    scores = scores_on(trace, mine)
    within(sink_of(kind, receiver.url, results_as=("spans", "events")), lambda sink: sink.write_scores(scores))

    results = [kept for kept in receiver.kept.of(trace.id) if kept.span.name.startswith("evaluate ")]
    told = {kept.attributes["gen_ai.evaluation.name"]: kept for kept in results}
    assert sorted(told) == ["n0", "n1", "n2"]
    for score in scores:
        kept = told[score.name]
        assert kept.span.parent_span_id.hex() == trace.root.observation_id
        assert kept.attributes["gen_ai.evaluation.score.value"] == score.value
        assert kept.attributes["gen_ai.evaluation.explanation"] == score.comment
        assert kept.attributes["assay.score.id"] == score.id
    assert span_of_time(receiver, trace.id) == before
    assert [(event.event_name, event.trace_id.hex(), event.span_id.hex()) for event in receiver.events] == [
        ("gen_ai.evaluation.result", trace.id, trace.root.observation_id)
    ] * 3


def span_of_time(receiver: ResultsReceiver, trace_id: str) -> tuple[int, int]:
    """When a trace begins and ends, by its spans."""
    spans = [kept.span for kept in receiver.kept.of(trace_id)]
    return min(span.start_time_unix_nano for span in spans), max(span.end_time_unix_nano for span in spans)


def test_score_on_a_step_hangs_under_the_step(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    trace = mine.trace(1)
    step = trace.observations[1].id
    score = mine.score(1, root_id=trace.root.observation_id, observation_id=step)
    within(sink_of(kind, receiver.url), lambda sink: sink.write_scores([score]))
    assert [span.parent_span_id.hex() for span in receiver.spans] == [step]


def test_events_alone_make_no_spans(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    score = mine.score(1, value="high risk", name="answer_check")  # an event needs no root
    within(sink_of(kind, receiver.url, results_as=("events",)), lambda sink: sink.write_scores([score]))
    assert receiver.spans == []
    (event,) = receiver.events
    assert attributes_of(event.attributes)["gen_ai.evaluation.score.label"] == "high risk"


def test_batch_that_is_sent_again_has_the_same_span_ids(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    scores = scores_on(mine.trace(1), mine)

    async def use(sink: Sink) -> None:
        for _ in range(2):
            await sink.write_scores(scores)

    receiver.fail("/v1/traces", 503)  # the answer is lost on the way; the client asks again
    within(sink_of(kind, receiver.url), use)
    assert receiver.asked("/v1/traces") == 3
    ids = [span.span_id for span in receiver.spans]
    assert len(ids) == 6
    assert len(set(ids)) == 3


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_hostile_texts_arrive_unchanged(kind: str, receiver: ResultsReceiver, mine: OwnData, text: str) -> None:
    score = scores_on(mine.trace(1), mine, 1)[0].model_copy(update={"comment": text, "metadata": {"quote": text}})
    within(
        sink_of(kind, receiver.url, results_as=("spans", "events")),
        lambda sink: sink.write_scores([score]),
    )
    for told in (attributes_of(receiver.spans[0].attributes), attributes_of(receiver.events[0].attributes)):
        assert told["gen_ai.evaluation.explanation"] == text
        assert told["assay.metadata.quote"] == text


def test_half_a_character_is_refused_before_anything_is_sent(
    kind: str, receiver: ResultsReceiver, mine: OwnData
) -> None:
    scores = [*scores_on(mine.trace(1), mine, 2), mine.score(2, root_id=mine.span(2, 0), comment="cut \ud83d")]
    with pytest.raises(StoreRejected, match=mine.tid(2)):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores))
    assert receiver.requests == []


@pytest.mark.parametrize("trace_id", ["run-17", "0" * 32, "1234567"])
def test_trace_that_no_backend_could_know_is_refused_by_name(
    kind: str, receiver: ResultsReceiver, mine: OwnData, trace_id: str
) -> None:
    score = mine.score(1, root_id=mine.span(1, 0)).model_copy(update={"trace_id": trace_id})
    with pytest.raises(StoreRejected, match=trace_id):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores([score]))


def test_server_that_asks_to_wait_a_moment_is_waited_for(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    receiver.fail("/v1/traces", 429, "slow down", retry_after="1")
    begun = datetime.now(UTC)
    within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))
    assert datetime.now(UTC) - begun >= timedelta(seconds=0.9)
    assert len(receiver.spans) == 3


@pytest.mark.parametrize("status", [429, 503])
def test_server_that_asks_to_wait_for_long_is_left_alone_by_all(
    kind: str, receiver: ResultsReceiver, mine: OwnData, status: int
) -> None:
    receiver.fail("/v1/traces", status, "slow down", times=9, retry_after="120")
    limits = MemoryLimits()
    scores = scores_on(mine.trace(1), mine)
    with pytest.raises(StoreUnavailable) as caught:
        within(sink_of(kind, receiver.url, limits), lambda sink: sink.write_scores(scores))
    assert caught.value.retry_after_s == 120
    assert receiver.asked("/v1/traces") == 1
    with pytest.raises(StoreBusy, match="no room"):  # another worker with the same account of limits
        within(sink_of(kind, receiver.url, limits), lambda sink: sink.write_scores(scores))
    assert receiver.asked("/v1/traces") == 1


@pytest.mark.parametrize("status", [500, 501, 404, 302])
def test_refusals_that_may_not_be_repeated_are_left_to_whoever_holds_the_work(
    kind: str, receiver: ResultsReceiver, mine: OwnData, status: int
) -> None:
    receiver.fail("/v1/traces", status, "no", times=9)
    with pytest.raises(StoreUnavailable, match=rf"/v1/traces: {status}: no"):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))
    assert receiver.asked("/v1/traces") == 1


def test_server_that_is_away_for_good_is_given_up_after_three_tries(
    kind: str, receiver: ResultsReceiver, mine: OwnData
) -> None:
    receiver.fail("/v1/traces", 502, "bad gateway", times=9)
    with pytest.raises(StoreUnavailable, match="502: bad gateway"):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))
    assert receiver.asked("/v1/traces") == 3


def test_partial_success_says_how_many_were_refused(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    receiver.kept.rejects = 2
    with pytest.raises(StoreRejected, match="refused 2 of 3: LIVE_TRACES_EXCEEDED"):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))
    receiver.rejects_events = 1
    with pytest.raises(StoreRejected, match="refused 1 of 3: entry too old"):
        within(
            sink_of(kind, receiver.url, results_as=("events",)),
            lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)),
        )


def test_what_was_refused_in_part_keeps_no_other_request_back(
    kind: str, receiver: ResultsReceiver, mine: OwnData
) -> None:
    receiver.kept.rejects = 1
    sink = sink_of(kind, receiver.url, results_as=("spans", "events"))
    with pytest.raises(StorePartlyRejected, match="refused 1 of 3"):
        within(sink, lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))
    assert (receiver.asked("/v1/traces"), receiver.asked("/v1/logs")) == (1, 1)


def test_partial_success_in_json_is_read_too(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    told = '{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "quota"}}'
    receiver.fail("/v1/traces", 200, told)
    receiver.faults[0].answer = receiver.faults[0].answer._replace(kind="application/json; charset=utf-8")
    with pytest.raises(StoreRejected, match="refused 3 of 3: quota"):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))


def test_page_that_says_200_is_no_answer(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    receiver.fail("/v1/traces", 200, "<html>Welcome</html>")
    with pytest.raises(StoreUnavailable, match="not as OTLP does"):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))


def test_dropped_results_are_nobodys_knowledge(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    """Why the docs call these sinks unverified."""
    receiver.kept.drops = True
    scores = scores_on(mine.trace(1), mine)

    async def use(sink: Sink) -> object:
        await sink.write_scores(scores)
        return await sink.read_scores(score.key for score in scores)

    assert within(sink_of(kind, receiver.url), use) == {}
    assert not sink_factories()[kind].reads_back
    assert not sink_factories()[kind].gives_traces


def test_request_that_is_too_large_is_sent_in_halves(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    receiver.fail("/v1/traces", 413, "too large", times=2)
    within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine, 8)))
    assert sorted(attributes_of(span.attributes)["gen_ai.evaluation.name"] for span in receiver.spans) == [
        f"n{n}" for n in range(8)
    ]
    receiver.fail("/v1/traces", 413, "too large", times=9)
    with pytest.raises(StoreRejected, match="413"):
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine, 1)))


def test_key_that_is_refused_is_named_and_never_shown(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    receiver.fail("/v1/traces", 401, f"unknown API key {SECRET} - check your credentials", times=9)
    with pytest.raises(StoreAccessDenied, match=r"unknown API key \*\*\*.*(OTLP_HEADERS|HONEYCOMB_API_KEY)") as caught:
        within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))
    assert SECRET not in str(caught.value)


def test_server_that_is_not_there_is_said_to_be(kind: str, mine: OwnData) -> None:
    with pytest.raises(StoreUnavailable, match="ConnectError; check the address"):
        within(sink_of(kind, "http://127.0.0.1:9"), lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))


def test_many_scores_go_in_requests_of_bounded_size(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    scores = [mine.score(n, root_id=mine.span(n, 0)) for n in range(1200)]
    long = [mine.score(n, "long", root_id=mine.span(n, 0), comment="y" * 900_000) for n in range(3)]

    async def use(sink: Sink) -> None:
        await sink.write_scores(scores)
        await sink.write_scores(long)
        await sink.write_scores([])

    within(sink_of(kind, receiver.url), use)
    assert len(receiver.spans) == 1203
    assert receiver.asked("/v1/traces") == 3 + 3


def test_last_of_two_results_of_one_score_is_sent(kind: str, receiver: ResultsReceiver, mine: OwnData) -> None:
    scores = [mine.score(1, value=value, root_id=mine.span(1, 0)) for value in (0.1, 0.2)]
    within(sink_of(kind, receiver.url), lambda sink: sink.write_scores(scores))
    assert [attributes_of(span.attributes)["gen_ai.evaluation.score.value"] for span in receiver.spans] == [0.2]


def test_doctor_asks_with_an_empty_request(kind: str, receiver: ResultsReceiver) -> None:
    async def use(sink: Any) -> list[tuple[str, str]]:
        return [(check.status, check.message) async for check in sink.examine(Examination())]

    ((status, message),) = within(sink_of(kind, receiver.url, results_as=("events", "spans")), use)
    assert status == "ok"
    assert message.startswith("takes events and spans; it cannot be asked")
    assert (receiver.spans, receiver.events) == ([], [])
    for refused, expected in ((401, "fail"), (429, "warn"), (500, "fail")):
        receiver.fail("/v1/traces", refused, "no", times=1, retry_after="60")
        ((status, _),) = within(sink_of(kind, receiver.url), use)
        assert status == expected


def test_project_is_where_results_go_and_holds_no_key(kind: str) -> None:
    sink = sink_of(kind, "https://user:secret@Backend.Example:8443/in/?key=x")
    assert within(sink, lambda sink: sink.project_id()) == "backend.example:8443/in"


@pytest.mark.parametrize("url", ["", "ftp://backend", "http://", "http://backend:0", "http://backend:99999"])
def test_address_that_is_none_is_refused_with_the_variables_name(url: str) -> None:
    with pytest.raises(ConfigurationError, match="ASSAY_RESULTS_OTLP_ENDPOINT"):
        sink_of("otlp", url)


def test_key_and_dataset_of_a_honeycomb_go_as_headers(receiver: ResultsReceiver, mine: OwnData) -> None:
    sink = sink_of("honeycomb", receiver.url, dataset="llm")
    within(sink, lambda sink: sink.write_scores(scores_on(mine.trace(1), mine)))
    assert receiver.headers[-1]["x-honeycomb-team"] == SECRET
    assert receiver.headers[-1]["x-honeycomb-dataset"] == "llm"


def test_regions_of_honeycomb_have_addresses_of_their_own() -> None:
    factory = sink_factories()["honeycomb"]
    context = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="none")
    places = []
    for region in ("us", "eu"):
        variables = factory.variables(api_key=SecretStr(SECRET))
        sink = factory.open(factory.section(region=region), variables, context)
        places.append(within(sink, lambda sink: sink.project_id()))
    assert places == ["api.honeycomb.io", "api.eu1.honeycomb.io"]
    with pytest.raises(ConfigurationError, match="HONEYCOMB_API_KEY: not set"):
        factory.open(factory.section(), factory.variables(), context)
