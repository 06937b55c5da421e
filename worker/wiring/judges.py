"""Judges and evaluators, built from rubrics and settings.

Each judge is imported where it is built: numpy and the providers' SDK take long, and many commands judge nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from assay.judges import registry
from assay.judges.base import Judge
from assay.judges.calibration import Calibration
from assay.judges.errors import ConfigurationError
from assay.judges.rubric import JudgeName, Rubric
from assay.worker.config.calibration_sets import CalibrationSet, calibration_key
from assay.worker.config.deployment import Deployment
from assay.worker.config.egress import check_egress
from assay.worker.config.judge_files import JudgeFiles, no_judge_files, read_judge_files
from assay.worker.config.otel_variables import check_otel_variables
from assay.worker.config.references import check_judges_allowed, check_rubric_names
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.capabilities import WithSessionScores
from assay.worker.stores.registry import kinds_with
from assay.worker.wiring.admissions import check_endpoints, check_limits, command_admissions, models_of
from assay.worker.wiring.embedding import check_embedding
from assay.worker.wiring.models import ModelOpener
from assay.worker.wiring.stores import check_store

if TYPE_CHECKING:
    from assay.judges.cascade import CascadeTier
    from assay.judges.evaluate import Evaluator
    from assay.judges.models.request_form import FormMemory
    from assay.worker.limits.admissions import Admissions

log = structlog.get_logger(__name__)


def load_rubrics(root: ConfigRoot, deployment: Deployment, settings: Settings) -> dict[str, Rubric]:
    """Every rubric the deployment names, checked against each use case's egress policy.

    Raises:
        ConfigurationError
    """
    rubrics: dict[str, Rubric] = {}
    check_rubric_names(root, deployment)
    for use_case in deployment.use_cases:
        for name in deployment.rubrics_of(use_case):
            rubrics.setdefault(name, root.rubric(name, settings.rubric_variables()))
            check_judges_allowed(root, deployment, use_case, rubrics[name])
            check_egress(use_case, rubrics[name])
    _check_sessions(rubrics, deployment)
    return rubrics


def _check_sessions(rubrics: Mapping[str, Rubric], deployment: Deployment) -> None:
    """Refuse a rubric that asks for scores which the store of a use case cannot show.

    Raises:
        ConfigurationError: names the rubric and the remedy.
    """
    factories = {place.name: place.factory for place in deployment.places}
    for use_case in deployment.use_cases:
        factory = factories[deployment.store_of(use_case)]
        if WithSessionScores in factory.capabilities:
            continue
        for rubric in (rubrics[name] for name in deployment.rubrics_of(use_case) if rubrics[name].write.sessions):
            raise ConfigurationError(
                f"rubric {rubric.name}: write.sessions: {factory.title} shows no scores on sessions; leave it out. "
                f"{kinds_with(WithSessionScores)} shows them"
            )


def check_deployment(root: ConfigRoot, settings: Settings) -> None:
    """Everything that can be known to be wrong before a process starts: assay.yaml, rubrics, egress, judges, store.

    Neither a judge nor the store is asked anything.

    Raises:
        ConfigurationError
    """
    deployment = root.deployment()
    rubrics = load_rubrics(root, deployment, settings)
    files = read_judge_files(root, settings, deployment)
    for rubric in rubrics.values():
        build_evaluator(rubric, root, settings, files=files)
    names = [case.name for case in deployment.use_cases]
    load_calibrations(root, rubrics.values(), settings, files, names)
    for path in root.foreign_calibrations(names):
        log.warning("calibration.not_used", file=str(path), reason="assay.yaml has no use case of that name")
    check_endpoints(files, settings)
    check_limits(deployment, rubrics, settings, files)
    check_embedding(deployment, files, settings)
    check_store(root, deployment, settings, rubrics.values())
    check_otel_variables()


def load_calibrations(
    root: ConfigRoot,
    rubrics: Iterable[Rubric],
    settings: Settings,
    files: JudgeFiles | None = None,
    use_cases: Sequence[str] = (),
) -> dict[str, CalibrationSet]:
    """The calibrations in force. What the root says of endpoints is read unless it is given.

    Returns:
        By rubric name, and by `calibration_key` for use cases that have one of their own.

    Raises:
        ConfigurationError
    """
    in_force = {}
    for rubric in rubrics:
        # A control worker asks no model. It builds the judges only where there is a calibration to hold against one.
        names = [name for name in (None, *use_cases) if root.has_calibration(rubric, name)]
        if not names:
            continue
        files = files or read_judge_files(root, settings)
        judges = build_judges(rubric, settings, files=files)
        for name in names:
            fitted = [root.calibration(rubric, judge, name) for judge in judges]
            calibrations = CalibrationSet.of(calibration for calibration in fitted if calibration is not None)
            if calibrations is not None:
                in_force[calibration_key(rubric.name, name)] = calibrations
    return in_force


def build_evaluator(
    rubric: Rubric,
    root: ConfigRoot,
    settings: Settings,
    *,
    tier: JudgeName | None = None,
    admissions: Admissions | None = None,
    files: JudgeFiles | None = None,
    use_case: str | None = None,
) -> Evaluator:
    """The evaluator of a rubric: its judges, each with the calibration that the config root holds for it.

    Args:
        rubric: what is judged.
        root: where calibrations lie.
        settings: where the endpoints are.
        tier: only this judge of the rubric's cascade, for everything.
        admissions: lets its model calls go. None: the root's limits, within this process.
        files: what the root says of endpoints and prices. None: it is read.
        use_case: whose own calibration is taken, where there is one. None: the general one.

    Raises:
        ConfigurationError
    """
    from assay.judges.cascade import CascadeTier

    if files is None and models_of(rubric):
        files = read_judge_files(root, settings)
    if admissions is None and models_of(rubric):
        admissions = command_admissions(root, settings, files=files)
    tiers = [tier] if tier else rubric.judge.tiers
    judges = [build_judge(rubric, settings, each, admissions, files) for each in tiers]
    return assemble(rubric, [CascadeTier(judge, root.calibration(rubric, judge, use_case)) for judge in judges])


def assemble(rubric: Rubric, tiers: Sequence[CascadeTier]) -> Evaluator:
    """One judge as it is, several as a cascade.

    Raises:
        CalibrationError: a calibration was fitted for another judge.
    """
    from assay.judges.cascade import Cascade
    from assay.judges.evaluate import Evaluator

    if len(tiers) == 1:
        return Evaluator(rubric, *tiers[0])
    return Evaluator(rubric, Cascade(tiers, rubric))


def calibration_of(judge: Judge, published: CalibrationSet | None, rubric: Rubric) -> Calibration | None:
    """The judge's calibration among those that a message names, or None.

    It is left out with a warning where it was fitted for another version of the judge.
    """
    fitted = published.calibrations if published else ()
    calibration = next((calibration for calibration in fitted if calibration.judge == judge.name), None)
    mismatch = calibration.mismatch(rubric, judge) if calibration else None
    if mismatch:
        log.warning("calibration.not_used", rubric=rubric.name, judge=judge.name, reason=mismatch)
    return None if mismatch else calibration


def build_judges(
    rubric: Rubric,
    settings: Settings,
    admissions: Admissions | None = None,
    files: JudgeFiles | None = None,
    forms: FormMemory | None = None,
) -> list[Judge]:
    """The judges a rubric names, from the first tier to the last. See `build_judge`.

    Raises:
        ConfigurationError: one needs an endpoint and none is configured.
    """
    return [build_judge(rubric, settings, tier, admissions, files, forms) for tier in rubric.judge.tiers]


def build_judge(
    rubric: Rubric,
    settings: Settings,
    tier: JudgeName,
    admissions: Admissions | None = None,
    files: JudgeFiles | None = None,
    forms: FormMemory | None = None,
) -> Judge:
    """The judge of one tier.

    Args:
        rubric: what is judged.
        settings: the environment.
        tier: the judge's name.
        admissions: lets its model calls go. None: as many at once as the settings allow each model.
        files: what the config root says of endpoints and prices. None: nothing.
        forms: what the fleet knows of how endpoints are asked. None: found out in this process.

    Raises:
        ConfigurationError: it needs an endpoint and none is configured.
    """
    in_files = files or no_judge_files()
    opener = ModelOpener(rubric, tier, in_files, settings, admissions, forms)
    try:
        return registry.build_judge(rubric, tier, opener.open, prices=in_files.prices, window_of=opener.window_of)
    except ConfigurationError as exc:
        from assay.judges.llm.grounding.window import WindowTooSmall

        if isinstance(exc, WindowTooSmall):
            raise ConfigurationError(f"rubric {rubric.name}: judge.{tier}: {exc}") from exc
        raise
