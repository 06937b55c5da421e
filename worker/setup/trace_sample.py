"""Recent traces for a look: a bounded random sample for each use case, matched as the sweep matches them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from assay.judges.hash_sampling import hash64
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.flow.selection import is_excluded, matching_use_cases
from assay.worker.ports.capabilities import WithTotals, WithWholeMetadata
from assay.worker.ports.source import Fetched
from assay.worker.ports.store import Store
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.traces import Trace, TraceKey, TraceRoot

LOOK_BACK_HOURS = (1, 24, 24 * 7, 24 * 31)
ALL_HOURS = 24 * 366 * 20
"""How far back a store is looked at that counts what it holds: its own file, where traces of any age were imported."""
ENOUGH, MOST_ROOTS = 20, 3000
"""Traces of each use case after which no longer look is taken, and of all after which one is ended."""
MOST_TRACES, MOST_OF_CASE, LEAST_OF_CASE = 200, 50, 10
_AT_ONCE = 25
BUDGET_S, BUDGET_BYTES = 60.0, 48_000_000
_DOMAIN = "assay.doctor.v1"


class CaseSample(Record):
    """Traces of one use case: those read, out of `recent` that were listed."""

    use_case: str
    recent: int
    traces: tuple[Trace, ...] = ()


class TraceSample(Record):
    """What was looked at.

    Attributes:
        cases: by use case, in the order of assay.yaml, with those that have no recent trace.
        unmatched: recent traces that no use case takes.
        unread: traces that could not be read, and why, as the first of them says.
        is_cut: whether time or bytes were used up before all of the sample was read.
    """

    cases: tuple[CaseSample, ...]
    hours: float
    unmatched: int = 0
    unread: int = 0
    why_unread: str = ""
    is_cut: bool = False

    @property
    def recent(self) -> int:
        """Recent traces that were listed, evaluators' left out."""
        return self.unmatched + sum(case.recent for case in self.cases)


async def sample_traces(store: Store, deployment: Deployment, now: datetime) -> TraceSample:
    """Read a sample of recent traces: random within each use case, so that shares in it are those of the traffic.

    Raises:
        StoreUnavailable, StoreRejected
    """
    hours, roots = await _recent(store, deployment, now)
    by_case = _by_case(roots, deployment)
    names = [case.name for case in deployment.use_cases]
    chosen = {name: _chosen(by_case.get(name, ()), sum(1 for n in names if by_case.get(n))) for name in names}
    read, unread, is_cut = await _read(store, chosen)
    return TraceSample(
        cases=tuple(
            CaseSample(use_case=name, recent=len(by_case.get(name, ())), traces=tuple(read.get(name, ())))
            for name in names
        ),
        hours=hours,
        unmatched=len(by_case.get("", ())),
        unread=len(unread),
        why_unread=str(unread[0]) if unread else "",
        is_cut=is_cut,
    )


def joined(samples: Sequence[TraceSample], deployment: Deployment) -> TraceSample:
    """The samples of several stores as one, its use cases in the order of assay.yaml."""
    cases = {case.use_case: case for sample in samples for case in sample.cases}
    return TraceSample(
        cases=tuple(cases[case.name] for case in deployment.use_cases if case.name in cases),
        hours=max(sample.hours for sample in samples),
        unmatched=sum(sample.unmatched for sample in samples),
        unread=sum(sample.unread for sample in samples),
        why_unread=next((sample.why_unread for sample in samples if sample.why_unread), ""),
        is_cut=any(sample.is_cut for sample in samples),
    )


async def _recent(store: Store, deployment: Deployment, now: datetime) -> tuple[float, list[TraceRoot]]:
    """Roots of the shortest look back in which each use case has some, and how far back that is."""
    roots: dict[str, TraceRoot] = {}
    all_of_them = (ALL_HOURS,) if isinstance(store, WithTotals) else ()
    hours = 0
    for hours in (*LOOK_BACK_HOURS, *all_of_them):
        roots = {}
        async for page in store.list_roots(now - timedelta(hours=hours), now):
            roots |= {root.trace_id: root for root in page if not is_excluded(root, deployment)}
            if len(roots) >= MOST_ROOTS:
                return hours, list(roots.values())
        by_case = _by_case(roots.values(), deployment)
        if all(len(by_case.get(case.name, ())) >= ENOUGH for case in deployment.use_cases):
            break
    return hours, list(roots.values())


def _by_case(roots: Iterable[TraceRoot], deployment: Deployment) -> dict[str, list[TraceRoot]]:
    """Roots by the name of their use case; under the empty name those that none takes."""
    by_case: dict[str, list[TraceRoot]] = defaultdict(list)
    for root in roots:
        cases = matching_use_cases(root, deployment)
        by_case[cases[0].name if cases else ""].append(root)
    return by_case


def _chosen(roots: Sequence[TraceRoot], cases: int) -> list[TraceRoot]:
    most = max(LEAST_OF_CASE, min(MOST_OF_CASE, MOST_TRACES // max(cases, 1)))
    return sorted(roots, key=lambda root: hash64(_DOMAIN, root.trace_id))[:most]


async def _read(
    store: Store, chosen: Mapping[str, Sequence[TraceRoot]]
) -> tuple[dict[str, list[Trace]], list[StoreError], bool]:
    """The traces by use case, in turns, so that a budget that runs out leaves something of each."""
    until, room = time.monotonic() + BUDGET_S, BUDGET_BYTES
    read: dict[str, list[Trace]] = defaultdict(list)
    unread: list[StoreError] = []
    for name, batch in _turns(chosen):
        if time.monotonic() > until or room <= 0:
            return read, unread, True
        keys = [TraceKey(trace_id=root.trace_id, start=root.start, end=root.end) for root in batch]
        for fetched in (await _fetched(store, keys)).values():
            if isinstance(fetched, Trace):
                read[name].append(fetched)
                room -= len(fetched.model_dump_json())
            else:
                unread.append(fetched)
    return read, unread, False


async def _fetched(store: Store, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
    if isinstance(store, WithWholeMetadata):
        return await store.fetch_whole(keys)
    return await store.fetch_traces(keys)


def _turns(chosen: Mapping[str, Sequence[TraceRoot]]) -> Iterator[tuple[str, Sequence[TraceRoot]]]:
    longest = max((len(roots) for roots in chosen.values()), default=0)
    for at in range(0, longest, _AT_ONCE):
        yield from ((name, roots[at : at + _AT_ONCE]) for name, roots in chosen.items() if roots[at:])
