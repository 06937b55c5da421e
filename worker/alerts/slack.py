"""Slack, by an incoming webhook: what happened, what it means, and where to look, several alerts a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue, SecretStr

from assay.worker.alerts.notice import Notice
from assay.worker.alerts.rule import Severity
from assay.worker.alerts.wording import cut
from assay.worker.ports.posting import TIMEOUT_S, Answer, address_digest, post

LONGEST_TEXT = 2_900
"""Characters of a section. Slack refuses a message with one of more than 3,000."""

LONGEST_HEAD = 600
LONGEST_FALLBACK = 3_000
_LONGEST_DESCRIPTION = 900
_LONGEST_NUMBERS = 500

_SIGNS = {"page": "🔴", "ticket": "🟠", "info": "🔵"}

_LINK_WORDS = {"runbook": "runbook", "dashboard": "dashboard", "traces": "worst traces"}


@dataclass(frozen=True)
class Slack:
    """A webhook. It leads to one channel, which no message can change."""

    url: SecretStr
    source: str
    severities: Sequence[Severity] = ("page", "ticket")
    timeout_s: float = TIMEOUT_S
    name: str = "slack"
    most: int = 8
    wants_repeats: bool = True

    @property
    def address(self) -> str:
        """A digest of the webhook."""
        return address_digest(self.url)

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """Send one message. Where Slack does not take its form, its plain text is sent alone."""
        message = self.message(notices)
        answer = await post(self.url, message, timeout_s=self.timeout_s)
        if not answer.is_wrong:
            return answer
        return await post(self.url, {"text": message["text"]}, timeout_s=self.timeout_s)

    def message(self, notices: Sequence[Notice]) -> dict[str, JsonValue]:
        """The message as it is posted: `text` is what a phone shows of it."""
        blocks: list[JsonValue] = []
        for notice in notices:
            blocks += [section(cut("\n".join(self._lines(notice)), LONGEST_TEXT))]
        text = "\n".join(f"{_sign(notice)} {escaped(cut(notice.head, LONGEST_HEAD))}" for notice in notices)
        return {"text": cut(text, LONGEST_FALLBACK), "blocks": blocks}

    def _lines(self, notice: Notice) -> Iterator[str]:
        state = notice.state
        yield f"{_sign(notice)} *{bold(cut(notice.head, LONGEST_HEAD))}*"
        if notice.status == "firing" and state.description:
            yield escaped(cut(state.description, _LONGEST_DESCRIPTION))
        if notice.status == "firing" and state.details:
            numbers = " · ".join(f"{name}: {words}" for name, words in state.details.items())
            yield escaped(cut(numbers, _LONGEST_NUMBERS))
        about = (state.severity, state.rule, notice.about, notice.times, self.source)
        yield escaped(cut(", ".join(part for part in about if part), 800))
        links = " · ".join(link(href, _LINK_WORDS.get(name, name)) for name, href in state.links.items())
        if links and notice.status == "firing":
            yield links


def _sign(notice: Notice) -> str:
    return "✅" if notice.status == "resolved" else _SIGNS[notice.state.severity]


def section(text: str) -> dict[str, JsonValue]:
    """A block of Slack's markup."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def header(text: str) -> dict[str, JsonValue]:
    """A heading: plain text of at most 150 characters, in which nothing may look like a mention."""
    text = text.replace("<", "‹").replace(">", "›")
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, 150), "emoji": True}}


def context(text: str) -> dict[str, JsonValue]:
    """Small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text, LONGEST_TEXT)}]}


def escaped(text: str) -> str:
    """The text as Slack shows it literally: no links, no mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def bold(text: str) -> str:
    """Text that stands between two asterisks, on one line."""
    return escaped(" ".join(text.split())).replace("*", "∗")


def link(href: str, words: str) -> str:
    """A link. Of an address that would end it early nothing but the words is left."""
    return escaped(words) if set(href) & set("<>|\n ") else f"<{href.replace('&', '&amp;')}|{escaped(words)}>"
