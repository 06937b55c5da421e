"""Counts from the metrics API: never a source of ours, only held against what the sweeps counted."""

from __future__ import annotations

import json
from datetime import datetime

from assay.worker.records.traces import OWN_ENVIRONMENT
from assay.worker.stores.langfuse.client import LangfuseClient
from assay.worker.stores.langfuse.codec import iso

PATH = "/api/public/v2/metrics"


async def count_roots(client: LangfuseClient, start: datetime, end: datetime) -> int:
    """Root observations that began in a range, our own environment left out; a trace with two roots counts twice.

    One request; the smallest cloud plan allows 100 a day.

    Raises:
        StoreUnavailable, StoreRejected
    """
    query = {
        "view": "observations",
        "dimensions": [{"field": "environment"}],
        "metrics": [{"measure": "count", "aggregation": "count"}],
        "filters": [{"column": "isRootObservation", "operator": "=", "value": True, "type": "boolean"}],
        "fromTimestamp": iso(start),
        "toTimestamp": iso(end),
    }
    answer = await client.get(PATH, [("query", json.dumps(query, separators=(",", ":")))])
    return sum(int(row["count_count"]) for row in answer["data"] if row.get("environment") != OWN_ENVIRONMENT)
