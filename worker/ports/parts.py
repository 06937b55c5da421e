"""Several trace stores that act as one: each trace is in one of them, which its id names.

Whoever needs what only one store can do, or its project, asks for the part that a trace is in. A store that is alone is
its own part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar, runtime_checkable

from assay.worker.ports.source import Project
from assay.worker.ports.store import Store

T = TypeVar("T")

ALONE = ""
"""What the only store of a deployment is called, and the first of several in whatever is kept by store."""


@runtime_checkable
class WithParts(Protocol):
    """Several stores in one. Ids of traces go in and come out as Assay has them."""

    @property
    def parts(self) -> Mapping[str, Store]:
        """The stores by name, the first one first."""
        ...

    def part_name(self, trace_id: str) -> str:
        """The name of the store that a trace is in."""
        ...


def parts_of(store: Store) -> Mapping[str, Store]:
    """The stores in one by name; one that is alone under `ALONE`."""
    return store.parts if isinstance(store, WithParts) else {ALONE: store}


def part_of(store: object, trace_id: str) -> object:
    """The store that a trace is in."""
    return store.parts[store.part_name(trace_id)] if isinstance(store, WithParts) else store


async def project_of(project: Project, trace_id: str) -> str:
    """What the store that a trace is in calls its project.

    Raises:
        StoreUnavailable, StoreRejected
    """
    if isinstance(project, WithParts):
        return await project.parts[project.part_name(trace_id)].project_id()
    return await project.project_id()


async def projects_of(project: Project, trace_ids: Iterable[str]) -> dict[str, str]:
    """The same for many traces, by trace id. Each store is asked once.

    Raises:
        StoreUnavailable, StoreRejected
    """
    ids = list(trace_ids)
    if not isinstance(project, WithParts):
        return dict.fromkeys(ids, await project.project_id()) if ids else {}
    names = {trace_id: project.part_name(trace_id) for trace_id in ids}
    known = {name: await project.parts[name].project_id() for name in sorted(set(names.values()))}
    return {trace_id: known[name] for trace_id, name in names.items()}
