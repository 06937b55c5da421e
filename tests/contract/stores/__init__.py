"""What the contract suite needs to put a trace store to the test: a module for each kind that the registry lists.

A module is called as the store's folder is, and has `BENCHES`: one or more ways of running the store, by name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from assay.worker.ports.store import Store
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceKey, TraceRoot
from assay.worker.stores.registry import factories

WITH_VARIANTS = bool(os.environ.get("ASSAY_TEST_VARIANTS"))  # noqa: TID251  # chooses tests, decides none


class FilledStore(Store, Protocol):
    """A store under test can also be filled, and shows at once what was written."""

    async def add_traces(self, traces: Iterable[Trace]) -> int: ...

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]: ...


@dataclass(frozen=True)
class Bench:
    """One way of running a store: what must run beside it, and how a process opens it by a directory alone."""

    serve: Callable[[Path], AbstractContextManager[None]]
    open: Callable[[Path], FilledStore]
    is_variant: bool = False
    """Another form of a server whose usual form is a bench, too. `make test-stores` runs it, `make test` does not."""
    writes_apart_s: float = 0.0
    """Some stores tell writes of one id apart by the second; a rewrite comes a minute after what it replaces."""
    trace_as_shown: Callable[[Trace], Trace] = lambda trace: trace
    """What the store makes of a trace that it is given, where it has no place for some of it."""
    root_as_shown: Callable[[TraceRoot], TraceRoot] = lambda root: root
    """What a listing shows of a root, where it has fewer columns than the trace itself."""
    score_as_shown: Callable[[Score], Score] = lambda score: score
    """The same of a score, e.g. one that is rounded to four decimals."""


def benches() -> dict[str, Bench]:
    """Every bench of every store by name, as `langfuse-v4`; variants where they are asked for."""
    every: dict[str, Bench] = {}
    for kind in factories():
        every |= import_module(f"{__name__}.{kind}").BENCHES
    return {name: bench for name, bench in every.items() if WITH_VARIANTS or not bench.is_variant}
