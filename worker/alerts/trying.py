"""A test alert and its end, sent to channels side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from assay.judges.schema import Record
from assay.worker.alerts.notice import Channel, Notice
from assay.worker.alerts.states import AlertState


class Tried(Record):
    """What a channel answered."""

    channel: str
    is_taken: bool
    words: str


async def try_channels(channels: Sequence[Channel], now: float) -> list[Tried]:
    """Send each a marked alert, and its end where that was taken."""
    return list(await asyncio.gather(*(_try(channel, now) for channel in channels)))


async def _try(channel: Channel, now: float) -> Tried:
    state = AlertState(
        key=f"AssayTest/{now:.0f}",
        rule="AssayTest",
        severity=channel.severities[0] if channel.severities else "info",
        since=now,
        fired_at=now,
        summary="This is a test of Assay's alerts. Nothing happened.",
        description="Somebody ran `assay alerts test`. It resolves itself at once.",
    )
    begun = await channel.send([Notice(state=state, status="firing", is_test=True)])
    if not begun.is_taken:
        return Tried(channel=channel.name, is_taken=False, words=f"not taken: {begun.words}")
    over = state.model_copy(update={"ended_at": now})
    ended = await channel.send([Notice(state=over, status="resolved", is_test=True)])
    words = f"alert {begun.words}, its end {ended.words}"
    return Tried(channel=channel.name, is_taken=ended.is_taken, words=words)
