"""The backlog: what was promised and waits to be handed to the queue, in turns that are fair between use cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record
from assay.worker.records.ledger import Promise

BACKFILL = "~backfill"
"""The turn of all backfills. No use case can have this name."""

BACKFILL_WEIGHT = 0.1
"""A backfill gets one message where a live use case gets ten: live traffic comes first. Alone it gets everything."""

PACE_OVER_S = 60.0
"""The drain rate is a mean over about the last minute: long enough for batches that take 10 s, short enough to see an
outage within two."""

WIDEST = 32
"""A lane that was held and may have so many messages out again is no longer held back: one worker holds 16 at once."""

FIRST_WIDTH = 8
"""Messages that a lane may have out after the first of them came back held."""

STUCK_AFTER_S = 180.0
"""A held lane's messages that nobody reported on for so long are forgotten: longer than a batch may take (120 s)."""

LONGEST_HOLD_S = 600.0
"""A lane on hold is tried again after so long at the latest: somebody may have raised a budget that is spent till
midnight."""

WORKER_SEEN_S = 60.0
"""A worker that reported on no message for so long does not count among the slots."""

SLOTS_FILLED = 1.25
"""Messages in flight for each that the known workers hold at once: while they are in hand, a quarter as many wait. A
worker holds twice as many traces as it makes calls, and asks for the next message when it ends one. So an empty queue
for a moment idles no call, and more would only make those wait that come later: at 1.5 a noisy use case delays the
others by a second more."""

Hold = Literal["limit", "budget", "breaker", "access", "state"]
"""What a trace may wait for: `access` is a key, an account or a model that a person has to mend, the last is Redis or
the trace store."""

LONGEST_WHY = 300
"""Characters of a cause that are kept for people."""


class Waiting(NamedTuple):
    """A promise that is handed out, and how many tries failed before."""

    promise: Promise
    attempts: int


@dataclass(frozen=True)
class Finished:
    """What became of one message.

    Attributes:
        use_case: of its traces.
        rubric: of its traces.
        ended: traces that came to an outcome.
        held: traces that wait for a limit, a budget, a breaker or access. They cost no attempt.
        hold: what they wait for.
        held_until: when the first of them may be tried again.
        why: cause and remedy, where a person has to act.
    """

    use_case: str
    rubric: str
    ended: int
    held: int = 0
    hold: Hold = "limit"
    held_until: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Worker:
    """A process that takes messages, and how many it holds at once."""

    name: str
    slots: int


@dataclass(frozen=True)
class Asking:
    """How much is asked for, and what is known by whom asks.

    Attributes:
        now: the current moment.
        due: when what is handed out and lost comes back.
        queue: the broker's queue.
        weights: turns with a weight other than 1: a use case of weight 2 gets two messages where others get one.
        most: most messages.
        least: so many messages are in flight, waiting and in hand, while no worker is known.
        ahead_s: as many as the fleet ends in so many seconds, if that is more than the workers' slots ask for.
        worker: who asks.
        finished: the message that it has ended.
    """

    now: datetime
    due: datetime
    queue: str
    weights: Mapping[str, float] = field(default_factory=dict)
    most: int = 64
    least: int = 16
    ahead_s: float = 1.0
    worker: Worker | None = None
    finished: Finished | None = None


class Lane(Record):
    """What waits of one use case under one rubric, and how fast it goes.

    Attributes:
        turn: in whose turn it is released: the use case's, or `BACKFILL`.
        use_case: the use case.
        rubric: the rubric.
        waiting: judgements that wait.
        since: since when some have been waiting without a break.
        per_second: judgements a second that came to an outcome lately, in all turns. None where none ever did.
        hold: what its traces wait for, where the last ones came back held.
        held_until: when it is tried again.
        why: cause and remedy, where a person has to act.
    """

    turn: str
    use_case: str
    rubric: str
    waiting: int = Field(default=0, ge=0)
    since: AwareDatetime | None = None
    per_second: float | None = None
    hold: Hold | None = None
    held_until: AwareDatetime | None = None
    why: str = ""


class Backlog(Protocol):
    """What waits. Every method is atomic. What is handed out and lost comes back by the ledger's deadline.

    Raises (all methods):
        StateUnavailable
    """

    async def enter(
        self, promises: Sequence[Promise], *, now: datetime, turn: str | None = None, is_again: bool = False
    ) -> None:
        """Let open promises wait for their release instead of their deadline. Those that are no longer due nowhere:
        taken, ended or waiting already, are passed over.

        Args:
            promises: what waits.
            now: the current moment.
            turn: whose turn; None: each its use case's.
            is_again: whether they were released before. Then they come first in their lane.
        """
        ...

    async def release(self, asking: Asking) -> Sequence[Sequence[Waiting]]:
        """Hand out what fits into the room, in turns by weight.

        Returns:
            Slices of at most a message's size, each of one use case and rubric, in the order of the turns.
        """
        ...

    async def lanes(self, now: datetime) -> Sequence[Lane]:
        """What waits, and what was judged lately."""
        ...
