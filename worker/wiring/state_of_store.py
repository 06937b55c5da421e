"""What is kept by store: under the plain names for the first or only one, under names of its own for any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.worker.federation.shared_accounts import KeyValuesOfStore, LocksOfStore
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.state import FleetState

if TYPE_CHECKING:
    from assay.worker.flow.store_order import StoreOrder
    from assay.worker.wiring.runtime import Runtime


def key_values_of(state: FleetState, mark: str) -> KeyValues:
    """The key-value store as one trace store's work uses it."""
    return KeyValuesOfStore(state.key_values, mark) if mark else state.key_values


def locks_of(state: FleetState, mark: str) -> Locks:
    """The locks as one trace store's work uses them."""
    return LocksOfStore(state.locks, mark) if mark else state.locks


def store_order(runtime: Runtime) -> StoreOrder:
    """Knows which store was the first."""
    from assay.worker.flow.store_order import First, StoreOrder

    first = runtime.stores.parts[0]
    return StoreOrder(
        key_values=runtime.state.key_values,
        project=first.store,
        first=First(name=first.place.name, kind=first.place.config.kind, stores=len(runtime.stores.parts)),
        names=[place.name for place in runtime.deployment.places],
    )
