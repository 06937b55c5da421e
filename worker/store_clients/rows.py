"""Rows of a server as traces and roots: one that cannot be read takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import structlog

from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreError, StoreRejected
from assay.worker.records.traces import Trace, TraceRoot

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What reading a row may end in: `ValidationError` is a ValueError, `KeyError` a LookupError."""
log = structlog.get_logger(__name__)
Row = TypeVar("Row")


def fetched(make: Callable[[], Trace | None], trace_id: str) -> Fetched | None:
    """One trace out of its rows, or why it cannot be read. The reason holds nothing of its content."""
    try:
        return make()
    except StoreError as exc:
        return exc
    except UNREADABLE as exc:
        log.warning("store.trace_unreadable", trace_id=trace_id[:100], error=type(exc).__name__)
        return StoreRejected(f"trace {trace_id[:100]!a}: cannot be read: {reason_of(exc)}")


def listed(
    rows: Iterable[Row], make: Callable[[Row], TraceRoot | None], bare: Callable[[Row], Any] | None = None
) -> list[TraceRoot]:
    """The roots of a page. Rows that are no roots are left out, and those that cannot be read are counted in the log.

    Args:
        rows: of the page.
        make: a root out of a row.
        bare: a row without its metadata and tags, for a root that cannot be read with them.
    """
    roots, unreadable = [], 0
    for row in rows:
        for form in (row,) if bare is None else _forms(row, bare):
            try:
                root = make(form)
            except UNREADABLE:
                continue
            if root is not None:
                roots.append(root)
            break
        else:
            unreadable += 1
    if unreadable:
        log.warning("store.roots_unreadable", count=unreadable)
    return roots


def reason_of(error: BaseException) -> str:
    """What is wrong with a row, in words of ours: an error of a parser quotes what it read."""
    if isinstance(error, RecursionError) or "recursion" in str(error)[:2000].lower():
        return "nested too deep"
    return f"its form is unknown ({type(error).__name__})"


def _forms(row: Row, bare: Callable[[Row], Any]) -> Iterator[Row]:
    yield row
    yield bare(row)
