"""Evaluators of versions that messages name: of the rubric on this worker's disk, or of one that was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.judges.cascade import CascadeTier
from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.config.calibration_sets import CalibrationSet, parse_calibration_set
from assay.worker.wiring.documents import published
from assay.worker.wiring.judges import assemble, build_judges, calibration_of
from assay.worker.wiring.shared_forms import SharedForms

if TYPE_CHECKING:
    from assay.judges.evaluate import Evaluator
    from assay.worker.limits.admissions import Admissions
    from assay.worker.wiring.runtime import Runtime


async def evaluator_of_version(
    runtime: Runtime, admissions: Admissions, rubric_hash: str, calibration_hash: str | None
) -> Evaluator | None:
    """Build the evaluator of a version, whose calls these admissions let go.

    Returns:
        None: this version is neither on this worker's disk nor published.
    """
    rubric = await _rubric(runtime, rubric_hash)
    calibrations = await _calibration_set(runtime, calibration_hash) if calibration_hash else None
    if rubric is None or (calibration_hash and calibrations is None):
        return None
    forms = SharedForms(runtime.state.request_forms)
    judges = build_judges(rubric, runtime.settings, admissions, runtime.judge_files, forms)
    return assemble(rubric, [CascadeTier(judge, calibration_of(judge, calibrations, rubric)) for judge in judges])


async def _rubric(runtime: Runtime, digest: str) -> Rubric | None:
    on_disk = next((rubric for rubric in runtime.rubrics.values() if rubric.content_hash() == digest), None)
    if on_disk is not None:
        return on_disk
    content = await published(runtime.state.documents, digest)
    return parse_rubric(content, source=f"rubric {digest[:12]}") if content else None


async def _calibration_set(runtime: Runtime, digest: str) -> CalibrationSet | None:
    content = await published(runtime.state.documents, digest)
    return parse_calibration_set(content, source=f"calibration {digest[:12]}") if content else None
