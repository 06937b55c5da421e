"""Replies that cannot be used: what is wrong with them, and the turn in which the model is told so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from assay.judges.errors import InvalidVerdict
from assay.judges.llm.fence import one_line
from assay.judges.llm.reply_object import KEPT_REPLY_CHARS, goes_on
from assay.judges.models.base import ChatMessage, Reply

_REPEATED_REPLY_CHARS = 8_000

PROMPT_CUT = "the endpoint cut the prompt: it counted far fewer tokens than were sent; give the model a larger window"
"""What is said of a verdict whose prompt was not read to its end."""

T = TypeVar("T")


def parse_whole(reply: Reply, parse: Callable[[str], T], advice: str) -> T:
    """Parse one reply. Where a reply cannot be parsed because it was cut off, that is the fault to name.

    Args:
        reply: the reply.
        parse: reads its text.
        advice: what a model may leave out where its reply was cut off.

    Raises:
        InvalidVerdict: the reply breaks the format.
    """
    is_cut = reply.finish_reason == "length"
    if is_cut and goes_on(reply.text):
        raise InvalidVerdict(_cut_off(reply, advice), reply=reply.text[:KEPT_REPLY_CHARS])
    try:
        return parse(reply.text)
    except InvalidVerdict as fault:
        if not is_cut:
            raise
        raise type(fault)(_cut_off(reply, advice), reply=fault.reply) from fault


def _cut_off(reply: Reply, advice: str) -> str:
    """The fault of a reply that was cut off at its token limit.

    There is nothing to leave out where most of the room, or all of it, went to reasoning.
    """
    usage = reply.usage
    if reply.text.strip() and 2 * usage.reasoning_tokens <= usage.completion_tokens:
        return f"the reply was cut off at its token limit; {advice}"
    return "reasoning took up the token limit before the reply was whole; reason less, or raise judge.llm.max_tokens"


def repair_turn(reply: Reply | None, fault: InvalidVerdict, wanted: str) -> tuple[ChatMessage, ChatMessage]:
    """What is added to the conversation: the broken reply, unless the endpoint kept it, and what is wrong with it."""
    request = f"Your reply cannot be used: {fault}. Reply again with {wanted}, nothing else."
    broken = one_line(reply.text[:_REPEATED_REPLY_CHARS] if reply else "") or "(empty)"
    return ChatMessage(role="assistant", content=broken), ChatMessage(role="user", content=request)
