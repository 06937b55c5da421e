"""What every section of assay.yaml refuses alike."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import ValidationInfo, field_validator

from assay.judges.schema import Record


class Section(Record):
    """Keys of assay.yaml. YAML's `yes` is no number, though pydantic would take it for 1."""

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) and info.field_name is not None:
            kinds = _kinds(cls.model_fields[info.field_name].annotation)
            if kinds & {int, float} and bool not in kinds:
                raise ValueError(f"{str(value).lower()} is no number; write a number here")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """The types in an annotation, e.g. float and None in `Annotated[float, Field(gt=0)] | None`."""
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _kinds(annotation.__origin__)
    return set().union(*map(_kinds, arguments)) if arguments else {annotation}
