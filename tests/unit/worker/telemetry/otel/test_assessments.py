"""What arrives at a receiver that parses with the protocol's own package."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from assay.judges.schema import Failed, GroundingState, Scored, Usage
from assay.worker.flow.assess_report import AssessReport
from assay.worker.limits.call_observer import ObservedCall
from assay.worker.telemetry.observe import TaskRun
from assay.worker.telemetry.otel.start import Telemetry
from tests.builders import NOW
from tests.servers.otlp_server import OtlpServer, attributes_of
from tests.unit.worker.telemetry.otel.sending import ROOT, TRACE, make_entry, make_score, telemetry_to

SCORED = Scored(scores={"faithfulness": 0.5}, not_applicable={}, state=GroundingState.JUDGED, comment="", revision="r1")
CALL = ObservedCall(
    *("default", "gpt-x", "gpt-x-2026", "answered", 0.25),
    *(Usage(calls=1, prompt_tokens=900, completion_tokens=80, cached_tokens=512), 0.002, "bot", "traffic"),
)


@pytest.fixture
def server() -> Iterator[OtlpServer]:
    with OtlpServer() as server:
        yield server


def judged_in_task(telemetry: Telemetry, *calls: ObservedCall) -> None:
    """One message with one trace: the calls are made on a loop in another thread, as a worker's are."""

    async def judge() -> None:
        with telemetry.watch.judging(make_entry(), ROOT) as tell:
            for call in calls:
                telemetry._calls.ended(call)
            tell(SCORED)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    tasks = telemetry._tasks
    assert tasks is not None
    with tasks.around("assess", {"use_case": "bot", "traces": 1}):
        asyncio.run_coroutine_threadsafe(judge(), loop).result(5)
        tasks.ended(TaskRun(task="assess", seconds=0.3, report=AssessReport(judged=1)))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def by_name(server: OtlpServer) -> dict[str, Span]:
    return {span.name: span for span in server.spans}


def test_assessment_is_a_trace_of_its_own_linked_to_the_judged_one_and_to_its_message(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        judged_in_task(telemetry, CALL)
    spans = by_name(server)
    assess, task, call = spans["assess grounding"], spans["assay.assess"], spans["chat gpt-x"]
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in assess.links] == [
        (TRACE, ROOT),
        (task.trace_id.hex(), task.span_id.hex()),
    ]
    assert assess.parent_span_id == task.parent_span_id == b""
    assert len({assess.trace_id, task.trace_id, bytes.fromhex(TRACE)}) == 3
    assert (call.trace_id, call.parent_span_id) == (assess.trace_id, assess.span_id)
    assert assess.start_time_unix_nano <= assess.end_time_unix_nano
    assert attributes_of(task.attributes)["assay.result.judged"] == 1


def test_judge_call_has_the_present_names(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        judged_in_task(telemetry, CALL)
    told = attributes_of(by_name(server)["chat gpt-x"].attributes)
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.response.model": "gpt-x-2026",
        "gen_ai.usage.input_tokens": 900,
        "gen_ai.usage.output_tokens": 80,
        "gen_ai.usage.cache_read.input_tokens": 512,
        "assay.judge.endpoint": "default",
        "assay.purpose": "traffic",
        "assay.use_case": "bot",
        "assay.cost.usd": 0.002,
    }


def test_older_names_stand_beside_them_where_asked(server: OtlpServer) -> None:
    with telemetry_to(server, stability="gen_ai/dup") as telemetry:
        judged_in_task(telemetry, CALL)
    told = attributes_of(by_name(server)["chat gpt-x"].attributes)
    assert (told["gen_ai.system"], told["gen_ai.usage.prompt_tokens"]) == ("openai", 900)
    assert told["gen_ai.usage.completion_tokens"] == told["gen_ai.usage.output_tokens"] == 80


