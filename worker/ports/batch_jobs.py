"""Provider batches: which calls are in which, what came back, and who waits for it. Shared by all workers.

A call is known by its key, which says nothing of what is asked. Requests themselves never come here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from assay.worker.records.batch_jobs import BatchJob, Subject

GATHERED_S = 900
"""Seconds for which a call is a collector's that has not sent it. One that died loses it then."""

SENT_S = 36 * 3600
"""Seconds for which a call is a batch's: 24 h, and half a day in which nobody may look."""

ANSWER_S = 48 * 3600
"""Seconds for which an answer is kept, compressed."""

ONE_TRY = 12
"""What a batch that had a call and brought no answer counts, e.g. one that expired."""

FAILED_TRY = 1
"""What a batch counts that failed as a whole, e.g. because the provider's queue had no room for it."""

MOST_TRIES = 2 * ONE_TRY
"""From then on a call is made at once: work ends."""

MOST_ROUNDS = 12
"""Batches that calls of one subject are in: parts of a long answer, members of a panel, tries. Then all go at once."""


class Claim(NamedTuple):
    """How a call stands.

    Attributes:
        tag: whose it is: the collector that asked, or another one. Empty: nobody's, it is to be made at once.
        answer: what came back, if anything did.
        is_paid: whether the subject pays for the answer: the first one that took it, each time it does. Others that
            ask the same get it for nothing.
    """

    tag: str
    answer: bytes | None = None
    is_paid: bool = True


class BatchJobs(Protocol):
    """The calls and their batches. Every method is atomic for one call and safe to repeat.

    Raises (all methods):
        StateUnavailable
    """

    async def claim(self, key: str, tag: str, subject: Subject) -> Claim:
        """How a call stands. One that nobody has becomes the asking collector's, and the subject waits for it.

        Args:
            key: of the call.
            tag: of the collector that asks.
            subject: whose call it is.
        """
        ...

    async def intend(self, job: BatchJob, keys: Sequence[str]) -> Sequence[str]:
        """Note a batch before it is sent, if it is not noted yet. Its keys stay its own for as long as a batch takes.

        Returns the keys that are still this collector's, in order: only these may be sent.
        """
        ...

    async def change(self, tag: str, changes: Mapping[str, object]) -> BatchJob | None:
        """Change some fields of a batch, whatever others change at the same time. See `BatchJob.changed`.

        Returns how it stands then. None: no such batch is remembered.
        """
        ...

    async def jobs(self) -> Sequence[BatchJob]:
        """The batches of the last days, the oldest first."""
        ...

    async def keys(self, tag: str) -> Sequence[str]:
        """The calls of a batch that have not come back."""
        ...

    async def settle(self, tag: str, answers: Mapping[str, bytes], freed: Mapping[str, int]) -> Sequence[Subject]:
        """Calls came back. Those that are not this batch's, or came back before, are passed over.

        Args:
            tag: of the batch.
            answers: what models answered, by key.
            freed: calls without an answer, and how many tries each has used. 0: it was never tried, and is as if it
                had not been asked for. `MOST_TRIES` makes it a call to be made at once.

        Returns:
            Who waited for them.
        """
        ...
