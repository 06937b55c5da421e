"""A fleet's pulse: when its ticks were sent and done, and which processes were seen, by the clock of the state.

What nobody did must show. A tick that is lost or late leaves no error anywhere, only an old moment here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

SEEN_WITHIN_S = 15.0
"""A process tells of itself every 4 s. Who was silent for three of these times and a little is not counted as alive."""


@dataclass(frozen=True, kw_only=True)
class TickTimes:
    """One kind of tick.

    Attributes:
        sent_ago_s: seconds since beat last sent one; None: never.
        done_ago_s: seconds since a run of it last came to its end; None: never.
    """

    sent_ago_s: float | None
    done_ago_s: float | None


@dataclass(frozen=True, kw_only=True)
class TickTurn:
    """A tick that a worker takes up.

    Attributes:
        began_at: the moment, in seconds since 1970.
        late_s: how long it waited in the queue.
        is_done: a run that began after it was sent has come to its end. It asks for nothing any more.
    """

    began_at: float
    late_s: float
    is_done: bool


@dataclass(frozen=True, kw_only=True)
class ProcessSeen:
    """A process of the fleet, as it told of itself.

    Attributes:
        name: as in its logs, e.g. `assess1@host`.
        queues: that it takes messages from; none: it is a beat.
        offset_s: how far its machine's clock is ahead of the state's, in seconds; None: not known.
        seen_ago_s: seconds since it was last seen.
        version: of Assay that it runs; empty: it is of before processes told that.
    """

    name: str
    queues: tuple[str, ...]
    offset_s: float | None
    seen_ago_s: float
    version: str = ""


class Ticks(Protocol):
    """What beat asks for, and what became of it.

    Raises (all methods):
        StateUnavailable
    """

    async def tick_sends(self, name: str, *, queue: str) -> float | None:
        """Note that a tick is about to be sent.

        Returns:
            The moment, in seconds since 1970, which goes with it. None: one of its kind waits already.
        """
        ...

    async def tick_begins(self, name: str, *, sent_at: float | None) -> TickTurn:
        """A worker takes a tick up. The next of its kind may be sent.

        Args:
            name: its kind.
            sent_at: as `tick_sends` gave it; None: it was not sent by a clock.
        """
        ...

    async def tick_done(self, name: str, *, began_at: float) -> None:
        """Its work is done, which began at this moment."""
        ...

    async def ticks(self) -> Mapping[str, TickTimes]:
        """All kinds that were ever sent or done."""
        ...


class Presence(Protocol):
    """Which processes live, and what they dropped.

    Raises (all methods):
        StateUnavailable
    """

    async def seen(self, name: str, *, queues: Sequence[str], offset_s: float | None, version: str) -> None:
        """A process tells that it lives and can do its work, and which version of Assay it runs."""
        ...

    async def gone(self, name: str) -> None:
        """A process ends in order."""
        ...

    async def processes(self) -> Sequence[ProcessSeen]:
        """Processes that were seen within the last `SEEN_WITHIN_S` seconds, by name."""
        ...

    async def dropped(self) -> Mapping[str, int]:
        """Messages by reason that were none of ours and were dropped, of the last seven days."""
        ...


class FleetPulse(Ticks, Presence, Protocol):
    """Both."""
