"""Who lets a model call go. The judges ask, and know nothing of limits, money or other processes.

    ticket = await admission.admit(CallBound(prompt_tokens=2100, completion_tokens=2048))
    try:
        ...  # one HTTP request
    except ...:
        await ticket.failed()
    else:
        await ticket.answered(usage, latency_s=1.2)

A ticket is closed exactly once, by one of its four methods. A ticket that is never closed, because its process died,
is charged in full.
"""

from __future__ import annotations

from typing import Protocol

from assay.judges.schema import Record, Usage


class CallBound(Record):
    """The most tokens one request may use."""

    prompt_tokens: int
    completion_tokens: int


class Ticket(Protocol):
    """Leave for one request. None of its methods raises: what was answered is never lost for the account's sake."""

    async def answered(self, usage: Usage, *, latency_s: float) -> None:
        """The endpoint answered, well or badly, and used this much. An empty usage is charged as the bound."""
        ...

    async def refused(self, *, retry_after_s: float | None) -> None:
        """The endpoint said to slow down (429). Nothing was used, and everybody slows down."""
        ...

    async def failed(self) -> None:
        """There was certainly no answer: no connection, broken off, a 5xx. It counts for the breaker."""
        ...

    async def unknown(self) -> None:
        """Time-out or cancelled: it may have been paid. It is charged in full and counted as of unknown end."""
        ...


class Admission(Protocol):
    """Lets requests to one model at one endpoint go. One instance is shared by all evaluators of a process."""

    async def admit(self, bound: CallBound) -> Ticket:
        """Wait for leave. `assay.judges.models.call_context` says for whom.

        Raises:
            CallHeld: no leave for longer than it is worth waiting here. Nothing was asked or paid.
        """
        ...


class _FreeTicket:
    async def answered(self, usage: Usage, *, latency_s: float) -> None:
        """Nothing is counted."""

    async def refused(self, *, retry_after_s: float | None) -> None:
        """Nothing is counted."""

    async def failed(self) -> None:
        """Nothing is counted."""

    async def unknown(self) -> None:
        """Nothing is counted."""


class Unlimited:
    """Lets everything go at once: for a notebook, and for tests."""

    async def admit(self, bound: CallBound) -> Ticket:
        """Leave, at once."""
        return _FreeTicket()
