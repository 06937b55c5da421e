"""A row of a table or of a program as the line of JSON that it would be in a JSONL file.

So a row is read, refused, continued and judged exactly as a line is. What a sample consists of has to be as JSON has
it. Other columns are kept beside the verdict, so they are kept as text where JSON has nothing for them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from assay.worker.batch.read_columns import OWN_COLUMNS, is_taken_by_kind
from assay.worker.batch.reading import RawLine
from assay.worker.records.jsonl import BadLine

Otherwise = Callable[[Any], Any]
"""What is done with a value that JSON has nothing for."""


def line_of_row(number: int, row: Mapping[str, Any]) -> RawLine | BadLine:
    """A row as a line. One without an id is called by its number. What is missing is left out."""
    known = {str(key): value for key, value in row.items() if key is not None and not _is_missing(value)}
    given_id = known.get("id")
    if isinstance(given_id, float) and given_id.is_integer():
        known["id"] = int(given_id)  # pandas makes floats of whole numbers where a cell of the column is empty
    try:
        return RawLine(number, _json({"id": number, **known}))
    except Exception:  # noqa: BLE001  # values of any class run code of their own
        fields = _fitting(number, known)
    return fields if isinstance(fields, BadLine) else RawLine(number, _json({"id": number, **fields}))


def _json(fields: Mapping[str, Any]) -> bytes:
    """One object of JSON. Halves of surrogate pairs become U+FFFD, as in a line of a file."""
    text = json.dumps(fields, ensure_ascii=False, default=_plain, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _fitting(number: int, row: Mapping[str, Any]) -> dict[str, Any] | BadLine:
    """The columns of a row as JSON can hold them, one by one, or which of the sample's own it cannot."""
    fields = {}
    for column, value in row.items():
        try:
            fitting = _fit(value, _otherwise(column))
            _json({column: fitting})
        except Exception as exc:  # noqa: BLE001  # as above
            if column in OWN_COLUMNS:
                problem = "nested too deeply" if isinstance(exc, RecursionError) else exc
                return BadLine(number=number, key=column, remedy=f"{problem}; give text, numbers, lists and mappings")
            continue  # nobody judges it, and nothing can be made of it
        if fitting is not None:
            fields[column] = fitting
    return fields


def _otherwise(column: str) -> Otherwise:
    if column in OWN_COLUMNS and column != "id":
        return _refuse
    # The text of an odd value must not be taken for an answer under another tool's name.
    return _leave_out if is_taken_by_kind(column) else _text


def _refuse(value: Any) -> Any:
    raise TypeError(f"a value of type {type(value).__name__} is none of JSON's")


def _leave_out(_value: Any) -> Any:
    return None


def _text(value: Any) -> str | None:
    """Its text, e.g. of a UUID. None where that is only a place in memory: `<object object at 0x7f3a5c>`."""
    text = str(value)
    return None if " at 0x" in text else text


def _fit(value: Any, otherwise: Otherwise) -> Any:
    """A value with all that is in it as JSON can hold it. What is no number, as NaN, becomes None."""
    if _is_missing(value) or (isinstance(value, float) and math.isinf(value)):
        return None
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _fit(member, otherwise if key in _MEMBERS_READ else _text) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_fit(member, otherwise) for member in value]
    try:
        plain = _plain(value)
    except TypeError:
        return otherwise(value)
    return _fit(plain, otherwise)


_MEMBERS_READ = frozenset({"text", "role", "content"})
"""What is read of a passage or a turn."""


def _is_missing(value: Any) -> bool:
    """Whether a cell says nothing: None, or the `nan` that frames put there."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, Decimal) and not value.is_finite())
        or type(value).__name__ in {"NAType", "NaTType"}
    )


def _plain(value: Any) -> Any:
    """What frames hold, as JSON can hold it: arrays as lists, moments as ISO 8601."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    for way in ("tolist", "to_list", "model_dump", "item"):
        if hasattr(value, way):
            return getattr(value, way)()
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"a value of type {type(value).__name__} is none of JSON's")
