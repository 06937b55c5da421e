"""The embedded store, opened as a deployment opens it: filled with whole traces, and with the spans that they are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from itertools import chain, islice
from pathlib import Path

from assay.worker.ports.store import StoreContext
from assay.worker.records.traces import Trace
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.sqlite.factory import FACTORY, SqliteSection, SqliteVariables
from assay.worker.stores.sqlite.store import SqliteStore
from tests.contract.stores import Bench, FilledStore
from tests.otlp_filling import spans_of

SECTION = SqliteSection(path=Path("deep/store.db"))


def open_in(directory: Path) -> FilledStore:
    context = StoreContext(home=directory, data_dir=directory, limits=MemoryLimits(), embedded_kind=FACTORY.kind)
    store: FilledStore = FACTORY.open(SECTION, SqliteVariables(), context)  # type: ignore[assignment]  # it takes traces
    return store


class FilledWithSpans(SqliteStore):
    """Gets traces as the collector gives them: span by span, the root last."""

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        remaining, added = iter(traces), 0
        while chunk := list(islice(remaining, 500)):
            spans = chain.from_iterable(reversed(spans_of(trace)) for trace in chunk)
            assert await self.add_spans(list(spans)) == {}
            added += len(chunk)
        return added


def open_with_spans(directory: Path) -> FilledStore:
    store: FilledStore = FilledWithSpans(directory / "deep" / "store.db")  # type: ignore[assignment]  # as above
    return store


BENCHES = {
    "sqlite": Bench(serve=lambda directory: nullcontext(), open=open_in),
    "sqlite-spans": Bench(serve=lambda directory: nullcontext(), open=open_with_spans),
}
