"""Golden sets read from the config root, and the calls of runs and gates that commands make on them."""

from __future__ import annotations

from assay.judges.evaluate import Evaluator
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.config.settings import Settings
from assay.worker.golden.call import GoldenCall
from assay.worker.golden.runs.fleet_judging import JudgedBy
from assay.worker.golden.runs.journal import new_run_id
from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import load_golden_set
from assay.worker.wiring.judges import load_calibrations


def load_set(root: ConfigRoot, settings: Settings, name: str) -> GoldenSet:
    """A golden set, held against its lock.

    Raises:
        ConfigurationError
    """
    variables = settings.rubric_variables()

    def comes_packaged(rubric: str) -> bool:
        return root.path == packaged_root() or not (root.path / "rubrics" / f"{rubric}.yaml").is_file()

    return load_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, variables), comes_packaged)


def read_set(root: ConfigRoot, settings: Settings, name: str) -> GoldenSet:
    """A golden set as it lies there, whether or not it is as frozen.

    Raises:
        ConfigurationError
    """
    variables = settings.rubric_variables()
    return read_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, variables))


def run_store(root: ConfigRoot, settings: Settings, golden: GoldenSet) -> RunStore:
    """Where the runs of a set are kept."""
    return RunStore(root.data_dir(settings), golden.name)


def command_call(
    root: ConfigRoot,
    settings: Settings,
    golden: GoldenSet,
    *,
    concurrency: int,
    repeats: int | None = None,
    timeout_s: float | None = None,
    resume: str | None = None,
) -> GoldenCall:
    """The call of a command on a set; what is None is as the manifest says.

    Args:
        root: whose data directory keeps the run.
        settings: of the environment, whose variables a target may name.
        golden: the set.
        concurrency: answers in flight.
        repeats: answers to each item.
        timeout_s: of the whole run.
        resume: the id of an interrupted run to go on with; None: a new run.
    """
    return GoldenCall(
        golden=golden,
        data_dir=root.data_dir(settings),
        repeats=repeats or golden.manifest.repeats,
        concurrency=concurrency,
        lookup=settings.variable,
        run_id=resume or new_run_id(),
        timeout_s=timeout_s or golden.manifest.timeout_s,
        resume="never" if resume is None else "must",
    )


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
