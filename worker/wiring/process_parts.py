"""What a process has one of, and opens when it is first asked for, however often its files are edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.worker.ports.history import History

if TYPE_CHECKING:
    from assay.worker.flow.batch_calls.desk import BatchDesk


class ProcessParts(NamedTuple):
    """Parts that a runtime hands on to its successor. Each list is empty, or has the one there is."""

    desks: list[BatchDesk]
    records: list[History]
