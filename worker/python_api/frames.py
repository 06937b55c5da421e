"""Frames of pandas, polars and Arrow: rows out, columns in. None of these libraries is needed or imported."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.worker.batch.arrow_rows import arrow_rows
from assay.worker.batch.read_columns import read_twice

Frame = Any
"""A frame of one of the three, e.g. `pandas.DataFrame`."""

_KINDS = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}

FIRST_PANDAS_THAT_COPIES_ON_WRITE = 3
"""From this version on a shallow copy does not change with the frame."""


def library_of(value: object) -> str | None:
    """The library whose frame a value is; None where it is none."""
    for library, name in _KINDS.items():
        module = sys.modules.get(library)
        if module is not None and isinstance(value, getattr(module, name)):
            return library
    return None


def kept(frame: Frame) -> Frame:
    """The frame as it is now, whatever is done to the given one afterwards."""
    library = library_of(frame)
    if library == "polars":
        return frame.clone()
    if library == "pyarrow":
        return frame  # nothing can change it
    copies_on_write = int(sys.modules["pandas"].__version__.split(".")[0]) >= FIRST_PANDAS_THAT_COPIES_ON_WRITE
    return frame.copy(deep=not copies_on_write)


def rows_of(frame: Frame) -> Iterable[Mapping[str, Any]]:
    """Its rows, one at a time.

    Raises:
        ConfigurationError: a column that is read stands twice.
    """
    library = library_of(frame)
    names = [str(name) for name in (frame.column_names if library == "pyarrow" else frame.columns)]
    twice = read_twice(names)
    if twice is not None:
        raise ConfigurationError(f"samples: column {twice!r} stands twice; rename or drop one of them")
    if library == "polars":
        rows: Iterable[Mapping[str, Any]] = _without_odd_moments(frame).iter_rows(named=True)
        return rows
    if library == "pyarrow":
        return (row for batch in frame.to_batches(max_chunksize=256) for row in arrow_rows(batch))
    return (dict(zip(names, values, strict=True)) for values in frame.itertuples(index=False, name=None))


def _without_odd_moments(frame: Frame) -> Frame:
    """A frame of polars whose moments and durations are ones that Python can hold. Of other columns it has the text."""
    polars = sys.modules["polars"]
    odd = [name for name, kind in frame.schema.items() if kind.is_temporal() and not _python_holds(frame[name])]
    return frame.with_columns([_as_text(frame[name], polars) for name in odd]) if odd else frame


def _as_text(column: Any, polars: Any) -> Any:
    plain = column.to_physical() if column.dtype.base_type() == polars.Duration else column
    return plain.cast(polars.String)


def _python_holds(moments: Any) -> bool:
    """Whether the first and the last value of a column are ones of Python."""
    try:
        moments.min(), moments.max()
    except (ValueError, OverflowError):
        return False
    return True


def with_columns(frame: Frame, columns: Mapping[str, Sequence[Any]], numbers: Collection[str]) -> Frame:
    """A new frame with more columns. The given one stays as it is.

    Args:
        frame: a frame.
        columns: the values by the name of their column. They are texts.
        numbers: which columns hold numbers instead. So a column has its type even where it has no value.

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
        return frame.with_columns(
            [
                polars.Series(name, values, dtype=polars.Float64 if name in numbers else polars.String)
                for name, values in columns.items()
            ]
        )
    if library == "pyarrow":
        arrow = sys.modules["pyarrow"]
        for name, values in columns.items():
            kind = arrow.float64() if name in numbers else arrow.string()
            frame = frame.append_column(name, arrow.array(values, kind))
        return frame
    pandas = sys.modules["pandas"]
    text = pandas.Series([""]).dtype  # of pandas 2 `object`, of pandas 3 `str`
    return frame.assign(
        **{
            name: pandas.Series(values, frame.index, dtype="float64" if name in numbers else text)
            for name, values in columns.items()
        }
    )
