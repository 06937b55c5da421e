"""Frames of pandas, polars and Arrow: rows out, columns in. None of these libraries is needed or imported."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Frame = Any
"""A frame of one of the three, e.g. `pandas.DataFrame`."""

_KINDS = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}


def library_of(value: object) -> str | None:
    """The library whose frame a value is; None where it is none."""
    for library, name in _KINDS.items():
        module = sys.modules.get(library)
        if module is not None and isinstance(value, getattr(module, name)):
            return library
    return None


def rows_of(frame: Frame) -> Iterable[Mapping[str, Any]]:
    """Its rows, one at a time."""
    library = library_of(frame)
    if library == "polars":
        rows: Iterable[Mapping[str, Any]] = frame.iter_rows(named=True)
        return rows
    if library == "pyarrow":
        return (row for batch in frame.to_batches(max_chunksize=256) for row in batch.to_pylist())
    names = [str(name) for name in frame.columns]
    return (dict(zip(names, values, strict=True)) for values in frame.itertuples(index=False, name=None))


def with_columns(frame: Frame, columns: Mapping[str, Sequence[Any]]) -> Frame:
    """A new frame with more columns. The given one stays as it is.

    Raises:
        ValueError: it has a column of that name.
    """
    library = library_of(frame)
    there = [str(name) for name in (frame.column_names if library == "pyarrow" else frame.columns)]
    taken = sorted(set(there) & set(columns))
    if taken:
        raise ValueError(f"the frame has columns {', '.join(taken)}; give a prefix, as frame(prefix='assay_')")
    if library == "polars":
        polars = sys.modules["polars"]
        return frame.with_columns([polars.Series(name, values, strict=False) for name, values in columns.items()])
    if library == "pyarrow":
        arrow = sys.modules["pyarrow"]
        for name, values in columns.items():
            frame = frame.append_column(name, arrow.array(values))
        return frame
    return frame.assign(**{name: list(values) for name, values in columns.items()})
