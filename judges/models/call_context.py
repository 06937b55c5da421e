"""Whom a model call is made for: what an admission weighs, and what the conversation with the model need not know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from assay.judges.models.base import Reply
    from assay.judges.models.batches.deferral import CallDesk

Purpose = Literal["traffic", "golden"]
"""`golden` is a gate, a golden run or an exam of the judge. It never waits behind traffic."""


@dataclass
class CallContext:
    """The work that calls belong to, one instance for each sample.

    Attributes:
        use_case: whose budget pays, and whose turn it is. Empty where there is none: a file, a golden set.
        purpose: what goes first.
        has_paid: whether a call of this sample was answered already. Then it is worth waiting for the rest: giving
            up would pay for that answer again.
        desk: takes calls for a provider's batch. None: they are made at once.
        spent: answers that were paid and are of no use. The conversation takes them over into its bill.
    """

    use_case: str = ""
    purpose: Purpose = "traffic"
    has_paid: bool = False
    desk: CallDesk | None = None
    spent: list[Reply] = field(default_factory=list)


_NOBODY = CallContext()
_context: ContextVar[CallContext | None] = ContextVar("assay_call_context", default=None)


def call_context() -> CallContext:
    """The context of the calls made from here."""
    return _context.get() or _NOBODY


def mark_paid() -> None:
    """Note that a call of the sample in hand was answered. Calls that nobody is named for share no note."""
    context = _context.get()
    if context is not None:
        context.has_paid = True


def note_spent(reply: Reply) -> None:
    """Note a paid answer that is of no use to the sample in hand."""
    context = _context.get()
    if context is not None:
        context.spent.append(reply)


def take_spent() -> list[Reply]:
    """What was noted since, and is not taken over yet."""
    context = _context.get()
    if context is None:
        return []
    spent, context.spent = context.spent, []
    return spent


@contextmanager
def calling_for(*, use_case: str = "", purpose: Purpose = "traffic") -> Iterator[CallContext]:
    """Make all model calls of the block, and of tasks started in it, calls for one sample of this work."""
    context = CallContext(use_case=use_case, purpose=purpose)
    token = _context.set(context)
    try:
        yield context
    finally:
        _context.reset(token)
