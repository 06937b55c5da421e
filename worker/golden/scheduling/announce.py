"""Telling people how a scheduled run ended, by a webhook that takes Slack's JSON."""

from __future__ import annotations

import httpx
import structlog
from pydantic import JsonValue, SecretStr
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from assay.judges.schema import Record

TIMEOUT_S = 10.0
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


class _NotTaken(Exception):
    """The other side did not take it."""


class _NotTakenNow(_NotTaken):
    """It may take it the next time."""


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
        retry=retry_if_exception_type(_NotTakenNow),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=first_wait_s, max=30),
        reraise=True,
    )
    try:
        async with httpx.AsyncClient(timeout=timeout_s) as client:
            async for attempt in retrying:
                with attempt:
                    await _post(client, url, payload(announcement))
    except Exception as exc:  # noqa: BLE001  # whatever went wrong, the run is judged and kept
        # Only words of our own: httpx's may hold the URL.
        reason = str(exc) if isinstance(exc, _NotTaken) else type(exc).__name__
        log.warning("golden.not_announced", golden_set=announcement.golden_set, reason=reason)
        return f"webhook failed: {reason}"
    return "announced"


def payload(announcement: Announcement) -> dict[str, JsonValue]:
    """The message in the form that Slack, Mattermost, Rocket.Chat and their like take."""
    sign = _SIGNS.get(announcement.verdict, "⚠️")
    head = f"{sign} Golden set {_escaped(announcement.golden_set)}: {_escaped(announcement.verdict)}"
    lines = [f"• {_escaped(line)}" for line in announcement.lines]
    body = _cut("\n".join([f"*{head}*", *lines, f"run {_escaped(announcement.run_id)}"]))
    return {"text": head, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": body}}]}


async def _post(client: httpx.AsyncClient, url: SecretStr, content: dict[str, JsonValue]) -> None:
    try:
        reply = await client.post(url.get_secret_value(), json=content)
    except (httpx.TimeoutException, httpx.TransportError) as exc:
        raise _NotTakenNow(type(exc).__name__) from None
    if reply.is_success:
        return
    message = f"the webhook answered {reply.status_code}"
    raise _NotTakenNow(message) if reply.status_code == 429 or reply.status_code >= 500 else _NotTaken(message)


def _escaped(text: str) -> str:
    """The text as Slack shows it literally: no links, no mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " …"
