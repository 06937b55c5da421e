"""What a channel is told, and the words for it that are the same in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assay.worker.alerts.rule import Severity
from assay.worker.alerts.states import AlertState, Status, plain_labels
from assay.worker.alerts.wording import moment

if TYPE_CHECKING:
    from assay.worker.ports.posting import Answer


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One piece of news.

    Attributes:
        state: the alert.
        status: what is told of it.
        repeats: it was told before, and goes on.
        is_test: nothing happened: somebody tries the channel.
    """

    state: AlertState
    status: Status
    repeats: bool = False
    is_test: bool = False

    @property
    def head(self) -> str:
        """The first line: `[TEST] Resolved: support-bot: 31.2% of the latest answers …`."""
        test = "[TEST] " if self.is_test else ""
        told = "Resolved: " if self.status == "resolved" else "Still firing: " if self.repeats else ""
        return f"{test}{told}{self.state.summary or self.state.rule}"

    @property
    def times(self) -> str:
        """Since when: `since 2026-11-30 05:10 UTC`, `2026-11-30 05:10 to 05:40 UTC`."""
        begin = self.state.fired_at if self.state.fired_at is not None else self.state.since
        end = self.state.ended_at
        if self.status == "firing" or end is None:
            late = f", over since {moment(end)}" if end is not None else ""
            return f"since {moment(begin)}{late}"
        return f"{moment(begin).removesuffix(' UTC')} to {moment(end)}"

    @property
    def about(self) -> str:
        """What tells this alert apart: its labels."""
        return plain_labels(self.state.labels)


class Channel(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """`pagerduty`, `slack` or `webhook`."""
        ...

    @property
    def address(self) -> str:
        """A digest of where it leads."""
        ...

    @property
    def severities(self) -> Sequence[Severity]:
        """Alerts that it takes."""
        ...

    @property
    def most(self) -> int:
        """How many notices one message holds."""
        ...

    @property
    def wants_repeats(self) -> bool:
        """Whether it is told again of a page that goes on."""
        ...

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """Send one message. Never raises for what the other side does."""
        ...
