"""Which answers people were asked to review, with which probability, and what they said: beside the rows of the record.

A label without the probability of having been asked for tells nothing about traffic. So both are kept together. What a
reviewer wrote, and who it was, is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from pydantic import AwareDatetime

from assay.judges.schema import Record
from assay.worker.ports.reviews import ReviewDesign
from assay.worker.records.history import HistoryQuery

MOST_REVIEWS = 200_000
"""So many reviews are read at once, the latest: sixty a day make so many in nine years."""


class AskedReview(Record):
    """An answer that was put into a review queue.

    Attributes:
        design: what people's word of it stands for.
        label: 1 where people see a hallucination, 0 where they see none. None: nobody said, or people disagree.
        reviewed_at: when the label was given.
    """

    store: str
    project: str
    trace_id: str
    observation_id: str = ""
    rubric: str
    use_case: str
    queue: str
    design: ReviewDesign
    asked_at: AwareDatetime
    label: Literal[0, 1] | None = None
    reviewed_at: AwareDatetime | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What makes two the same."""
        return self.store, self.project, self.trace_id, self.observation_id, self.rubric, self.queue


class ReviewLabel(Record):
    """What people say of an item of a queue by now. `label` is None where they took it back, or disagree."""

    queue: str
    trace_id: str
    observation_id: str = ""
    label: Literal[0, 1] | None
    at: AwareDatetime | None


class ReviewRecord(Protocol):
    """Reviews, kept beside the rows. They go when rows of their age go (`HistoryWriter.prune`).

    Raises (all methods):
        HistoryUnavailable, ConfigurationError
    """

    async def note_asked(self, reviews: Sequence[AskedReview]) -> None:
        """Keep that people were asked. Of one key the first stays, and its label."""
        ...

    async def note_labels(self, labels: Sequence[ReviewLabel]) -> None:
        """Keep what people say, in the place of what they said before. What nobody was asked for is left out."""
        ...

    async def asked(self, query: HistoryQuery) -> Sequence[AskedReview]:
        """Those of traces that started in a period, in the order of their start.

        Of more than `MOST_REVIEWS` the latest.
        """
        ...
