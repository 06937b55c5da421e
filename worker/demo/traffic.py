"""The demo's traffic: labelled rows as traces of the last day, and the human labels beside them.

Sources (see worker/demo/data/NOTICE.md): MTRAG (Katsis et al. 2025, Apache-2.0) and the CC BY part of BEGIN
(Dziri et al. 2022). The labels never enter a trace; they are only compared with at the end.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from assay.judges.schema import Record
from assay.worker.records.traces import Observation, Trace, TraceRoot

DATA = Path(__file__).parent / "data"
_HOURLY_LOAD = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 10, 11, 12, 12, 11, 9, 7, 6, 5, 4, 3, 2)
"""Relative traffic by hour of day, an office-hours curve."""


class LabelledTrace(Record):
    """A trace and what people said of its answer: 1 = at least one unfaithful statement was marked."""

    trace: Trace
    label: int
    source_id: str
    by_human: bool


def demo_traffic(now: datetime) -> Iterator[LabelledTrace]:
    """All traces of the demo, spread over the 23 hours before `now`."""
    for file, name in (("mtrag.jsonl.gz", "docs-assistant"), ("begin.jsonl.gz", "knowledge-chat")):
        rows = read_rows(DATA / file)
        starts = _starts(now, len(rows))
        for row, start in zip(rows, starts, strict=True):
            yield LabelledTrace(
                trace=_trace(row, name, start),
                label=row["label"],
                source_id=row["source_id"],
                by_human=row["model"] == "reference",
            )


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of one gzipped JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _starts(now: datetime, n: int) -> list[datetime]:
    """`n` start times in order, denser in office hours, the last one some minutes ago."""
    newest = now - timedelta(minutes=10)
    minutes = [newest - timedelta(minutes=m) for m in range(23 * 60, 0, -1)]
    loads = [_HOURLY_LOAD[minute.hour] for minute in minutes]
    total, passed, starts, at = sum(loads), 0.0, [], 0
    for position in range(n):
        wanted = (position + 0.5) / n * total
        while passed + loads[at] < wanted:
            passed += loads[at]
            at += 1
        starts.append(minutes[at] + timedelta(seconds=60 * (wanted - passed) / loads[at]))
    return starts


def _trace(row: dict[str, Any], name: str, start: datetime) -> Trace:
    digest = hashlib.sha256(f"assay-demo:{row['id']}".encode()).digest()
    trace_id, seconds = digest[:16].hex(), 0.8 + digest[16] / 50
    end = start + timedelta(seconds=seconds)
    messages = [*({"role": role, "content": text} for role, text in row["history"])]
    messages.append({"role": "user", "content": row["question"]})
    return Trace(
        root=TraceRoot(
            trace_id=trace_id,
            observation_id=digest[16:24].hex(),
            name=name,
            environment="production",
            start=start,
            end=end,
            release=row["model"],
            session_id=f"{row['source_id']}-{row['model']}",
            tags=("rag",),
        ),
        input={"question": row["question"], "messages": messages},
        output={"answer": row["response"]},
        observations=(
            Observation(
                id=digest[8:16].hex() + "r",
                type="retriever",
                name="search",
                start=start + timedelta(milliseconds=40),
                end=start + timedelta(milliseconds=240),
                input={"query": row["question"]},
                output=[{"text": text, "rank": rank} for rank, text in enumerate(row["context"], 1)],
            ),
            Observation(
                id=digest[8:16].hex() + "g",
                type="generation",
                name="answer",
                start=start + timedelta(milliseconds=250),
                end=end,
                model=row["model"],
                input=messages,
                output=row["response"],
            ),
        ),
    )
