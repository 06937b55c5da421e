"""What every section of assay.yaml refuses alike."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import ValidationInfo, field_validator

from assay.judges.schema import Record


class Section(Record):
    """Keys of assay.yaml. YAML's `yes` is no number, and 1 is no truth, though pydantic takes one for the other."""

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        if info.field_name is None or not isinstance(value, int | float | str):
            return value
        kinds = _kinds(cls.model_fields[info.field_name].annotation)
        if isinstance(value, bool):
            if kinds & {int, float} and bool not in kinds:
                raise ValueError(f"{str(value).lower()} is no number; write a number here")
        elif kinds <= {bool, type(None)}:
            raise ValueError("must be true or false, without quotes")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """The types in an annotation, e.g. float and None in `Annotated[float, Field(gt=0)] | None`."""
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _kinds(annotation.__origin__)
    return set().union(*map(_kinds, arguments)) if arguments else {annotation}
