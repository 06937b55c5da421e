"""How much LangSmith may be asked, by kind of request.

LangSmith Cloud takes 10 run queries in 10 seconds where they look at 7 days or fewer, and 5,000 writes of feedback a
minute. Nine tenths of the first are used, and far less of the second: people look at their traces meanwhile.
"""

from __future__ import annotations

import math

from assay.worker.ports.limits import RateLimit

QUERIES, QUERIES_PERIOD_S = 9, 10.0
FEEDBACK, MINUTE_S = 1500, 60.0
HEADROOM = 0.9

ROOTS_PER_QUERY = 1000
"""Roots in one page of the newer query."""
CONTENT_PER_QUERY = 1000
"""Runs with their content in one page of the newer query, where all of it fits into one answer."""
RUNS_PER_QUERY = 100
"""Runs in one page of the older query, and ids in one query."""
TRACES_PER_QUERY = 20
FEEDBACK_PER_PAGE = 100
RUNS_PER_FEEDBACK_PAGE = 50
"""Ids in one address; a hundred would make it longer than some proxies take."""


def query_limit(account: str, requests_per_minute: int | None) -> RateLimit:
    """Of queries for runs, shared by all workers on one account."""
    name = f"langsmith:{account}:queries"
    if requests_per_minute is None:
        return RateLimit(name=name, amount=QUERIES, period_s=QUERIES_PERIOD_S)
    return RateLimit(name=name, amount=max(1, math.floor(requests_per_minute * HEADROOM)), period_s=MINUTE_S)


def feedback_limit(account: str, requests_per_minute: int | None) -> RateLimit:
    """Of all other requests. A higher limit of queries raises it, too; a lower one does not touch it."""
    amount = max(FEEDBACK, requests_per_minute or 0)
    return RateLimit(name=f"langsmith:{account}:feedback", amount=amount, period_s=MINUTE_S)
