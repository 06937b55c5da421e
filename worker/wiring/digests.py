"""What the tick of the digest does: once a week a message for each team."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.config.alerting import Digest
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.worker.alerts.digest.building import Gathered
    from assay.worker.alerts.digest.records import OwnerDigest
    from assay.worker.alerts.digest.sending import Deliver
    from assay.worker.ports.locks import Locks
    from assay.worker.records.history import HistoryQuery
    from assay.worker.reporting.period.records import PeriodReport


async def send_digest(runtime: Runtime) -> Report:
    """Send what is due; nothing where assay.yaml has no `digest:`.

    Raises:
        StateUnavailable, HistoryUnavailable, ConfigurationError
    """
    asked = runtime.deployment.digest
    if asked is None:
        return Report()
    from assay.worker.alerts.digest.sending import DigestMail, DigestReport
    from assay.worker.alerts.digest.slots import LOCK, LOCK_S, DigestSlots, week_of

    state, owner = runtime.state, secrets.token_hex(8)
    slots = DigestSlots(state.key_values)
    if await slots.due(asked.times, runtime.clock.now()) is None:
        return Report()
    if not await state.locks.acquire(LOCK, owner=owner, ttl_s=LOCK_S):
        return DigestReport(busy=True)
    holding = asyncio.create_task(_hold(state.locks, LOCK, owner, LOCK_S))
    try:
        # Another worker may have sent it between the first look and the lock.
        record = await slots.due(asked.times, runtime.clock.now())
        if record is None:
            return Report()
        digests = await read_digests(runtime, *week_of(record.slot))
        return await DigestMail(slots, runtime.clock, digest_ways(runtime, asked)).send(record, digests)
    finally:
        holding.cancel()
        await state.locks.release(LOCK, owner=owner)


async def note_sent(runtime: Runtime, asked: Digest, parts: Sequence[str]) -> None:
    """Note what a person has sent of what the last slot could not.

    Raises:
        StateUnavailable
    """
    from assay.worker.alerts.digest.slots import DigestSlots

    slots, now = DigestSlots(runtime.state.key_values), runtime.clock.now()
    record = await slots.latest(asked.times, now)
    if record is not None:
        await slots.settle(record, parts, now)


async def _hold(locks: Locks, name: str, owner: str, ttl_s: float) -> None:
    """Hold on to a lock. While the state is away for a moment nobody else can take it either."""
    while True:
        await asyncio.sleep(ttl_s / 3)
        with suppress(StateUnavailable):
            await locks.acquire(name, owner=owner, ttl_s=ttl_s)


def digest_ways(runtime: Runtime, asked: Digest) -> dict[str, Deliver]:
    """Where digests go.

    Raises:
        ConfigurationError: a place that `digest.to` names has no address.
    """
    return dict(_ways(runtime, asked))


def _ways(runtime: Runtime, asked: Digest) -> Iterator[tuple[str, Deliver]]:
    from assay.worker.alerts.digest.sending import to_files, to_slack, to_webhook

    settings = runtime.settings
    for name in dict.fromkeys(asked.to):
        if name == "file":
            yield name, to_files(runtime.root.data_dir(settings) / Path(asked.folder))
            continue
        url = settings.slack_webhook_url if name == "slack" else settings.digest_webhook_url
        if url is None:
            variable = "ASSAY_SLACK_WEBHOOK_URL" if name == "slack" else "ASSAY_DIGEST_WEBHOOK_URL"
            raise ConfigurationError(f"assay.yaml: digest.to: {name} has no address; set {variable}")
        yield name, to_slack(url) if name == "slack" else to_webhook(url)


async def read_digests(
    runtime: Runtime, since: datetime, until: datetime, *, owner: str | None = None, has_redis: bool = True
) -> Sequence[OwnerDigest]:
    """The digests of a period, one for each owner.

    Args:
        runtime: of the deployment.
        since: first moment.
        until: the moment after the last.
        owner: of this one alone. None: of all.
        has_redis: whether the fleet's state answers. Without it digests hold what the record has.

    Raises:
        HistoryUnavailable, StateUnavailable, ConfigurationError
    """
    from assay.judges.cpu_executor import in_thread
    from assay.worker.alerts.digest.building import build_digests

    gathered = await _gather(runtime, since, until, has_redis=has_redis)
    return await in_thread(build_digests, gathered, owner)


async def _gather(runtime: Runtime, since: datetime, until: datetime, *, has_redis: bool) -> Gathered:
    from assay.worker.alerts.book_keeping import KeptAlerts
    from assay.worker.alerts.digest.building import Gathered
    from assay.worker.alerts.digest.names_in_traffic import read_weeks
    from assay.worker.alerts.series import Series
    from assay.worker.records.history import HistoryQuery
    from assay.worker.wiring.alerting import present_samples
    from assay.worker.wiring.golden import read_schedule_statuses

    query = HistoryQuery(since=since, until=until)
    kept = KeptAlerts(runtime.state.key_values)
    return Gathered(
        report=await _report(runtime, query, has_redis=has_redis),
        weeks=await read_weeks(runtime.history.reader, query),
        owners={case.name: case.owner for case in runtime.deployment.use_cases},
        episodes=await kept.episodes(since.timestamp(), until.timestamp()) if has_redis else (),
        series=Series(await present_samples(runtime) if has_redis else ()),
        golden=await read_schedule_statuses(runtime) if has_redis else (),
        now=runtime.clock.now().timestamp(),
        has_state=has_redis,
        notes=()
        if has_redis
        else ("Redis does not answer: alerts, objectives, drift, costs, golden sets are missing",),
    )


async def _report(runtime: Runtime, query: HistoryQuery, *, has_redis: bool) -> PeriodReport:
    from assay.worker.reporting.period.coverage import Ledger
    from assay.worker.reporting.period.links import with_links
    from assay.worker.reporting.period.reading import PeriodReader

    cuts = {rubric.name: rubric.risk_labels.high for rubric in runtime.rubrics.values()}
    ledger = Ledger(runtime.state.ledger_reader, runtime.state.windows) if has_redis else None
    reader = PeriodReader(runtime.history.reader, cuts=cuts)
    return await with_links(await reader.read(query, ledger=ledger), runtime.store)
