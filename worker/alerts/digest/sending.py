"""Digests on their way: to Slack, to a webhook, into files, each part marked when it was taken."""

from __future__ import annotations

import hashlib
import os
import re
import time
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
from assay.worker.ports.clock import Clock
from assay.worker.ports.posting import Answer, post
from assay.worker.records.private_files import open_private, private_directory, replace_private
from assay.worker.records.reports import Report

_UNSAFE = re.compile(r"[^a-z0-9-]+")
"""What no file's name has of an owner's, e.g. blanks and slashes."""

_LONGEST_NAME = 60
"""Characters of an owner's name that a file's has."""

SENDING_S = 120.0
"""For so long one tick begins further messages. What is left waits for the next one."""

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
        """Send what was not sent yet. A part that fails is tried at a later tick, for a day.

        Raises:
            StateUnavailable: what was sent is sent again.
        """
        failed: list[str] = []
        sent, ends_at = 0, time.monotonic() + SENDING_S
        for name, deliver in self.ways.items():
            by_part = {part_of(name, digest.owner): digest for digest in digests}
            for part in sorted(by_part, key=lambda part: record.tried.get(part, 0)):
                record = await self.slots.now(record)
                if record.is_settled(part):
                    continue
                if time.monotonic() >= ends_at:
                    return DigestReport(sent=sent, failed=tuple(failed))
                answer = await deliver(by_part[part])
                record = self._after(record, part, answer)
                await self.slots.put(record)
                sent += answer.is_taken
                failed += [] if answer.is_taken else [part]
                if not record.is_settled(part):
                    break  # nor would it take the others now. The next tick begins with them.
        parts = [part_of(name, digest.owner) for name in self.ways for digest in digests]
        if all(record.is_settled(part) for part in parts):
            await self.slots.put(record.model_copy(update={"is_done": True}))
        return DigestReport(sent=sent, failed=tuple(failed))

    def _after(self, record: DigestSlot, part: str, answer: Answer) -> DigestSlot:
        now = self.clock.now()
        problems = {name: words for name, words in record.problems.items() if name != part}
        if answer.is_taken:
            return record.model_copy(update={"sent": {**record.sent, part: now}, "problems": problems})
        log.warning("digest.not_taken", part=part, answer=answer.words, again=not answer.is_wrong)
        # What was refused is tried again as well: somebody may mend the address today.
        if not answer.is_wrong and now - record.begun_at < TRIED_FOR:
            tried = {**record.tried, part: record.tried.get(part, 0) + 1}
            return record.model_copy(update={"tried": tried, "problems": {**problems, part: answer.words}})
        given_up = {**record.given_up, part: answer.words}
        return record.model_copy(update={"given_up": given_up, "problems": problems})


def part_of(way: str, owner: str | None) -> str:
    """What a team's message one way is known by: `slack/team-support`. A team may be called `no owner`."""
    return f"{way}/{UNOWNED}" if owner is None else f"{way}/{owner}{' (team)' * (owner == UNOWNED)}"


def file_name(owner: str | None) -> str:
    """What a team's files are named by: `team-support`, `team-a-1c5f7f94` of `Team A`.

    Where the name had to be changed a digest of it tells it from others that read alike then.
    """
    if owner is None:
        return "no-owner"
    name = _UNSAFE.sub("-", owner.lower()).strip("-")[:_LONGEST_NAME] or "team"
    if name == owner and name != "no-owner":
        return name
    return f"{name}-{hashlib.sha256(owner.encode('utf-8', 'replace')).hexdigest()[:8]}"


def to_slack(url: SecretStr) -> Deliver:
    """A webhook of Slack."""

    async def deliver(digest: OwnerDigest) -> Answer:
        message = digest_message(digest)
        answer = await post(url, message)
        if not answer.is_wrong:
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
        try:
            await in_thread(_write_both, folder, f"{last:%Y-%m-%d}-{file_name(digest.owner)}", digest)
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
