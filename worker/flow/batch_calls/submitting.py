"""Sending a batch: the intent is noted before the provider is asked, so a process that dies between costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.models.batches.port import BatchApi, NotSubmitted
from assay.worker.flow.batch_calls.gathering import Gathering
from assay.worker.flow.batch_calls.money import BatchMoney
from assay.worker.ports.batch_jobs import BatchJobs
from assay.worker.ports.clock import Clock
from assay.worker.ports.waking import Waking
from assay.worker.records.batch_jobs import BatchJob, Subject

OpenApi = Callable[[str, str], BatchApi]
"""The batches of an endpoint's model, both by name. It raises ConfigurationError where there are none."""

_LONGEST_WHY = 240
"""Letters of the provider's reason that are kept."""

log = structlog.get_logger(__name__)


class Refusal(NamedTuple):
    """A batch that certainly was not begun: why, and who waited for it."""

    why: str
    subjects: Sequence[Subject]


@dataclass(frozen=True)
class Submitter:
    """Makes a batch of what was gathered."""

    jobs: BatchJobs
    money: BatchMoney
    open_api: OpenApi
    waking: Waking
    clock: Clock

    async def submit(self, gathering: Gathering) -> Refusal | None:
        """Send a batch. None: it was not refused.

        Where nobody knows whether it was begun, it stays noted, and the collector asks the provider.

        Raises:
            StateUnavailable: nothing was sent, or it was sent and stays noted as intended.
        """
        job = BatchJob(
            tag=gathering.tag,
            endpoint=gathering.endpoint,
            model=gathering.model,
            intended_at=self.clock.now(),
            total=len(gathering.bodies),
        )
        own = await self.jobs.intend(job, list(gathering.bodies))
        if not own:
            await self.jobs.change(job.tag, {"state": "dropped", "word": "other workers had sent all of it"})
            return None
        if len(own) < job.total:
            job = await self.jobs.change(job.tag, {"total": len(own)}) or job
        return await self._send(job, {key: gathering.bodies[key] for key in own})

    async def _send(self, job: BatchJob, requests: dict[str, bytes]) -> Refusal | None:
        about = {"tag": job.tag, "endpoint": job.endpoint, "model": job.model, "requests": job.total}
        try:
            batch_id = await self.open_api(job.endpoint, job.model).submit(job.tag, requests)
        except (NotSubmitted, ConfigurationError) as exc:
            log.error("batch.refused", **about, error=str(exc)[:300])  # noqa: TRY400  # no bug
            return await self._refused(job, requests, str(exc)[:_LONGEST_WHY])
        except EvaluationError as exc:
            log.warning("batch.unsure", **about, error=str(exc)[:300])
            return None
        await self.jobs.change(job.tag, {"state": "sent", "batch_id": batch_id})
        log.info("batch.sent", **about)
        return None

    async def _refused(self, job: BatchJob, requests: dict[str, bytes], why: str) -> Refusal:
        """Free its calls. Cut off anywhere, the collector finds no such batch and does the same."""
        await self.money.released(job.endpoint, list(requests))
        subjects = await self.jobs.settle(job.tag, {}, dict.fromkeys(requests, 0))
        await self.jobs.change(job.tag, {"state": "dropped", "word": f"refused: {why}"})
        return Refusal(why, subjects)
