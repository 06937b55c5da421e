"""Experiments of a trace store: a run over a dataset, shown item by item where people compare runs."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from pydantic import Field, JsonValue

from assay.judges.schema import Record


class ExperimentItem(Record):
    """One item of a run: what was asked, what was answered, and what came of it.

    `status` is shown as a categorical score. `has_failed`: there is no answer or no judgement, for these reasons.
    `latency_s` is in seconds.
    """

    id: str
    repeat: int = 0
    question: str
    expected: dict[str, JsonValue] = Field(default_factory=dict)
    tags: tuple[str, ...] = ()
    response: str | None = None
    latency_s: float | None = None
    scores: dict[str, float | str] = Field(default_factory=dict)
    status: str
    has_failed: bool = False
    reasons: tuple[str, ...] = ()


class Experiment(Record):
    """What is to be shown: one pass over a dataset's items, and what holds for the whole run."""

    name: str
    dataset: str
    dataset_id: str
    started: datetime
    items: tuple[ExperimentItem, ...]
    metadata: dict[str, str]
    scores: dict[str, float | str]


class ExperimentReport(Record):
    """What the store shows of an experiment, read back after it was sent.

    `missing` are items that are not listed. Of these `too_large` were never sent, nor were their scores.
    """

    name: str
    id: str
    url: str
    items: int
    items_shown: int
    scores: int
    scores_shown: int
    missing: tuple[str, ...] = ()
    too_large: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything can be seen."""
        return self.items_shown == self.items and self.scores_shown == self.scores


class Experiments(Protocol):
    """The experiments of a store."""

    async def publish(self, experiment: Experiment) -> ExperimentReport:
        """Send an experiment and wait until it can be read. Publishing it again changes nothing.

        Raises:
            ConfigurationError: this server has no experiments.
            StoreUnavailable, StoreRejected
        """
        ...


@runtime_checkable
class WithExperiments(Protocol):
    """A trace store that shows experiments."""

    @property
    def experiments(self) -> Experiments:
        """Its experiments."""
        ...
