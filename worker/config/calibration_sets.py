"""The calibrations of one rubric's judges, as one document that messages name by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field, ValidationError

from assay.judges.calibration import Calibration, CalibrationError
from assay.judges.schema import Record
from assay.judges.team_files.problems import first_problem


class CalibrationSet(Record):
    """At most one calibration for each judge of a rubric, in the order of the judges' names."""

    v: Literal[1] = 1
    calibrations: tuple[Calibration, ...] = Field(min_length=1)

    @classmethod
    def of(cls, calibrations: Iterable[Calibration]) -> CalibrationSet | None:
        """The set of these calibrations; None where there are none."""
        ordered = tuple(sorted(calibrations, key=lambda calibration: calibration.judge))
        return cls(calibrations=ordered) if ordered else None

    def content(self) -> str:
        """Canonical JSON, which the hash is taken over."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def content_hash(self) -> str:
        """sha256 of `content()`, 64 hex digits."""
        return hashlib.sha256(self.content().encode()).hexdigest()


def calibration_key(rubric: str, use_case: str | None = None) -> str:
    """What the calibrations of a rubric are kept under, e.g. `grounding`; for a use case `grounding@support-bot`."""
    return rubric if use_case is None else f"{rubric}@{use_case}"


def calibrations_for(rubric: str, use_case: str, in_force: Mapping[str, CalibrationSet]) -> CalibrationSet | None:
    """The calibrations that hold for a use case: its own, else the general ones."""
    return in_force.get(calibration_key(rubric, use_case)) or in_force.get(rubric)


def parse_calibration_set(text: str, *, source: str) -> CalibrationSet:
    """Parse what `CalibrationSet.content` wrote. Errors name `source`.

    Raises:
        CalibrationError: it is something else.
    """
    try:
        return CalibrationSet.model_validate_json(text)
    except ValidationError as exc:
        key, problem = first_problem(exc)
        raise CalibrationError(f"{source}: {key}: {problem}; sweep again with this version") from exc
