"""The port of a provider's batches: requests in, answers out in any order, hours later, at half the price."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from assay.judges.errors import EvaluationError


class NotSubmitted(EvaluationError):
    """There certainly is no such batch at the provider: nothing of it will be paid. The message says what to do."""


class BatchState(NamedTuple):
    """How a batch stands.

    Attributes:
        word: the provider's own, e.g. `in_progress`.
        is_ended: whether nothing of it will be answered any more.
        asked: where its requests lie, where the provider keeps them in files.
        is_failed: whether it ended as a whole before any request was tried.
        files: where its answers lie, where the provider keeps them in files.
    """

    word: str
    is_ended: bool
    files: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    is_failed: bool = False


class BatchLine(NamedTuple):
    """What became of one request: the status and body of its answer. Status 0: it was not tried, e.g. it expired."""

    key: str
    status: int
    body: bytes

    @property
    def is_answer(self) -> bool:
        """Whether a model answered."""
        return 200 <= self.status < 300

    @property
    def may_pass(self) -> bool:
        """Whether the same request may be answered another time."""
        return self.status == 0 or self.status in {408, 409, 429} or self.status >= 500


class BatchApi(Protocol):
    """The batches of one model at one endpoint.

    Raises (all methods):
        ModelUnavailable, ModelTimeout, RateLimited: may pass by itself.
        ModelAccessDenied: the key is wrong, or there are no batches here.
        RequestRejected: for a reason not known here.
    """

    async def submit(self, tag: str, requests: Mapping[str, bytes]) -> str:
        """Begin a batch. Returns its id.

        Args:
            tag: ours, by which `find` knows the batch again.
            requests: bodies as JSON by key.

        Raises:
            NotSubmitted: it was not begun. After every other error nobody knows: ask `find`.
        """
        ...

    async def find(self, tag: str, *, since: datetime, total: int) -> str | None:
        """The id of the batch that was begun with a tag, at a moment or later, with so many requests. None: none."""
        ...

    async def state(self, batch_id: str) -> BatchState:
        """How a batch stands."""
        ...

    def results(self, batch_id: str, state: BatchState) -> AsyncIterator[BatchLine]:
        """What became of the requests of a batch that has ended, in any order. Each line is read when it is asked for.

        Requests without a line were not tried.
        """
        ...

    async def cancel(self, batch_id: str) -> None:
        """End a batch early. What is answered by then is paid, and comes with the results."""
        ...

    async def forget(self, batch_id: str, state: BatchState) -> None:
        """Delete what the provider keeps of a batch that has ended: requests and answers are text of traces."""
        ...

    async def check(self) -> None:
        """Return if the endpoint has batches and lets us in."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
