"""A trace store as a deployment opens it: source and sink in one."""

from __future__ import annotations

from typing import Protocol

from assay.worker.ports.sink import ScoreSink
from assay.worker.ports.source import TraceSource


class Store(TraceSource, ScoreSink, Protocol):
    """A store that gives traces and takes scores. What only some can do more is asked for by capability."""

    async def close(self) -> None:
        """Release connections and files."""
        ...
