"""Recording in a deployment with several stores: a message is worked off store by store, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from assay.worker.flow.batching import by_store
from assay.worker.flow.record import Recorder, RecordReport
from assay.worker.records.messages import RecordMessage


class Records(Protocol):
    """Posts the scores of a message."""

    async def record(self, message: RecordMessage) -> RecordReport:
        """Post what is judged and not yet posted."""
        ...


@dataclass(frozen=True)
class RecorderOfStores:
    """Posts scores where each belongs.

    Attributes:
        recorders: by the store's name.
        store_of: the name of the store that a trace is in.
    """

    recorders: Mapping[str, Recorder]
    store_of: Callable[[str], str]

    async def record(self, message: RecordMessage) -> RecordReport:
        """Post the scores of the message's traces. Messages are made of one store; an old one may hold several."""
        groups = by_store(message.trace_ids, self.store_of, lambda trace_id: trace_id)
        calls = [
            self.recorders[name].record(message.model_copy(update={"trace_ids": tuple(ids)}))
            for name, ids in groups.items()
        ]
        results = await asyncio.gather(*calls, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return sum((result for result in results if isinstance(result, RecordReport)), RecordReport())
