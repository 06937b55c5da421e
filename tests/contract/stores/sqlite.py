"""The embedded store, opened as a deployment opens it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from assay.worker.ports.store import StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.sqlite.factory import FACTORY, SqliteSection, SqliteVariables
from tests.contract.stores import Bench, FilledStore

SECTION = SqliteSection(path=Path("deep/store.db"))


def open_in(directory: Path) -> FilledStore:
    context = StoreContext(home=directory, data_dir=directory, limits=MemoryLimits(), embedded_kind=FACTORY.kind)
    store: FilledStore = FACTORY.open(SECTION, SqliteVariables(), context)  # type: ignore[assignment]  # it takes traces
    return store


BENCHES = {"sqlite": Bench(serve=lambda directory: nullcontext(), open=open_in)}
