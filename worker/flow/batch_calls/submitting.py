"""Sending a batch: the intent is noted before the provider is asked, so a process that dies between costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.models.batches.port import BatchApi, NotSubmitted
from assay.worker.flow.batch_calls.gathering import Gathering
from assay.worker.flow.batch_calls.money import BatchMoney
from assay.worker.ports.batch_jobs import BatchJobs
from assay.worker.ports.clock import Clock
from assay.worker.records.batch_jobs import BatchJob

OpenApi = Callable[[str, str], BatchApi]
"""The batches of an endpoint's model, both by name. It raises ConfigurationError where there are none."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Submitter:
    """Makes a batch of what was gathered."""

    jobs: BatchJobs
    money: BatchMoney
    open_api: OpenApi
    clock: Clock

    async def submit(self, gathering: Gathering) -> str:
        """Send a batch. Returns why it was refused; empty: it was not.

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
            await self.jobs.save(job.model_copy(update={"state": "dropped"}))
            return ""
        if len(own) < job.total:
            job = job.model_copy(update={"total": len(own)})
            await self.jobs.save(job)
        return await self._send(job, {key: gathering.bodies[key] for key in own})

    async def _send(self, job: BatchJob, requests: dict[str, bytes]) -> str:
        about = {"tag": job.tag, "endpoint": job.endpoint, "model": job.model, "requests": job.total}
        try:
            batch_id = await self.open_api(job.endpoint, job.model).submit(job.tag, requests)
        except (NotSubmitted, ConfigurationError) as exc:
            log.error("batch.refused", **about, error=str(exc)[:300])  # noqa: TRY400  # no bug
            await self.jobs.settle(job.tag, {}, dict.fromkeys(requests, 0))
            await self.money.released(job.endpoint, list(requests))
            await self.jobs.save(job.model_copy(update={"state": "dropped", "word": "refused"}))
            return str(exc)[:300]
        except EvaluationError as exc:
            log.warning("batch.unsure", **about, error=str(exc)[:300])
            return ""
        await self.jobs.save(job.model_copy(update={"state": "sent", "batch_id": batch_id}))
        log.info("batch.sent", **about)
        return ""
