"""What each column of the record holds, told from the fields of a row. Tables, exports and docs follow it."""

from __future__ import annotations

import types
import typing
from datetime import datetime
from typing import Any, Literal

from assay.worker.records.history import HistoryRow

ColumnKind = Literal["text", "integer", "number", "truth", "moment", "texts", "json"]
"""`texts` is a list of texts, `json` a mapping. Moments are whole microseconds since 1970 in UTC."""

_SIMPLE: dict[Any, ColumnKind] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "truth",
    datetime: "moment",
    tuple: "texts",
    dict: "json",
}


def _kind(annotation: Any) -> ColumnKind:
    """What a field's type comes to, e.g. `text` of `str | None`."""
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        (known,) = (part for part in typing.get_args(annotation) if part is not type(None))
        return _kind(known)
    if origin is typing.Annotated:
        return _kind(typing.get_args(annotation)[0])
    if origin is Literal:
        return "text"
    # What is left without an entry is pydantic's own class of a moment with a time zone.
    return _SIMPLE.get(origin or annotation, "moment")


COLUMN_KINDS: dict[str, ColumnKind] = {name: _kind(field.annotation) for name, field in HistoryRow.model_fields.items()}
"""By name, in the order of the row."""
