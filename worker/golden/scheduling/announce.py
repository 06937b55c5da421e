"""Telling people how a scheduled run ended, by a webhook that takes Slack's JSON."""

from __future__ import annotations

import structlog
from pydantic import JsonValue, SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_random_exponential

from assay.judges.schema import Record
from assay.worker.ports.posting import TIMEOUT_S, Answer, post

ATTEMPTS = 3
_LONGEST_TEXT = 2900
_SIGNS = {"pass": "✅", "complete": "✅", "regressed": "❌"}

log = structlog.get_logger(__name__)


class Announcement(Record):
    """How a run ended, in words for a channel."""

    golden_set: str
    run_id: str
    verdict: str
    lines: tuple[str, ...] = ()


async def announce(
    announcement: Announcement, url: SecretStr | None, *, first_wait_s: float = 1.0, timeout_s: float = TIMEOUT_S
) -> str:
    """Send it, and say what became of that in a few words; never raises, for a run must not fail by its news.

    Args:
        announcement: what to say.
        url: of the webhook; it is a secret in itself and never shown. None: there is none.
        first_wait_s: about how long to wait before the first retry.
        timeout_s: of one attempt.
    """
    if url is None:
        return "no webhook (ASSAY_GOLDEN_WEBHOOK_URL)"
    retrying = AsyncRetrying(
        retry=retry_if_result(_may_be_taken_later),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=first_wait_s, max=30),
        retry_error_callback=_last_answer,
    )
    answer: Answer = await retrying(post, url, payload(announcement), timeout_s=timeout_s)
    if answer.is_taken:
        return "announced"
    log.warning("golden.not_announced", golden_set=announcement.golden_set, reason=answer.words)
    return f"webhook failed: {answer.words}"


def _may_be_taken_later(answer: Answer) -> bool:
    return answer.may_retry


def _last_answer(state: RetryCallState) -> Answer:
    answer: Answer = state.outcome.result() if state.outcome else Answer(False, "it was not sent")
    return answer


def payload(announcement: Announcement) -> dict[str, JsonValue]:
    """The message in the form that Slack, Mattermost, Rocket.Chat and their like take."""
    sign = _SIGNS.get(announcement.verdict, "⚠️")
    head = f"{sign} Golden set {_escaped(announcement.golden_set)}: {_escaped(announcement.verdict)}"
    lines = [f"• {_escaped(line)}" for line in announcement.lines]
    body = _cut("\n".join([f"*{head}*", *lines, f"run {_escaped(announcement.run_id)}"]))
    return {"text": head, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": body}}]}


def _escaped(text: str) -> str:
    """The text as Slack shows it literally: no links, no mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " …"
