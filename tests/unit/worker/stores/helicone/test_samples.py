"""What a judge is given of requests as Helicone logs them."""

from __future__ import annotations

import asyncio

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.records.traces import Trace
from tests.servers.helicone import HeliconeServer
from tests.unit.worker.stores.helicone.making import add_request, key_of, opened


def test_bodies_give_question_evidence_and_answer() -> None:
    prompt = "Answer from it.\n\nContext:\nReturns are free for 30 days.\n\nQuestion: How long may I return it?"

    async def run() -> Trace:
        async with opened(server) as store:
            trace = (await store.fetch_traces([key_of(one)]))[one]
            assert isinstance(trace, Trace)
            return trace

    with HeliconeServer() as server:
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": prompt}]}
        one = add_request(server, 1, request_body=body)
        extraction = extract(asyncio.run(run()), SamplePaths())
    assert extraction.question is not None
    assert "How long may I return it?" in extraction.question.text
    assert extraction.response is not None
    assert extraction.response.text == "You may."
    assert "Returns are free for 30 days." in str(extraction.contexts)
