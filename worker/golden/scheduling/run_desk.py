"""What a scheduled run hands its judge calls to that may wait for a provider's batch, and how it is put aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from assay.judges.models.batches.deferral import CallDesk
from assay.worker.golden.runs.deferral import WaitsForBatch
from assay.worker.golden.sets.golden_set import GoldenSet


class RunDesk(Protocol):
    """Takes the judge calls of one run for a provider's batch."""

    @property
    def tags(self) -> Sequence[str]:
        """Our names of the batches that the run waits for."""
        ...

    def of(self, judgement: str) -> CallDesk:
        """The desk for the calls of one judgement. See `Deferral.desk_for`."""
        ...

    async def check(self) -> None:
        """Return if every endpoint that judges has batches and lets us in.

        Raises:
            ConfigurationError: one has none, or no model is asked at all.
        """
        ...

    async def send(self) -> None:
        """Send what was handed in, without waiting for more."""
        ...


OpenDesk = Callable[[GoldenSet, str, str], RunDesk]
"""The desk of a run: of which set, the run's id, and the evaluator's revision."""


class PutAside(Exception):  # no error: the run goes on when the answers are here
    """A run waits for a provider's batch: how many judgements do, for which batches, and why."""

    def __init__(self, waits: WaitsForBatch, batches: Sequence[str]) -> None:
        super().__init__(str(waits))
        self.judgements = waits.judgements
        self.why = waits.why
        self.batches = tuple(batches)
