"""What some trace stores can do and others cannot, one small protocol each.

Callers ask an open store: `isinstance(store, WithRootCounts)`. Before a store is open, its factory tells which of these
it has. Nobody asks for a store's kind. Larger capabilities have files of their own: reviews, datasets, experiments.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from pydantic import Field

from assay.judges.rubric import SamplePaths
from assay.judges.schema import Record
from assay.worker.ports.health import Check
from assay.worker.records.traces import Trace


@runtime_checkable
class WithTraceImport(Protocol):
    """A store that takes traces in: `assay import`, the demo."""

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Add traces, or replace those whose ids are there already. Returns how many were given.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


@runtime_checkable
class WithTotals(Protocol):
    """A store that counts what it holds."""

    async def count_traces(self) -> int:
        """How many traces it holds, of all environments."""
        ...

    async def count_scores(self) -> int:
        """How many scores it holds."""
        ...


@runtime_checkable
class WithRootCounts(Protocol):
    """A store with metrics of its own, which the sweeps' denominators are held against."""

    async def count_roots(self, start: datetime, end: datetime) -> int | None:
        """Roots that began in a range, our own environment left out; None where this server cannot tell.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


@runtime_checkable
class WithTrafficHints(Protocol):
    """A store that knows why its traces become readable late; `assay init` writes it beside the setting."""

    async def why_late(self) -> str:
        """The reason, as it reads before "up to 20 minutes late"; empty where there is nothing to add.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


class Examination(Record):
    """What `assay doctor` wants to know of a store.

    `paths` are each rubric's selectors, `excluded` the environments that are never judged, `queues` the review queues
    in use. `write` allows a test score, which is deleted again.
    """

    paths: Mapping[str, SamplePaths] = Field(default_factory=dict)
    excluded: Sequence[str] = ()
    queues: Sequence[str] = ()
    write: bool = False


@runtime_checkable
class WithExamination(Protocol):
    """A store that can look at itself for `assay doctor`."""

    def examine(self, examination: Examination) -> AsyncIterator[Check]:
        """Every check in turn; later ones are left out where an earlier one makes them pointless."""
        ...
