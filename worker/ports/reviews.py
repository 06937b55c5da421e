"""What people think of answers: queues they review in, and scores they give.

A trace store may have annotation queues and users' feedback, or not. Whoever needs them asks for the capability.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol, runtime_checkable

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record


class ReviewDesign(Record):
    """What a person's word of an answer stands for.

    Attributes:
        review_pi: how likely the answer was to go to people, given what the judge said: 1 where it was flagged.
        pi: how likely it was to be judged.
        risk: what the judge said. None: it gave no risk.
        revision: the evaluator revision that said so.
        started_at: when the trace began.
    """

    review_pi: float = Field(gt=0.0, le=1.0)
    pi: float = Field(gt=0.0, le=1.0)
    risk: float | None = None
    revision: str = ""
    started_at: AwareDatetime


class ReviewRequest(Record):
    """An answer that a person should look at: one request for each queue and trace (or observation), ever.

    Attributes:
        values: the scores as they were written, so that a person finds them filled in.
        design: what people's word of it stands for. None: nobody drew, so it counts in no rate.
        shares_trace: whether another rubric's request may be about the same trace: then it may be there already.
    """

    queue: str
    trace_id: str
    observation_id: str | None = None
    environment: str = "default"
    use_case: str
    rubric: str
    values: dict[str, float | str]
    asked_at: AwareDatetime
    design: ReviewDesign | None = None
    shares_trace: bool = False

    @property
    def key(self) -> str:
        """What the request is known by."""
        item = f"{self.queue}\x1f{self.observation_id or self.trace_id}"
        return f"{item}\x1f{self.rubric}" if self.shares_trace and self.design else item


class ReviewQueue(Record):
    """A queue as the store has it. `scores` are the names of what people are asked for, with their types."""

    id: str
    name: str
    scores: dict[str, str]


class HumanScore(Record):
    """A value that a person gave to a trace or one of its observations; `trace_id` is None where it hangs on neither.

    `by` is the store's id of the person, None where it does not say. `is_prefilled`: the value is the one we filled in
    for a reviewer, and nobody put their name to it since.
    """

    trace_id: str | None
    observation_id: str | None = None
    name: str
    value: bool | float | str
    by: str | None = None
    is_prefilled: bool = False
    at: AwareDatetime


class Reviewed(Record):
    """An item that people are done with, and what they gave it; `kind` is what was shown to them."""

    kind: Literal["trace", "observation", "session"]
    id: str
    scores: tuple[HumanScore, ...] = ()


class ReviewQueues(Protocol):
    """Where people review answers: an optional part of a trace store.

    Raises (all methods):
        StoreUnavailable, StoreRejected
    """

    async def find(self, name: str) -> ReviewQueue:
        """A queue by its name.

        Raises:
            ConfigurationError: there is none; the message says which there are.
        """
        ...

    async def add(self, queue: ReviewQueue, request: ReviewRequest, *, again: bool) -> bool:
        """Put an answer into a queue, with its scores filled in; `again` looks first whether it is there already.

        Returns whether it was put there by this call. It is sent once: after an error it may or may not be there.
        """
        ...

    def completed(self, queue: ReviewQueue) -> AsyncIterator[Sequence[Reviewed]]:
        """Everything in a queue that people are done with, page by page."""
        ...

    def feedback(self, name: str, start: AwareDatetime, end: AwareDatetime) -> AsyncIterator[Sequence[HumanScore]]:
        """Scores of a name that were given within a time, page by page."""
        ...


@runtime_checkable
class WithReviewQueues(Protocol):
    """A trace store in which people review."""

    @property
    def review_queues(self) -> ReviewQueues:
        """The queues."""
        ...
