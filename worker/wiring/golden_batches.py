"""Scheduled golden runs that are judged by a provider's batches: the desk of a run, and what is checked before it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from assay.judges.errors import ConfigurationError, TransientModelError
from assay.judges.models.batches.deferral import BATCH_PROTOCOLS, CallDesk, DeferredAnswer, DeferredCall
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.judge_files import read_judge_files
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.records.batch_jobs import Subject
from assay.worker.wiring.admissions import models_of
from assay.worker.wiring.batches import BatchEndpoints, check_models

if TYPE_CHECKING:
    from assay.worker.flow.batch_calls.desk import BatchDesk
    from assay.worker.golden.scheduling.run_desk import OpenDesk
    from assay.worker.wiring.runtime import Runtime

JUDGE_BY = "schedule.judge_by: batch"
"""The key of a manifest, as messages name it."""

SEND_S = 60.0
"""Seconds for which a run waits until its batches are handed in. What takes longer goes on by itself."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class FleetLoop:
    """The event loop of a process, as a run uses it that has a loop of its own, in a thread of its own.

    The state's connections and the desk belong to the process's loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep the loop."""
        self._loop = loop

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do a piece of work there. Of no context: the run's names its own thread."""
        there = Context().run(asyncio.run_coroutine_threadsafe, work, self._loop)
        return await asyncio.wrap_future(there)


class JudgementDesk:
    """`assay.judges.models.batches.deferral.CallDesk` of one judgement, for the loop of its run."""

    def __init__(self, desk: CallDesk, fleet: FleetLoop) -> None:
        """Keep the parts.

        Args:
            desk: in the process's loop.
            fleet: that loop.
        """
        self._desk = desk
        self._fleet = fleet

    @property
    def purpose(self) -> str:
        """Keeps apart what may not share an answer."""
        return self._desk.purpose

    async def answer_to(self, call: DeferredCall) -> DeferredAnswer | None:
        """The answer to a call, where a batch has brought it. See `CallDesk.answer_to`."""
        return await self._fleet.do(_answer(self._desk, call))


async def _answer(desk: CallDesk, call: DeferredCall) -> DeferredAnswer | None:
    return await desk.answer_to(call)


@dataclass(frozen=True)
class RunBatches:
    """`assay.worker.golden.scheduling.run_desk.RunDesk` over the desk of this process.

    Attributes:
        desk: of this process.
        fleet: the loop that it belongs to.
        endpoints: of the deployment.
        golden: the set.
        run_id: of the run.
        revision: of its evaluator.
        waits_for: our names of the batches that the run waits for.
    """

    desk: BatchDesk
    fleet: FleetLoop
    endpoints: BatchEndpoints
    golden: GoldenSet
    run_id: str
    revision: str
    waits_for: set[str] = field(default_factory=set)

    @property
    def tags(self) -> Sequence[str]:
        """Our names of the batches that the run waits for, in order."""
        return sorted(self.waits_for)

    def of(self, judgement: str) -> CallDesk:
        """The desk for the calls of one judgement. No other judgement shares its answers, also not in this run."""
        sample = self.desk.for_sample(
            Subject.of_golden(self.golden.name, self.run_id, judgement),
            use_case="",
            purpose=f"{self.revision}/{self.run_id}/{judgement}",
            tags=self.waits_for,
        )
        return JudgementDesk(sample, self.fleet)

    async def check(self) -> None:
        """Return if every endpoint that judges has batches and lets us in, or cannot be asked now.

        What cannot be asked now may be there when the batch is sent. See `RunDesk.check`.
        """
        try:
            await self.fleet.do(check_models(self.endpoints, models_of(self.golden.rubric), JUDGE_BY))
        except TransientModelError as exc:
            log.warning("golden.batches_not_checked", golden_set=self.golden.name, error=str(exc)[:300])

    async def send(self) -> None:
        """Send what was handed in, without waiting for more."""
        await self.fleet.do(self.desk.flush(SEND_S))


def open_desk(runtime: Runtime) -> OpenDesk:
    """Opens the desks of runs. Called in the loop of the process."""
    fleet = FleetLoop(asyncio.get_running_loop())

    def opened(golden: GoldenSet, run_id: str, revision: str) -> RunBatches:
        check_judge_by(golden, runtime.root, runtime.settings)
        return RunBatches(runtime.batch_desk, fleet, runtime.batch_endpoints, golden, run_id, revision)

    return opened


def check_judge_by(golden: GoldenSet, root: ConfigRoot, settings: Settings) -> None:
    """Return if the set's schedule wants no batches, or its judge's endpoints know them. Nobody is asked.

    Raises:
        ConfigurationError: names the set's file, the key and the remedy.
    """
    schedule = golden.manifest.schedule
    if schedule is None or schedule.judge_by == "live":
        return
    where = f"{golden.directory / 'manifest.yaml'}: {JUDGE_BY}"
    models = list(models_of(golden.rubric))
    if not models:
        raise ConfigurationError(f"{where}: rubric {golden.rubric.name} asks no model; leave judge_by out")
    files = read_judge_files(root, settings)
    for model in models:
        place = endpoint_in_force(model.endpoint, files, settings)
        if place is not None and place.protocol not in BATCH_PROTOCOLS:
            raise ConfigurationError(
                f"{where}: endpoint {place.name} speaks {place.protocol}, which has no batches here; leave judge_by out"
            )
