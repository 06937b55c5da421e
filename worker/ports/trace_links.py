"""Links into a trace store: where a person sees a trace."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from assay.worker.ports.parts import part_of


@runtime_checkable
class WithTraceLinks(Protocol):
    """A store with pages that people open in a browser."""

    async def trace_url(self, trace_id: str, observation_id: str | None = None) -> str:
        """The address of a trace's page, with a step of it chosen where one is named.

        The address is ours, whatever the id holds: it has no blank, no control character and no bracket.

        Raises:
            StoreUnavailable, StoreRejected
        """
        ...


async def trace_url(store: object, trace_id: str, observation_id: str | None = None) -> str | None:
    """The address of a trace's page. None where the store has no pages.

    Raises:
        StoreUnavailable, StoreRejected
    """
    part = part_of(store, trace_id)
    return await part.trace_url(trace_id, observation_id) if isinstance(part, WithTraceLinks) else None
