"""Results through a real relay: what our sink sends is understood by another program, and arrives as it was sent."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from tests.contract.own_data import OwnData
from tests.contract.test_otlp_sinks import sink_of
from tests.servers.otlp_relay import relaying_to
from tests.servers.otlp_server import attributes_of
from tests.servers.results_receiver import ResultsReceiver

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the relay is built for Linux")

SCORES = 1_000
ARRIVE_WITHIN_S = 30.0


def test_spans_and_events_pass_a_real_relay(tmp_path: Path) -> None:
    mine = OwnData.new()
    scores = [
        mine.score(n, value=n / SCORES, root_id=mine.span(n, 0), comment=f"“{n}” 日本語", metadata={"pi": 0.2})
        for n in range(SCORES)
    ]

    async def send(url: str) -> None:
        sink = sink_of("otlp", url, results_as=("spans", "events"))
        await sink.write_scores(scores)
        await sink.close()

    with ResultsReceiver() as receiver, relaying_to(receiver.url, tmp_path) as url:
        asyncio.run(send(url))
        deadline = time.monotonic() + ARRIVE_WITHIN_S
        while (len(receiver.spans), len(receiver.events)) != (SCORES, SCORES) and time.monotonic() < deadline:
            time.sleep(0.05)
        spans, events = receiver.spans, receiver.events

    assert (len(spans), len(events)) == (SCORES, SCORES)
    told = {score.id: score for score in scores}
    for span in spans:
        attributes = attributes_of(span.attributes)
        score = told[attributes["assay.score.id"]]
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (score.trace_id, score.root_id)
        assert span.start_time_unix_nano == span.end_time_unix_nano
        assert attributes["gen_ai.evaluation.explanation"] == score.comment
    for event in events:
        attributes = attributes_of(event.attributes)
        score = told[attributes["assay.score.id"]]
        assert (event.trace_id.hex(), event.span_id.hex()) == (score.trace_id, score.root_id)
        assert attributes["gen_ai.evaluation.score.value"] == score.value
    assert {event.event_name for event in events} == {"gen_ai.evaluation.result"}
