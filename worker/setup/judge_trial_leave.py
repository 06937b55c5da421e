"""Leave for the requests of a trial: a bound on how many there are, and on how long each waits for a limit."""

from __future__ import annotations

import asyncio

from assay.judges.errors import CallHeld
from assay.judges.models.admission import Admission, CallBound, Ticket

MOST_CALLS = 16
"""Requests that trying one model takes at most: two samples, two prompts for the window, and what finding out the form
takes."""

LEAVE_S = 10.0
"""Seconds that a request waits for a limit of assay.yaml: a person waits for the answer."""


class CountedAdmission:
    """Lets `MOST_CALLS` requests go, and counts them. None waits long."""

    def __init__(self, admission: Admission) -> None:
        """Keep the limits that hold, too."""
        self._inner = admission
        self.calls = 0

    async def admit(self, bound: CallBound) -> Ticket:
        """Leave for one request.

        Raises:
            CallHeld: all were sent, or a limit has no room.
        """
        if self.calls >= MOST_CALLS:
            told = f"{MOST_CALLS} requests were sent, which is all that trying a model takes"
            raise CallHeld(told, reason="limit", retry_after_s=0.0)
        try:
            async with asyncio.timeout(LEAVE_S):
                ticket = await self._inner.admit(bound)
        except TimeoutError:
            told = f"the limits of assay.yaml let no request go within {LEAVE_S:g} s"
            raise CallHeld(told, reason="limit", retry_after_s=LEAVE_S) from None
        self.calls += 1
        return ticket
