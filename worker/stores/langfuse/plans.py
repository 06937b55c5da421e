"""How many requests a minute each plan of Langfuse allows, by kind, and which kind a path belongs to.

The numbers are those of Langfuse Cloud (docs/langfuse.md); the server refuses the request that uses the last point,
and its windows start with the first request, so nine tenths are used. A self-hosted server has no limits: there we
throttle ourselves, to be a good neighbour of the people who look at their traces.
"""

from __future__ import annotations

import math
from typing import Literal

from judges.schema import Record
from worker.limits import RateLimit

PlanName = Literal["hobby", "core", "pro", "self-hosted"]
Bucket = Literal["general", "ingestion", "legacy", "queues", "datasets"]

HEADROOM = 0.9


class Plan(Record):
    """Requests a minute by kind: reads and single writes, batches of score events, the older generation's reads, queues
    of things to review, datasets.
    """

    general: int
    ingestion: int
    legacy: int
    queues: int = 100
    datasets: int = 100

    def limit(self, bucket: Bucket, project: str) -> RateLimit:
        """The limit that all workers on one project share."""
        allowed: int = getattr(self, bucket)
        return RateLimit(name=f"langfuse:{project}:{bucket}", amount=max(1, math.floor(allowed * HEADROOM)))


PLANS: dict[PlanName, Plan] = {
    "hobby": Plan(general=30, ingestion=1000, legacy=15),
    "core": Plan(general=100, ingestion=4000, legacy=30, queues=1000, datasets=200),
    "pro": Plan(general=1000, ingestion=20000, legacy=100, queues=1000, datasets=1000),
    "self-hosted": Plan(general=600, ingestion=600, legacy=600, queues=600, datasets=600),
}

_LEGACY = ("/api/public/traces", "/api/public/observations", "/api/public/v2/scores")


def bucket_of(path: str, method: str) -> Bucket | None:
    """Which limit a request counts against; None for health checks, which count against none."""
    if path.startswith(("/api/public/health", "/api/public/ready")):
        return None
    if path.startswith(("/api/public/ingestion", "/api/public/otel")):
        return "ingestion"
    if path.startswith("/api/public/annotation-queues"):
        return "queues"
    if path.startswith(("/api/public/v2/datasets", "/api/public/dataset-items")):
        return "datasets"
    is_legacy = path.startswith(_LEGACY) or (path.startswith("/api/public/scores") and method == "GET")
    return "legacy" if is_legacy else "general"
