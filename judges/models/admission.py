"""Who lets a model call go. The judges ask, and know nothing of limits, money or other processes.

    ticket = await admission.admit(CallBound(prompt_tokens=2100, completion_tokens=2048))
    try:
        ...  # one HTTP request
    except ...:
        await ticket.failed()
    else:
        await ticket.answered(usage, latency_s=1.2)

A ticket is closed exactly once, by one of its six methods. A ticket that is never closed, because its process died,
is charged in full.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from assay.judges.errors import CallHeld
from assay.judges.schema import Record, Usage


class CallBound(Record):
    """The most tokens one request may use."""

    prompt_tokens: int
    completion_tokens: int


class Ticket(Protocol):
    """Leave for one request. None of its methods raises: what was answered is never lost for the account's sake."""

    async def answered(self, usage: Usage, *, latency_s: float, model_served: str = "") -> None:
        """The endpoint answered, well or badly, and used this much. An empty usage is charged as the bound.

        `model_served` is the model that answered, where the endpoint says so: a dearer one is charged as such.
        """
        ...

    async def refused(self, *, retry_after_s: float | None) -> None:
        """The endpoint said to slow down (429). Nothing was used, and everybody slows down."""
        ...

    async def rejected(self) -> None:
        """The endpoint is up and turned the request down (400, 403, 404 …): one request, no tokens, no outage."""
        ...

    async def denied(self) -> CallHeld | None:
        """The endpoint refused the key, or the quota is used up (401, 402 …). It counts for the breaker.

        Returns what the work is to be told instead, where call after call was refused so: it waits.
        """
        ...

    async def failed(self) -> None:
        """There was certainly no answer: no connection, broken off, a 5xx. It counts for the breaker."""
        ...

    async def unknown(self, *, timed_out: bool = True) -> None:
        """Time-out or cancelled: it may have been paid. It is charged in full and counted as of unknown end.

        `timed_out` is False for a request that we gave up ourselves, which says nothing of the endpoint.
        """
        ...


class Admission(Protocol):
    """Lets requests to one model at one endpoint go. One instance is shared by all evaluators of a process."""

    async def admit(self, bound: CallBound) -> Ticket:
        """Wait for leave. `assay.judges.models.call_context` says for whom.

        Raises:
            CallHeld: no leave for longer than it is worth waiting here. Nothing was asked or paid.
        """
        ...


class AtOnce:
    """Lets so many requests go at once, and counts nothing else: what holds where nobody shares limits."""

    def __init__(self, most: int) -> None:
        """Allow `most` requests under way at once."""
        self._most = most
        self._slots = asyncio.Semaphore(most)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def admit(self, bound: CallBound) -> Ticket:
        """Wait until one of the requests under way is closed."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # Waiters belong to a loop. What a loop that has ended left open is not waited for.
            self._loop, self._slots = loop, asyncio.Semaphore(self._most)
        await self._slots.acquire()
        return _Slot(self._slots)


class _Slot:
    """One of the requests under way. It is given back however the request ends."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots

    async def answered(self, usage: Usage, *, latency_s: float, model_served: str = "") -> None:
        self._slots.release()

    async def refused(self, *, retry_after_s: float | None) -> None:
        self._slots.release()

    async def rejected(self) -> None:
        self._slots.release()

    async def denied(self) -> CallHeld | None:
        self._slots.release()
        return None

    async def failed(self) -> None:
        self._slots.release()

    async def unknown(self, *, timed_out: bool = True) -> None:
        self._slots.release()
