"""Golden sets in the fleet, composed: what is due, scheduled runs, and judging for runs that were started elsewhere.

Apart from `worker.runtime`, because most worker processes never load any of it.
"""

from __future__ import annotations

from functools import partial

from judges.evaluate import Evaluator
from judges.offload import in_thread
from worker.config import ConfigRoot
from worker.golden.fleet import GoldenJudging, JudgedBy
from worker.golden.goldenset import GoldenSet
from worker.golden.lock import load_golden_set
from worker.golden.scheduled import ScheduledRuns
from worker.golden.scheduled_run import GoldenPlace
from worker.golden.slots import ScheduleStatus
from worker.golden.ticking import GoldenClock, Schedules, read_schedules, schedule_statuses
from worker.ports import PublishGolden
from worker.runtime import Runtime, build_evaluator, load_calibrations
from worker.settings import Settings

GOLDEN_CONCURRENCY = 32
"""Answers in flight in a scheduled run."""


def golden_clock(runtime: Runtime, publish: PublishGolden) -> GoldenClock:
    """Finds golden sets that are due."""
    return GoldenClock(
        state=runtime.state, schedules=partial(golden_schedules, runtime.root), publish=publish, clock=runtime.clock
    )


def scheduled_runs(runtime: Runtime) -> ScheduledRuns:
    """Runs golden sets that are due."""
    from worker.golden_experiments import experiments_of  # it loads Langfuse's SDK; a gate without a fleet does not

    place = GoldenPlace(
        load=partial(load_set, runtime.root, runtime.settings),
        evaluator=partial(build_evaluator, root=runtime.root, settings=runtime.settings),
        lookup=runtime.settings.variable,
        data_dir=runtime.root.data_dir(runtime.settings),
        concurrency=GOLDEN_CONCURRENCY,
        webhook=runtime.settings.golden_webhook_url,
        show=experiments_of(runtime.root, runtime.settings),
    )
    return ScheduledRuns(state=runtime.state, clock=runtime.clock, place=place)


async def read_schedule_statuses(runtime: Runtime) -> list[ScheduleStatus]:
    """How every scheduled set stands now."""
    schedules = await in_thread(golden_schedules, runtime.root)
    return await schedule_statuses(runtime.state, schedules, runtime.clock.now())


def golden_judging(runtime: Runtime) -> GoldenJudging:
    """Judges samples of golden runs that were started with --fleet."""
    return GoldenJudging(state=runtime.state, evaluator=runtime.evaluator)


def golden_schedules(root: ConfigRoot) -> Schedules:
    """The schedules of the golden sets in reach."""
    return read_schedules({name: root.golden_set(name) for name in root.golden_set_names()})


def load_set(root: ConfigRoot, settings: Settings, name: str) -> GoldenSet:
    """A golden set, held against its lock.

    Raises:
        ConfigurationError
    """
    return load_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, settings.rubric_variables()))


def judged_by(evaluator: Evaluator, root: ConfigRoot, settings: Settings) -> JudgedBy:
    """What other workers need to judge as this evaluator does, which was built from the same root and settings.

    Raises:
        ConfigurationError
    """
    rubric = evaluator.rubric
    calibrations = load_calibrations(root, [rubric], settings).get(rubric.name)
    documents = {rubric.content_hash(): rubric.content()}
    if calibrations is not None:
        documents[calibrations.content_hash()] = calibrations.content()
    return JudgedBy(
        revision=evaluator.revision,
        rubric_hash=rubric.content_hash(),
        calibration_hash=calibrations.content_hash() if calibrations is not None else None,
        documents=documents,
    )
