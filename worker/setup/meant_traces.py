"""Which trace a person means: a store's own id may be one of any store of the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.worker.federation.trace_ids import MARK

if TYPE_CHECKING:
    from assay.worker.wiring.stores import OpenStores


def traces_meant(stores: OpenStores, written: str) -> list[str]:
    """The ids, as Assay has them, of the traces that may be meant. The first store may be named like any other."""
    meant = stores.meant_by(written)
    if len(stores.parts) == 1 or len(meant) > 1:
        return meant
    return [stores.ids.qualified(*stores.ids.split(written))]


def named_in_full(stores: OpenStores, trace_id: str) -> str:
    """A trace's id with the name of its store, which is no other store's own id: `chat~0af7651916cd43dd8448eb21`."""
    own = stores.ids.split(trace_id)
    return f"{own.store}{MARK}{own.native}"


def several_have_it(stores: OpenStores, written: str, known: list[str]) -> str:
    """What to tell a person whose id several stores have."""
    ids = " or ".join(named_in_full(stores, trace_id) for trace_id in known)
    return f"trace {written!a}: {len(known)} stores have one of that id; say {ids}"
