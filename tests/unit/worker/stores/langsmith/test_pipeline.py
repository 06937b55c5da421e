"""Traces of LangSmith judged, and their scores verified, on a server that fails one write in six in every way."""

from __future__ import annotations

import asyncio
from collections import Counter

from assay.worker.records.scores import Score
from tests.servers.langfuse.faults import Fault, Faults
from tests.servers.langsmith.filled import FilledLangSmith, Place
from tests.servers.langsmith.server import LangSmithServer
from tests.unit.worker.stores.hosted_pipeline import NAMES, keys, line_of, run

COUNT = 40
WRITES = r"POST /api/v1/feedback$"


def test_each_trace_is_scored_once_whatever_fails() -> None:
    failures = [
        Fault("status", 0.04, on=WRITES, status=500),
        Fault("status", 0.04, on=WRITES, status=429, retry_after_s=0),
        Fault("cut", 0.04, on=WRITES),
        Fault("lost_answer", 0.04, on=WRITES),
        Fault("drop", 0.02),
    ]
    line = line_of(COUNT)
    with LangSmithServer(faults=Faults(rules=failures)) as server:
        server.session("contract")

        async def use() -> tuple[Counter[str], dict[str, Score]]:
            store = FilledLangSmith(Place(url=server.url, key=server.settings.key))
            try:
                ended = Counter(await run(line, list(line.store.traces.values()), store))
                wanted = await keys(line)
                shown: dict[str, Score] = {}
                for at in range(0, len(wanted), 100):
                    shown |= await store.read_scores(wanted[at : at + 100])
                return ended, shown
            finally:
                await store.close()

        ended, shown = asyncio.run(use())
        rows = server.feedback.by_id.values()
        assert ended == {"scored": COUNT}
        assert len(shown) == len(rows) == COUNT * NAMES
        assert set(Counter((row["run_id"], row["key"]) for row in rows).values()) == {1}
        assert {run["trace_tier"] for run in server.runs.by_id.values()} == {"shortlived"}
        assert sum(server.faults.struck.values()) > 10
