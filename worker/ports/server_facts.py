"""What the server of the state says of itself: whether it keeps what it is given."""

from __future__ import annotations

from typing import Protocol

from assay.judges.schema import Record


class ServerFacts(Record):
    """A server as it is set up and doing.

    Attributes:
        version: its name and version, e.g. `valkey 8.1.0`.
        is_replica: it follows another server, and refuses writes.
        evicts: what it drops where memory is full, e.g. `allkeys-lru`; `noeviction`: nothing. Empty: not told.
        appends: whether it writes each change to a file. None: not told.
        memory_bytes: what it uses.
        limit_bytes: what it may use. 0: as much as there is.
        machine_bytes: the memory of its machine. 0: not told.
        last_write_failed: the last write to its disk failed.
    """

    version: str = ""
    is_replica: bool = False
    evicts: str = ""
    appends: bool | None = None
    memory_bytes: int = 0
    limit_bytes: int = 0
    machine_bytes: int = 0
    last_write_failed: bool = False


class StateServer(Protocol):
    """The server.

    Raises (all methods):
        StateUnavailable
    """

    async def facts(self) -> ServerFacts | None:
        """What it says of itself. None where there is no server, or where it refuses to say."""
        ...
