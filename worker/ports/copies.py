"""Scores on their way to further places: what waits for each place, shared by all workers.

What waits is named by rubric and trace. The scores themselves are made of the ledger's entry and the kept verdict when
they are written, so no text lies here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record


class CopyKey(NamedTuple):
    """Whose scores: the rubric's name and the trace."""

    rubric: str
    trace_id: str


class Copy(Record):
    """The scores of one judged trace that a place is to get.

    Attributes:
        asked_at: when the trace's own store showed them. Asked for anew, it is another copy.
        writes: how often they were written.
        written_at: when last; None: they are to be written.
        failures: how often the place did not take it alone, while it took others or was not asked for any.
    """

    rubric: str
    trace_id: str
    asked_at: AwareDatetime
    writes: int = 0
    written_at: AwareDatetime | None = None
    failures: int = 0

    @property
    def key(self) -> CopyKey:
        """Whose scores."""
        return CopyKey(self.rubric, self.trace_id)


Outcome = Literal["verified", "unverified", "given_up"]
"""How a copy ends: the place shows it, was given it and shows none, or never got it."""


class EndedCopies(Record):
    """How many copies ended in one way, ever."""

    outcome: Outcome
    reason: str = ""
    traces: int = Field(ge=0)


class CopyCounts(Record):
    """How the copies for one place stand: traces that wait, that were written and are to be shown, and that ended.

    Attributes:
        oldest: when the oldest that has not ended was asked for.
        is_named: whether a use case names the place. Otherwise nobody writes what waits for it.
        held: why the place is left alone for a while; empty where it is not.
        held_until: until when.
    """

    waiting: int = 0
    written: int = 0
    oldest: AwareDatetime | None = None
    ended: tuple[EndedCopies, ...] = ()
    is_named: bool = True
    held: str = ""
    held_until: AwareDatetime | None = None


class Copies(Protocol):
    """What waits for each further place. Every method is atomic and safe to repeat.

    Raises (all methods):
        StateUnavailable
    """

    async def ask(self, place: str, keys: Sequence[CopyKey], *, now: datetime) -> None:
        """Have scores copied. Those that wait already begin anew: they may have changed."""
        ...

    async def due(self, place: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Copy]:
        """Copies that are due, the first first. Until a moment nobody else gets them."""
        ...

    async def put_off(self, place: str, copies: Sequence[Copy], *, due: datetime) -> None:
        """Make copies due at another moment, as they are given. One that was asked for anew meanwhile stays."""
        ...

    async def end(self, place: str, copies: Sequence[Copy], outcome: Outcome, reason: str = "") -> None:
        """Nothing more is done for these copies. One that was asked for anew meanwhile stays, and is not counted."""
        ...

    async def places(self, *, since: datetime) -> Sequence[str]:
        """The places that copies were asked for since a moment, in the order of their names."""
        ...

    async def counts(self, place: str) -> CopyCounts:
        """How the copies for a place stand."""
        ...
