"""Grouping promises into messages small enough to be judged together and large enough to be cheap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from assay.worker.records.ledger import Promise
from assay.worker.records.messages import BATCH_SIZE, AssessMessage, BatchItem

T = TypeVar("T")


def group_messages(promises: Iterable[Promise], *, attempt: int = 1) -> list[AssessMessage]:
    """Messages of at most BATCH_SIZE traces, one use case, rubric version, calibration and window each."""
    groups: dict[tuple[str, str, str, str | None], list[Promise]] = defaultdict(list)
    for promise in promises:
        groups[promise.use_case, promise.rubric, promise.rubric_hash, promise.calibration_hash].append(promise)
    return [
        AssessMessage(
            use_case=use_case,
            rubric=rubric,
            rubric_hash=rubric_hash,
            calibration_hash=calibration_hash,
            window=chunk[0].window,
            attempt=attempt,
            items=tuple(_item(promise) for promise in chunk),
        )
        for (use_case, rubric, rubric_hash, calibration_hash), group in groups.items()
        for chunk in chunks(sorted(group, key=lambda p: (p.start, p.trace_id)), BATCH_SIZE)
    ]


def _item(promise: Promise) -> BatchItem:
    return BatchItem(
        trace_id=promise.trace_id,
        start=promise.start,
        end=promise.end,
        pi=promise.pi,
        stratum=promise.stratum,
        sample=promise.sample,
    )


def only_store(trace_id: str) -> str:
    """The store of a trace where there is one alone."""
    return ""


def by_store(items: Iterable[T], store_of: Callable[[str], str], trace_id: Callable[[T], str]) -> dict[str, list[T]]:
    """Items by the store of their trace: so a store that hangs holds none of another's.

    Args:
        items: anything about a trace.
        store_of: the store of a trace by its id.
        trace_id: of an item.
    """
    groups: dict[str, list[T]] = {}
    for item in items:
        groups.setdefault(store_of(trace_id(item)), []).append(item)
    return groups


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Consecutive pieces of at most `size`."""
    return [items[at : at + size] for at in range(0, len(items), size)]
