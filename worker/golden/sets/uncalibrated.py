"""A gate that rests on a risk which is no probability: known before anything is asked, and before anything is paid."""

from __future__ import annotations

from assay.worker.golden.sets.golden_set import GoldenSet

_RISK = "hallucination_risk"


def uncalibrated_risk(golden: GoldenSet, *, is_calibrated: bool) -> str | None:
    """Why no answer of a set could be decided by its risk, with the remedy. None where some could.

    The local judge's risk was fitted to labels. So it is known only of rubrics whose every tier is a model.

    Args:
        golden: the set.
        is_calibrated: whether the config root holds a calibration for the set's rubric.
    """
    manifest, rubric = golden.manifest, golden.rubric
    decides = _RISK in {*manifest.pass_when, manifest.gate.primary} and _RISK in rubric.scores
    is_fitted = is_calibrated or "local" in rubric.judge.tiers
    if not decides or is_fitted or manifest.gate.allow_uncalibrated:
        return None
    if not any(item.expect == "answer" for item in golden.items):
        return None
    return (
        f"{_RISK} decides, and the judge of rubric {rubric.name} is not calibrated: no answer could be decided; "
        "fit it to labels with `assay calibrate`, let faithfulness decide, or set gate.allow_uncalibrated: true"
    )
