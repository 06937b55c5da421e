"""How many requests each plan of Langfuse allows, by kind, and which kind a path belongs to.

The numbers are those of Langfuse Cloud (docs/reference/langfuse.md). The server refuses the request that uses the last
point, and its windows start with the first request, so nine tenths are used. A self-hosted server has no limits: there
we throttle ourselves, to be a good neighbour of the people who look at their traces.
"""

from __future__ import annotations

import math
from typing import Literal

from assay.judges.schema import Record
from assay.worker.ports.limits import RateLimit

PlanName = Literal["hobby", "core", "pro", "self-hosted"]
Bucket = Literal["general", "ingestion", "legacy", "queues", "datasets", "metrics", "deletes"]

HEADROOM = 0.9
MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0


class Quota(Record):
    """So many requests in any period of so many seconds."""

    amount: int
    period_s: float


class Plan(Record):
    """Requests a minute by kind: reads and single writes, batches of score events, the older generation's reads, queues
    of things to review, datasets; and what is counted over longer: metrics, deletes of scores and traces.
    """

    general: int
    ingestion: int
    legacy: int
    queues: int = 100
    datasets: int = 100
    metrics: Quota = Quota(amount=100, period_s=DAY_S)
    deletes: Quota = Quota(amount=50, period_s=DAY_S)

    def limit(self, bucket: Bucket, project: str) -> RateLimit:
        """The limit that all workers on one project share."""
        allowed: int | Quota = getattr(self, bucket)
        quota = allowed if isinstance(allowed, Quota) else Quota(amount=allowed, period_s=MINUTE_S)
        amount = max(1, math.floor(quota.amount * HEADROOM))
        return RateLimit(name=f"langfuse:{project}:{bucket}", amount=amount, period_s=quota.period_s)


PLANS: dict[PlanName, Plan] = {
    "hobby": Plan(general=30, ingestion=1000, legacy=15),
    "core": Plan(
        general=100,
        ingestion=4000,
        legacy=30,
        queues=1000,
        datasets=200,
        metrics=Quota(amount=100, period_s=HOUR_S),
        deletes=Quota(amount=200, period_s=DAY_S),
    ),
    "pro": Plan(
        general=1000,
        ingestion=20000,
        legacy=100,
        queues=1000,
        datasets=1000,
        metrics=Quota(amount=500, period_s=HOUR_S),
        deletes=Quota(amount=1000, period_s=DAY_S),
    ),
    "self-hosted": Plan(
        general=600,
        ingestion=600,
        legacy=600,
        queues=600,
        datasets=600,
        metrics=Quota(amount=60, period_s=MINUTE_S),
        deletes=Quota(amount=60, period_s=MINUTE_S),
    ),
}

_BY_PREFIX: tuple[tuple[tuple[str, ...], Bucket], ...] = (
    (("/api/public/ingestion", "/api/public/otel"), "ingestion"),
    (("/api/public/annotation-queues",), "queues"),
    (("/api/public/v2/datasets", "/api/public/dataset-items"), "datasets"),
    (("/api/public/v2/metrics",), "metrics"),
)
_DELETED = ("/api/public/scores", "/api/public/traces")
_LEGACY = ("/api/public/traces", "/api/public/observations", "/api/public/v2/scores")


def bucket_of(path: str, method: str) -> Bucket | None:
    """Which limit a request counts against; None for health checks, which count against none."""
    if path.startswith(("/api/public/health", "/api/public/ready")):
        return None
    for prefixes, bucket in _BY_PREFIX:
        if path.startswith(prefixes):
            return bucket
    if method == "DELETE" and path.startswith(_DELETED):
        return "deletes"
    is_legacy = path.startswith(_LEGACY) or (path.startswith("/api/public/scores") and method == "GET")
    return "legacy" if is_legacy else "general"
