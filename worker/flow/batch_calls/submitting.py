"""Sending a batch: the intent is noted before the provider is asked, so a process that dies between costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.models.batches.port import BatchApi, NotSubmitted
from assay.worker.flow.batch_calls.answers import Waker
from assay.worker.flow.batch_calls.gathering import Gathering
from assay.worker.flow.batch_calls.money import BatchMoney
from assay.worker.flow.batch_calls.terms import TermsInForce
from assay.worker.flow.batch_calls.withholding import withheld
from assay.worker.ports.batch_jobs import FAILED_TRY, BatchJobs
from assay.worker.ports.clock import Clock
from assay.worker.records.batch_jobs import BatchJob, Subject

OpenApi = Callable[[str, str], BatchApi]
"""The batches of an endpoint's model, both by name. It raises ConfigurationError where there are none."""

_LONGEST_WHY = 240
"""Letters of a reason that are kept."""

log = structlog.get_logger(__name__)


class Refusal(NamedTuple):
    """Calls that certainly were not sent: why, and who waited for them."""

    why: str
    subjects: Sequence[Subject]


class Submitted(NamedTuple):
    """What became of what was gathered.

    Attributes:
        refused: by the provider. None: it was not.
        withheld: by us: the configuration in force does not allow it any more.
    """

    refused: Refusal | None = None
    withheld: Sequence[Refusal] = ()


@dataclass(frozen=True)
class Submitter:
    """Makes a batch of what was gathered."""

    jobs: BatchJobs
    money: BatchMoney
    open_api: OpenApi
    waker: Waker
    clock: Clock
    in_force: TermsInForce

    async def submit(self, gathering: Gathering) -> Submitted:
        """Send a batch of what is still allowed.

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
            return Submitted()
        by_why = withheld(gathering, own, self.in_force)
        refusals = [await self._withhold(job, why, keys) for why, keys in by_why.items()]
        held_back = {key for keys in by_why.values() for key in keys}
        requests = {key: gathering.bodies[key] for key in own if key not in held_back}
        if not requests:
            word = f"withheld: {'; '.join(by_why)[:_LONGEST_WHY]}"
            await self.jobs.change(job.tag, {"state": "dropped", "word": word})
            return Submitted(withheld=refusals)
        if len(requests) < job.total:
            job = await self.jobs.change(job.tag, {"total": len(requests)}) or job
        return Submitted(await self._send(job, requests), refusals)

    async def _withhold(self, job: BatchJob, why: str, keys: Sequence[str]) -> Refusal:
        """Free calls that may not be sent. It counts as a try, so that calls which never may come to an end."""
        log.warning("batch.withheld", tag=job.tag, endpoint=job.endpoint, requests=len(keys), reason=why)
        await self.money.released(job.endpoint, keys)
        return Refusal(why, await self.jobs.settle(job.tag, {}, dict.fromkeys(keys, FAILED_TRY)))

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
