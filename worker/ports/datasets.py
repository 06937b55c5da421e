"""Datasets of a trace store: questions with what is expected, pushed from a golden set and read back into one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from pydantic import Field, JsonValue

from assay.judges.schema import Record


class DatasetItem(Record):
    """One item as a store keeps it: an input, what is expected, and notes about both.

    `is_ours` says that a push of ours wrote it, so that its values have the shape that the push gave them.
    """

    id: str
    input: JsonValue
    expected: JsonValue = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    source_trace_id: str | None = None
    is_ours: bool = False


class Dataset(Record):
    """A named collection of items, as it should be in the store."""

    name: str
    description: str
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    items: tuple[DatasetItem, ...]


class PushReport(Record):
    """What a push did. `missing` are items that the store does not show, `differing` those it shows otherwise."""

    dataset: str
    dataset_id: str
    items: int
    sent: int
    archived: int
    missing: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @property
    def read_back(self) -> int:
        """How many items the store shows as they were sent."""
        return self.items - len(self.missing) - len(self.differing)


class Datasets(Protocol):
    """The datasets of a store.

    Raises (all methods):
        StoreUnavailable, StoreRejected
    """

    async def push(self, dataset: Dataset) -> PushReport:
        """Make the store's dataset equal to this one, and read it back.

        Items that are there as they should be are not sent again. Items of ours that the dataset no longer has are
        archived. What people added by hand stays.
        """
        ...

    async def pull(self, name: str, version: datetime | None) -> Sequence[DatasetItem]:
        """The active items as they stand, or as they stood at a moment, in the order of the store's ids.

        Raises:
            ConfigurationError: there is no such dataset, or it is empty.
        """
        ...


@runtime_checkable
class WithDatasets(Protocol):
    """A trace store that keeps datasets."""

    @property
    def datasets(self) -> Datasets:
        """Its datasets."""
        ...
