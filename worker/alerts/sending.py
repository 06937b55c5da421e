"""Owed news on its way: channels side by side, each in its own time, and nothing marked as told before it was taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from assay.worker.alerts.book_keeping import KeptAlerts
from assay.worker.alerts.notice import Channel, Notice
from assay.worker.alerts.states import AlertBook, AlertState, ChannelState, Delivery, urgency
from assay.worker.ports.clock import Clock
from assay.worker.ports.posting import Answer

SENDING_S = 10.0
"""For so long one look begins further messages to a channel. What is left waits for the next one."""

FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 300.0
"""After a failure a channel is left alone for 30 s, then for twice as long each time, up to 5 minutes."""

REFUSED_S = 6 * 3600.0
"""A channel that says nothing will be taken is left alone for so long, unless its key changes or a test is taken."""

log = structlog.get_logger(__name__)


@dataclass
class Mail:
    """One look's sending. The book is written after every answer, so that a killed worker repeats one message at most.

    Attributes:
        book: what is remembered; it changes while this sends.
        sent: notices that were taken, by channel.
        failed: names of channels that did not take something.
    """

    book: AlertBook
    kept: KeptAlerts
    clock: Clock
    sent: dict[str, int] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, channels: Sequence[Channel]) -> None:
        """Send what is owed. None of the channels waits for another one.

        Raises:
            StateUnavailable: it was not noted what was sent. It is sent again.
        """
        results = await asyncio.gather(*(self._send_to(channel) for channel in channels), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send_to(self, channel: Channel) -> None:
        ends_at = time.monotonic() + SENDING_S
        while time.monotonic() < ends_at and (notices := self._next(channel)):
            answer = await channel.send(notices)
            if answer.is_wrong and len(notices) > 1:
                await self._send_alone(channel, notices)
            else:
                await self._note(channel, notices, answer)

    async def _send_alone(self, channel: Channel, notices: Sequence[Notice]) -> None:
        """Send each by itself: a message is wrong where any of it is, and the others are to be told."""
        for notice in notices:
            answer = await channel.send([notice])
            await self._note(channel, [notice], answer)
            if answer.may_retry or answer.is_refused:
                return

    def _next(self, channel: Channel) -> list[Notice]:
        """The next message: what is most urgent, of each alert the first that is owed."""
        known = self.book.channels.get(channel.name, ChannelState())
        if _is_left_alone(known, self._now()):
            return []
        waiting = [
            (state, delivery)
            for state in self.book.all_states()
            if not state.silent and (delivery := state.deliveries.get(channel.name)) is not None and delivery.owed
        ]
        waiting.sort(key=lambda pair: urgency(pair[0]))
        return [
            Notice(state=state, status=delivery.owed[0], repeats=delivery.repeats)
            for state, delivery in waiting[: channel.most]
        ]

    async def _note(self, channel: Channel, notices: Sequence[Notice], answer: Answer) -> None:
        async with self._writing:
            now = self._now()
            before = self.book.channels.get(channel.name, ChannelState())
            channels = {**self.book.channels, channel.name: _channel_after(before, answer, now)}
            self.book = self.book.model_copy(update={"channels": channels})
            if answer.is_taken or answer.is_wrong:
                self._mark(notices, channel.name, answer)
            await self.kept.keep(self.book)
        self._tell(channel, notices, answer)

    def _mark(self, notices: Sequence[Notice], channel: str, answer: Answer) -> None:
        """Note of each alert that it was told, or never will be."""
        for notice in notices:
            place = self.book.alerts if notice.state.ended_at is None else self.book.ended
            self.book = self.book.with_state(_told(place[notice.state.key], channel, answer, self._now()))

    def _tell(self, channel: Channel, notices: Sequence[Notice], answer: Answer) -> None:
        if answer.is_taken:
            self.sent[channel.name] = self.sent.get(channel.name, 0) + len(notices)
            return
        self.failed.add(channel.name)
        told = log.warning if answer.may_retry else log.error
        told(
            "alerts.not_taken",
            channel=channel.name,
            answer=answer.words,
            rules=sorted({notice.state.rule for notice in notices}),
            again=answer.may_retry,
        )

    def _now(self) -> float:
        return self.clock.now().timestamp()


def _is_left_alone(known: ChannelState, now: float) -> bool:
    """Whether it is too early to send. Not where the clock was set back since the last failure."""
    return known.failed_at <= now < known.not_before


def _channel_after(before: ChannelState, answer: Answer, now: float) -> ChannelState:
    """How a channel stands after an answer. A message that is not taken for its own sake is not the channel's fault."""
    if answer.is_taken:
        return ChannelState(address=before.address, taken_at=now)
    if answer.is_wrong:
        return before.model_copy(update={"problem": answer.words})
    wait_s = REFUSED_S if answer.is_refused else min(FIRST_WAIT_S * 2 ** min(before.failures, 10), LONGEST_WAIT_S)
    return before.model_copy(
        update={
            "failures": before.failures + 1,
            "failed_at": now,
            "not_before": now + max(wait_s, answer.wait_s or 0.0),
            "is_refused": answer.is_refused,
            "problem": answer.words,
        }
    )


def _told(state: AlertState, channel: str, answer: Answer, now: float) -> AlertState:
    """The alert after one notice was taken, or given up."""
    before = state.deliveries[channel]
    changes: dict[str, object] = {"repeats": False, "owed": before.owed[1:]}
    if answer.is_taken:
        changes |= {"told": before.owed[0], "told_at": now, "problem": ""}
    else:
        changes |= {"owed": (), "problem": answer.words}
    return state.model_copy(
        update={
            "deliveries": {**state.deliveries, channel: Delivery.model_validate({**before.model_dump(), **changes})}
        }
    )
