"""How much Datadog may be asked. It tells no limits for these two routes: the numbers are a neighbour's caution."""

from __future__ import annotations

import math

from assay.worker.ports.limits import RateLimit

SEARCHES_PER_MINUTE, WRITES_PER_MINUTE, MINUTE_S = 60, 300, 60.0
HEADROOM = 0.9

ROOTS_PER_PAGE = 1000
"""Spans in a page of a listing. Datadog gives up to 5,000, and each comes whole."""
SPANS_PER_PAGE = 500
"""Spans in a page with their content."""
TRACES_PER_SEARCH = 25
METRICS_PER_REQUEST = 500


def search_limit(account: str, requests_per_minute: int | None) -> RateLimit:
    """Of searches for spans, shared by all workers on one account."""
    amount = SEARCHES_PER_MINUTE if requests_per_minute is None else math.floor(requests_per_minute * HEADROOM)
    return RateLimit(name=f"datadog:{account}:searches", amount=max(1, amount), period_s=MINUTE_S)


def write_limit(account: str, requests_per_minute: int | None) -> RateLimit:
    """Of requests that write evaluations. A higher limit of searches raises it, too."""
    amount = max(WRITES_PER_MINUTE, requests_per_minute or 0)
    return RateLimit(name=f"datadog:{account}:evaluations", amount=amount, period_s=MINUTE_S)
