"""The port of a provider's batches: requests in, answers out in any order, hours later, at half the price."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from assay.judges.errors import EvaluationError, ModelUnavailable

MOST_PAGES = 100
"""Pages of 100 batches that are looked through for one of ours."""


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

    @property
    def is_ending(self) -> bool:
        """Whether the provider was asked for its end, and works on it."""
        return self.word in {"cancelling", "canceling"}


_ODD = re.compile(r"[^\w.:,/ -]", re.ASCII)
"""What no status of a provider has, e.g. `[`. Its word is shown in terminals."""


def status_word(word: object) -> str:
    """A provider's word for a status, as it is compared, kept and shown, e.g. `completed` for `COMPLETED`."""
    return _ODD.sub("?", str(word)[:64]).strip().lower()


def too_many(tag: str) -> ModelUnavailable:
    """The error where a batch of ours may lie behind all those that were looked through."""
    return ModelUnavailable(f"{MOST_PAGES * 100:,} batches were looked through, and {tag} may be an older one")


class Candidate(NamedTuple):
    """A batch that may be the one whose creation was not answered.

    Attributes:
        batch_id: the provider's id.
        is_certain: whether it carries our tag. Else it only looks like ours, and may be anybody's.
    """

    batch_id: str
    is_certain: bool


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

    async def find(self, tag: str, *, since: datetime, total: int) -> Sequence[Candidate]:
        """The batches that may be the one begun with a tag, about a moment, with so many requests. Empty: none is.

        Raises:
            ModelUnavailable: also where there are more batches than are looked through.
        """
        ...

    async def state(self, batch_id: str) -> BatchState:
        """How a batch stands."""
        ...

    def results(self, batch_id: str, state: BatchState) -> AsyncGenerator[BatchLine, None]:
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

    async def forget_unsent(self, tag: str) -> None:
        """Delete the requests of a batch that was never begun, where they were handed in before it."""
        ...

    async def check(self) -> None:
        """Return if the endpoint has batches and lets us in."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
