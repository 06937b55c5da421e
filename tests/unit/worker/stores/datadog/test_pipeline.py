"""Traces of Datadog judged, and their scores verified, on a server that fails writes in every way."""

from __future__ import annotations

import asyncio
from collections import Counter

from assay.worker.records.scores import Score
from tests.servers.datadog.filled import FilledDatadog, Place
from tests.servers.datadog.server import EVALUATIONS, DatadogServer
from tests.servers.langfuse.faults import Fault, Faults
from tests.unit.worker.stores.hosted_pipeline import NAMES, keys, line_of, run

COUNT = 40
WRITES = rf"POST {EVALUATIONS}$"


def test_each_trace_is_scored_and_each_score_is_shown_once_whatever_fails() -> None:
    failures = [
        Fault("status", 1.0, on=WRITES, status=500, most=1),
        Fault("status", 1.0, on=WRITES, status=429, retry_after_s=0, most=1),
        Fault("lost_answer", 1.0, on=WRITES, most=1),
        Fault("drop", 0.05),
    ]
    line = line_of(COUNT)
    with DatadogServer(faults=Faults(rules=failures)) as server:

        async def use() -> tuple[Counter[str], dict[str, Score]]:
            settings = server.settings
            store = FilledDatadog(Place(url=server.url, api_key=settings.api_key, app_key=settings.app_key))
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
        spans = [server._with_evaluations(span) for span in server.spans.values()]
        assert ended == {"scored": COUNT}
        assert len(shown) == COUNT * NAMES
        assert sum(len(span.get("evaluation", ())) for span in spans) == COUNT * NAMES
        # What was shown was not sent again; the lost answer is the one batch that may be there twice.
        labels = Counter((m["join_on"]["span"]["trace_id"], m["label"]) for m in server.evaluations)
        assert max(labels.values()) <= 2
        assert server.faults.struck[3] > 3
