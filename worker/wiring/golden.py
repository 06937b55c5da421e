"""Golden sets in the fleet, composed: what is due, scheduled runs, and judging for runs that were started elsewhere.

Apart from `assay.worker.wiring.runtime`, because most worker processes never load any of it. What runs golden sets is
imported where it is built: `assay status` only reads schedules.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot
from assay.worker.golden.scheduling.slot_records import ScheduleStatus
from assay.worker.golden.scheduling.tick import GoldenClock, Schedules, read_schedules, schedule_statuses
from assay.worker.ports.publish import PublishGolden
from assay.worker.wiring.judges import build_evaluator
from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.worker.golden.runs.fleet_judging import GoldenJudging
    from assay.worker.golden.scheduling.scheduler import ScheduledRuns

GOLDEN_CONCURRENCY = 32
"""Answers in flight in a scheduled run."""


def golden_clock(runtime: Runtime, publish: PublishGolden) -> GoldenClock:
    """Finds golden sets that are due."""
    return GoldenClock(
        key_values=runtime.state.key_values,
        locks=runtime.state.locks,
        schedules=partial(golden_schedules, runtime.root),
        publish=publish,
        clock=runtime.clock,
        batches=runtime.state.batch_jobs,
    )


def scheduled_runs(runtime: Runtime) -> ScheduledRuns:
    """Runs golden sets that are due. Called in the loop of the process."""
    from assay.worker.golden.scheduling.scheduled_job import GoldenPlace
    from assay.worker.golden.scheduling.scheduler import ScheduledRuns
    from assay.worker.wiring.experiments import experiments_of
    from assay.worker.wiring.golden_batches import open_desk
    from assay.worker.wiring.golden_calls import load_set

    place = GoldenPlace(
        load=partial(load_set, runtime.root, runtime.settings),
        evaluator=partial(build_evaluator, root=runtime.root, settings=runtime.settings, admissions=runtime.admissions),
        lookup=runtime.settings.variable,
        data_dir=runtime.root.data_dir(runtime.settings),
        concurrency=GOLDEN_CONCURRENCY,
        webhook=runtime.settings.golden_webhook_url,
        show=experiments_of(runtime.root, runtime.settings),
        open_desk=open_desk(runtime),
    )
    return ScheduledRuns(
        key_values=runtime.state.key_values, locks=runtime.state.locks, clock=runtime.clock, place=place
    )


async def read_schedule_statuses(runtime: Runtime) -> list[ScheduleStatus]:
    """How every scheduled set stands now."""
    schedules = await in_thread(golden_schedules, runtime.root)
    return await schedule_statuses(runtime.state.key_values, schedules, runtime.clock.now())


def golden_judging(runtime: Runtime) -> GoldenJudging:
    """Judges samples of golden runs that were started with --fleet."""
    from assay.worker.golden.runs.fleet_judging import GoldenJudging

    return GoldenJudging(key_values=runtime.state.key_values, locks=runtime.state.locks, evaluator=runtime.evaluator)


def golden_schedules(root: ConfigRoot) -> Schedules:
    """The schedules of the golden sets in reach. One set that cannot be used stops no other."""
    directories, problems = {}, {}
    for name in root.golden_set_names():
        try:
            directories[name] = root.golden_set(name)
        except ConfigurationError as exc:
            problems[name] = str(exc)
    schedules = read_schedules(directories)
    return schedules.model_copy(update={"problems": schedules.problems | problems})
