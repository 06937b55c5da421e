"""Digests on their way: to Slack, to a webhook, into files, each part marked when it was taken."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from pydantic import JsonValue, SecretStr

from assay.judges.cpu_executor import in_thread
from assay.worker.alerts.digest.html.page import digest_page
from assay.worker.alerts.digest.markdown import digest_markdown
from assay.worker.alerts.digest.records import UNOWNED, OwnerDigest
from assay.worker.alerts.digest.slack_message import digest_message
from assay.worker.alerts.digest.slots import TRIED_FOR, DigestSlot, DigestSlots
from assay.worker.alerts.posting import Answer, post
from assay.worker.ports.clock import Clock
from assay.worker.records.private_files import open_private, private_directory, replace_private
from assay.worker.records.reports import Report

_UNSAFE = re.compile(r"[^a-z0-9-]+")
"""What no file's name has of an owner's, e.g. blanks and slashes."""

log = structlog.get_logger(__name__)

Deliver = Callable[[OwnerDigest], Awaitable[Answer]]
"""Sends one team's digest somewhere."""


class DigestReport(Report):
    """What was sent: parts that were taken, parts that were not, and whether another worker was sending."""

    sent: int = 0
    failed: tuple[str, ...] = ()
    busy: bool = False


@dataclass(frozen=True)
class DigestMail:
    """Sends the digests of one slot.

    Attributes:
        ways: where to, by the name of `digest.to`.
    """

    slots: DigestSlots
    clock: Clock
    ways: Mapping[str, Deliver]

    async def send(self, record: DigestSlot, digests: Sequence[OwnerDigest]) -> DigestReport:
        """Send what was not sent yet. A part that fails is tried at the next tick, for a day.

        Raises:
            StateUnavailable: what was sent is sent again.
        """
        failed, sent = [], 0
        for name, deliver in self.ways.items():
            for digest in digests:
                part = f"{name}/{digest.owner or UNOWNED}"
                if record.is_settled(part):
                    continue
                answer = await deliver(digest)
                record = self._after(record, part, answer)
                await self.slots.put(record)
                sent += answer.is_taken
                failed += [] if answer.is_taken else [part]
        parts = [f"{name}/{digest.owner or UNOWNED}" for name in self.ways for digest in digests]
        if all(record.is_settled(part) for part in parts):
            await self.slots.put(record.model_copy(update={"is_done": True}))
        return DigestReport(sent=sent, failed=tuple(failed))

    def _after(self, record: DigestSlot, part: str, answer: Answer) -> DigestSlot:
        now = self.clock.now()
        if answer.is_taken:
            return record.model_copy(update={"sent": {**record.sent, part: now}})
        log.warning("digest.not_taken", part=part, answer=answer.words, again=answer.may_retry)
        if answer.may_retry and now - record.begun_at < TRIED_FOR:
            return record
        return record.model_copy(update={"given_up": {**record.given_up, part: answer.words}})


def to_slack(url: SecretStr) -> Deliver:
    """A webhook of Slack."""

    async def deliver(digest: OwnerDigest) -> Answer:
        message = digest_message(digest)
        answer = await post(url, message)
        if answer.is_taken or answer.may_retry or answer.is_refused:
            return answer
        return await post(url, {"text": message["text"]})

    return deliver


def to_webhook(url: SecretStr) -> Deliver:
    """Any webhook: the digest as data, and as Markdown."""

    async def deliver(digest: OwnerDigest) -> Answer:
        content: dict[str, JsonValue] = {
            "kind": "assay.weekly_digest",
            "owner": digest.owner,
            "text": digest_markdown([digest]),
            "digest": digest.model_dump(mode="json", by_alias=True),
        }
        return await post(url, content)

    return deliver


def to_files(folder: Path) -> Deliver:
    """Two files a week and team, e.g. `2026-11-29-team-support.html` and `.md`. Private: a person may share them."""

    async def deliver(digest: OwnerDigest) -> Answer:
        last = digest.until - timedelta(microseconds=1)
        name = _UNSAFE.sub("-", (digest.owner or UNOWNED).lower()).strip("-") or "team"
        try:
            await in_thread(_write_both, folder, f"{last:%Y-%m-%d}-{name}", digest)
        except OSError as exc:
            return Answer(False, f"{folder} cannot be written ({exc.strerror or exc})", may_retry=True)
        return Answer(True, "written")

    return deliver


def _write_both(folder: Path, name: str, digest: OwnerDigest) -> None:
    private_directory(folder)
    for path, text in (
        (folder / f"{name}.html", digest_page([digest])),
        (folder / f"{name}.md", digest_markdown([digest])),
    ):
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with open_private(part) as file:
                file.write(text)
            replace_private(part, path)
        finally:
            part.unlink(missing_ok=True)
