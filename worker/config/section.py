"""What every section of assay.yaml refuses alike."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import GetJsonSchemaHandler, ValidationInfo, field_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

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


class FilledSection(Section):
    """A section whose keys have something behind them, or are left out.

    `redact:` with nothing behind it is what is left where the items of the list were commented out. To take it as "not
    said" or as "nothing" would switch off a rule, or a limit, that somebody relies on.
    """

    @field_validator("*", mode="before")
    @classmethod
    def _says_something(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name and type(None) in _kinds(cls.model_fields[info.field_name].annotation):
            raise ValueError("is empty; write a value behind it, or remove the key")
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of an editor, which shall not offer `null` either."""
        reference = handler(core)
        for key in handler.resolve_ref_schema(reference).get("properties", {}).values():
            if key.get("default", ...) is None:
                del key["default"]
            without_null = [each for each in key.get("anyOf", ()) if each != {"type": "null"}]
            if len(without_null) == 1:
                del key["anyOf"]
                key.update({**without_null[0], **key})
            elif without_null:
                key["anyOf"] = without_null
        return reference


def _kinds(annotation: Any) -> set[Any]:
    """The types in an annotation, e.g. float and None in `Annotated[float, Field(gt=0)] | None`."""
    arguments = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _kinds(annotation.__origin__)
    return set().union(*map(_kinds, arguments)) if arguments else {annotation}
