"""Asking for less where a query was too much for the server: a shorter range of time, or smaller pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from assay.worker.ports.store_errors import StoreError
from assay.worker.stores.langfuse.client import TooLarge
from assay.worker.stores.langfuse.codec import iso

SHORTEST = timedelta(seconds=1)
"""A range that is no longer than this is not halved: its pages become smaller."""
MOST_TIME_OUTS = 3
"""In a row: a slow server needs a shorter range, but one that does not answer at all is to be left in peace."""
PATIENCE_S = 100.0
"""How long one page waits for room in the request budget; a sweep that gave up would begin its window anew."""

log = structlog.get_logger(__name__)


@dataclass
class PageSize:
    """Rows in one page; it only shrinks, since a server that could not bear more will not tomorrow."""

    limit: int
    smallest: int


def narrowed(low: datetime, high: datetime, error: StoreError, size: PageSize) -> list[tuple[datetime, datetime]]:
    """What to ask for in place of a range that was too much: its halves in the order of time, or itself again.

    An answer that is too large has too long a page, so halving the range would not help: the page is made smaller.

    Raises:
        StoreError: the error, where page and range are as small as they get.
    """
    if not isinstance(error, TooLarge) and high - low > SHORTEST:
        middle = low + (high - low) / 2
        middle -= timedelta(microseconds=middle.microsecond % 1000)  # the server compares milliseconds
        log.debug("langfuse.window_halved", start=iso(low), end=iso(high))
        return [(low, middle), (middle, high)]
    if size.limit <= size.smallest:
        raise error
    size.limit = max(size.smallest, size.limit // 2)
    return [(low, high)]
