"""Scores on their way to further places, as a deployment names them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from assay.worker.ports.copies import CopyCounts

if TYPE_CHECKING:
    from assay.worker.flow.copies.asking import CopyRequests
    from assay.worker.flow.copies.writing import CopyWriters
    from assay.worker.wiring.runtime import Runtime


def copy_requests(runtime: Runtime) -> CopyRequests:
    """Asks for copies of what is shown."""
    from assay.worker.flow.copies.asking import CopyRequests

    places = {case.name: case.copies_to for case in runtime.deployment.use_cases if case.copies_to}
    return CopyRequests(runtime.state.copies if places else None, places)


def copy_writers(runtime: Runtime) -> CopyWriters:
    """Writes what waits for each place."""
    from assay.worker.flow.copies.making import CopyMaker
    from assay.worker.flow.copies.writing import CopyWriter, CopyWriters

    state, stores = runtime.state, runtime.stores
    maker = CopyMaker(stores.store, state.ledger_reader, state.verdicts, stores.native)
    places = {place.name: place for place in runtime.deployment.places}
    return CopyWriters(
        [
            CopyWriter(
                place=name,
                sink=sink,
                reads_back=places[name].factory.reads_back,
                read_lag=timedelta(seconds=places[name].read_lag_s),
                rewrite_after=timedelta(seconds=runtime.settings.rewrite_after_s),
                copies=state.copies,
                maker=maker,
                locks=state.locks,
                key_values=state.key_values,
                clock=runtime.clock,
            )
            for name, sink in stores.sinks.items()
        ]
    )


KNOWN_FOR = timedelta(days=14)
"""A place that nobody asked copies for in so long, and that no use case names, is not told of."""


async def read_copies(runtime: Runtime) -> dict[str, CopyCounts]:
    """How the copies for each place stand, also for those that no use case names any more.

    Raises:
        StateUnavailable
    """
    from assay.worker.flow.copies.holding import CopyHold

    state, now, named = runtime.state, runtime.clock.now(), list(runtime.stores.sinks)
    told: dict[str, CopyCounts] = {}
    for name in dict.fromkeys([*named, *await state.copies.places(since=now - KNOWN_FOR)]):
        counts, held = await state.copies.counts(name), await CopyHold(state.key_values, name).present()
        is_held = held is not None and held.until > now and name in named
        told[name] = counts.model_copy(
            update={
                "is_named": name in named,
                "held": held.why if held and is_held else "",
                "held_until": held.until if held and is_held else None,
            }
        )
    return told
