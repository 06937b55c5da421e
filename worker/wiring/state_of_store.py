"""What is kept by store: under the plain names for the first or only one, under names of its own for any other."""

from __future__ import annotations

from assay.worker.federation.shared_accounts import KeyValuesOfStore, LocksOfStore
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.locks import Locks
from assay.worker.ports.state import FleetState


def key_values_of(state: FleetState, mark: str) -> KeyValues:
    """The key-value store as one trace store's work uses it."""
    return KeyValuesOfStore(state.key_values, mark) if mark else state.key_values


def locks_of(state: FleetState, mark: str) -> Locks:
    """The locks as one trace store's work uses them."""
    return LocksOfStore(state.locks, mark) if mark else state.locks
