"""An admission that writes down what it is asked and told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from assay.judges.errors import CallHeld
from assay.judges.models.admission import CallBound
from assay.judges.schema import HoldReason, Usage


@dataclass
class RecordedTicket:
    closed: list[tuple[Any, ...]] = field(default_factory=list)
    holds_denied: bool = False

    async def answered(self, usage: Usage, *, latency_s: float, model_served: str = "") -> None:
        self.closed.append(("answered", usage.prompt_tokens, model_served))
        self.latency_s = latency_s

    async def refused(self, *, retry_after_s: float | None) -> None:
        self.closed.append(("refused", retry_after_s))

    async def rejected(self) -> None:
        self.closed.append(("rejected",))

    async def denied(self) -> CallHeld | None:
        self.closed.append(("denied",))
        return CallHeld("no key", reason="breaker", retry_after_s=1.0) if self.holds_denied else None

    async def failed(self) -> None:
        self.closed.append(("failed",))

    async def unknown(self, *, timed_out: bool = True) -> None:
        self.closed.append(("unknown", timed_out))


@dataclass
class RecordedAdmission:
    """Lets everything go after a wait, but holds the requests whose number is in `held`, from 0, for `reason`."""

    wait_s: float = 0.0
    holds_denied: bool = False
    held: frozenset[int] = frozenset()
    reason: HoldReason = "limit"
    bounds: list[CallBound] = field(default_factory=list)
    tickets: list[RecordedTicket] = field(default_factory=list)

    async def admit(self, bound: CallBound) -> RecordedTicket:
        number = len(self.bounds)
        self.bounds.append(bound)
        await asyncio.sleep(self.wait_s)
        if number in self.held:
            raise CallHeld("no room", reason=self.reason, retry_after_s=30.0)
        self.tickets.append(RecordedTicket(holds_denied=self.holds_denied))
        return self.tickets[-1]

    @property
    def closings(self) -> list[tuple[Any, ...]]:
        """How each ticket was closed; each exactly once."""
        assert all(len(ticket.closed) == 1 for ticket in self.tickets)
        return [ticket.closed[0] for ticket in self.tickets]
