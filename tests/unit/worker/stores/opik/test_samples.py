"""What a judge is given of traces as Opik's SDK records them."""

from __future__ import annotations

import asyncio

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.records.traces import Trace, utc_iso
from tests.servers.opik import OpikServer
from tests.unit.worker.stores.opik.making import NOON, add_trace, key_of, opened, uuid7


def test_decorated_functions_give_question_evidence_and_answer() -> None:
    """`@track` records arguments by name, and what a function gave back under `output`."""

    async def run() -> Trace:
        async with opened(server) as store:
            trace = (await store.fetch_traces([key_of(trace_id)]))[trace_id]
            assert isinstance(trace, Trace)
            return trace

    with OpikServer() as server:
        trace_id = add_trace(
            server, 1, spans=0, input={"question": "How long may I return it?"}, output={"output": "30 days."}
        )
        found = {
            "id": uuid7(900),
            "trace_id": trace_id,
            "name": "retrieve_documents",
            "type": "tool",
            "start_time": utc_iso(NOON),
            "input": {"query": "return"},
            "output": {"output": ["Returns are free for 30 days.", "Shoes come in a box."]},
            "project_name": server.project,
        }
        server.tables.add_rows("Span", [found])
        extraction = extract(asyncio.run(run()), SamplePaths())
    assert extraction.question is not None
    assert extraction.question.text == "How long may I return it?"
    assert extraction.response is not None
    assert extraction.response.text == "30 days."
    assert "Returns are free" in str(extraction.contexts)
