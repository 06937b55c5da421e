"""Who is told of single traces in this process: nobody, until something that sends spans says so at the start."""

from __future__ import annotations

from assay.worker.ports.assessment_watch import AssessmentWatch, NoWatch

_watch: list[AssessmentWatch] = []


def watch_assessments(watch: AssessmentWatch | None) -> None:
    """Have this watch told from now on; None: nobody."""
    _watch[:] = [watch] if watch is not None else []


def assessment_watch() -> AssessmentWatch:
    """Who is told."""
    return _watch[0] if _watch else NoWatch()