def test_call_that_failed_says_how_and_counts_no_tokens(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        judged_in_task(telemetry, CALL._replace(outcome="timed_out", usage=None, cost_usd=None, model_served=""))
    span = by_name(server)["chat gpt-x"]
    told = attributes_of(span.attributes)
    assert (told["error.type"], span.status.code) == ("timed_out", 2)
    assert not [name for name in told if "tokens" in name or "response.model" in name]
    assert {metric.name for metric in server.metrics} == {"gen_ai.client.operation.duration"}


def test_metrics_of_calls_have_the_buckets_of_the_conventions(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        judged_in_task(telemetry, CALL)
    metrics = {metric.name: metric for metric in server.metrics}
    seconds, tokens = metrics["gen_ai.client.operation.duration"], metrics["gen_ai.client.token.usage"]
    assert list(seconds.histogram.data_points[0].explicit_bounds)[:3] == [0.01, 0.02, 0.04]
    sums = {attributes_of(p.attributes)["gen_ai.token.type"]: p.sum for p in tokens.histogram.data_points}
    assert sums == {"input": 900, "output": 80}


def test_failed_assessment_is_an_error_and_no_score(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry, telemetry.watch.judging(make_entry(), ROOT) as tell:
        tell(Failed(error="ModelTimeout", message="the text of a trace"))
    span = by_name(server)["assess grounding"]
    told = attributes_of(span.attributes)
    assert (told["assay.outcome"], told["error.type"], span.status.code) == ("failed", "ModelTimeout", 2)
    assert not server.events
    assert "the text of a trace" not in str(span)


def test_judging_that_raises_ends_its_span_and_raises(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry, pytest.raises(ZeroDivisionError):  # noqa: SIM117
        with telemetry.watch.judging(make_entry(), ROOT):
            raise ZeroDivisionError
    assert by_name(server)["assess grounding"].status.code == 2


def test_result_is_an_event_under_the_judged_span(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        telemetry.watch.posted([(make_entry(), [make_score(), make_score("answer_check", "high risk")])])
    number, label = server.events
    assert (number.trace_id.hex(), number.span_id.hex(), number.event_name) == (TRACE, ROOT, "gen_ai.evaluation.result")
    assert number.time_unix_nano > 0
    told = attributes_of(number.attributes)
    assert (told["gen_ai.evaluation.name"], told["gen_ai.evaluation.score.value"]) == ("faithfulness", 0.5)
    assert (told["assay.evaluator.revision"], told["assay.selection.probability"]) == ("r" * 64, 0.1)
    assert attributes_of(label.attributes)["gen_ai.evaluation.score.label"] == "high risk"
    assert "gen_ai.evaluation.score.value" not in attributes_of(label.attributes)
    assert "1987" not in str(server.events)  # the comment quotes the trace, and nobody asked for it


def test_explanation_goes_along_where_content_may_be_captured(server: OtlpServer) -> None:
    with telemetry_to(server, capture=True) as telemetry:
        telemetry.watch.posted([(make_entry(), [make_score()])])
    assert attributes_of(server.events[0].attributes)["gen_ai.evaluation.explanation"] == "contradicted: 1987"


def test_event_of_a_store_with_ids_of_its_own_carries_them(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        entry = make_entry("run-7", "b6f2")
        telemetry.watch.posted([(entry, [make_score(trace_id="run-7")])])
    told = attributes_of(server.events[0].attributes)
    assert (told["assay.judged.trace_id"], told["assay.judged.observation_id"]) == ("run-7", "b6f2")
    assert server.events[0].trace_id == b""


def test_span_of_a_result_is_dated_back_and_the_same_each_time(server: OtlpServer) -> None:
    with telemetry_to(server, evaluations="spans") as telemetry:
        telemetry.watch.posted([(make_entry(), [make_score()])] * 2)
    first, again = server.spans
    end = int((NOW + timedelta(seconds=2)).timestamp() * 1e9)
    assert first.start_time_unix_nano == first.end_time_unix_nano == end
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE, ROOT)
    assert first.span_id == again.span_id
    assert not server.events


def test_tick_without_work_leaves_no_span(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        tasks = telemetry._tasks
        assert tasks is not None
        with tasks.around("release", {}):
            tasks.ended(TaskRun(task="release", seconds=0.01, report=AssessReport()))
    assert server.spans == []


def test_receiver_that_refuses_costs_neither_judging_nor_the_end(server: OtlpServer) -> None:
    server.status = 400
    with telemetry_to(server, timeout_s=0.5) as telemetry:
        judged_in_task(telemetry, CALL)
        telemetry.watch.posted([(make_entry(), [make_score()])])
    assert server.spans == []


def test_resource_names_the_service_and_the_role(server: OtlpServer) -> None:
    with telemetry_to(server) as telemetry:
        judged_in_task(telemetry, CALL)
    resource = server.resources[0]
    assert (resource["service.name"], resource["assay.role"]) == ("assay", "assess")
