"""From the record to traffic: one slice for each use case, rubric, revision and value of what is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import CodedColumn, Column, PlainColumn, rows_alike, taken
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.gathering import COLUMNS, DAY_US, Gathered
from assay.worker.signals.slicing import SlicedRows
from assay.worker.signals.told_values import Others, RevisionKey, ToldRows, ValuedKind, told_rows
from assay.worker.signals.traffic import Integers, SliceKey, Traffic

SPLITS: Mapping[str, tuple[str, ...]] = {
    "prompt_version": ("prompt_version",),
    "model": ("model_served", "model_asked"),
    "provider": ("provider",),
    "release": ("release",),
    "version": ("version",),
    "tag": ("tags",),
    "environment": ("environment",),
    "trace_name": ("trace_name",),
    "feature": ("feature",),
    "user_tier": ("user_tier",),
    "day": ("started_at",),
}
"""What traffic can be split by, and the columns that hold it. The first that is known counts. Days are those of UTC."""


class Slices(Mapping[SliceKey, Traffic]):
    """Slices by their keys, in their order.

    Where a trace is in several slices, the columns of each are put together anew whenever it is asked for: all of them
    at once would take several times the memory of the traces.

    Attributes:
        scored: how many traces of each were scored.
        last: when the latest scored row of each ended, in microseconds. Those without one are left out.
        others: of each revision the traces whose values of a fact got no slice, where there are too many.
    """

    def __init__(
        self,
        scored: Mapping[SliceKey, int],
        traffic_of: Callable[[SliceKey], Traffic],
        last: Mapping[SliceKey, int],
        others: Mapping[RevisionKey, Others],
    ) -> None:
        self._traffic_of = traffic_of
        self.scored, self.last, self.others = scored, last, others

    def __getitem__(self, key: SliceKey) -> Traffic:
        if key not in self.scored:
            raise KeyError(key)
        return self._traffic_of(key)

    def __iter__(self) -> Iterator[SliceKey]:
        return iter(self.scored)

    def __len__(self) -> int:
        return len(self.scored)


async def read_traffic(
    history: HistoryReader, query: HistoryQuery, *, by: str | None = None, only: Container[str | None] | None = None
) -> Slices:
    """The traffic of a time span, in the order of the slices' keys.

    A trace with several tags counts under each of them. Unanswered traces go to the slice of the revision that would
    have judged them. Where none is known, it is that which judged the same versions of rubric and calibration, else
    that which judged last. Where nothing of their kind was scored they are a slice of their own, with no rows.

    Args:
        history: the record.
        query: which rows.
        by: what to split slices by, a name of `SPLITS`. None: not at all.
        only: the values that are asked for. None: all, and where they are many those with the most traces.

    Raises:
        ValueError: it cannot be split by that.
        HistoryUnavailable, ConfigurationError: the record cannot be read.
    """
    if by is not None and by not in SPLITS:
        raise ValueError(f"traffic cannot be split by {by!r}; choose one of {', '.join(SPLITS)}")
    facts = SPLITS[by] if by else ()
    gathered = Gathered()
    async for block in history.blocks(query, [*COLUMNS, *(name for name in facts if name not in COLUMNS)]):
        if len(block["cluster"]):
            gathered.add(block, *_asked(*fact_values(block, facts), only))
    return slices_of(gathered)


def _asked(
    values: Column | None, at: Integers | None, only: Container[str | None] | None
) -> tuple[Column | None, Integers | None]:
    """Of values, and of the rows that they belong to, those that are asked for."""
    if values is None or only is None:
        return values, at
    codes, known = values.coded()
    wanted = np.flatnonzero(np.array([value in only for value in known], dtype=np.bool_)[codes])
    column = taken({"value": CodedColumn(codes, known)}, wanted)["value"]  # without the other values
    return column, wanted if at is None else at[wanted]


def fact_values(block: Block, facts: Sequence[str]) -> tuple[Column | None, Integers | None]:
    """The fact that columns of `SPLITS` tell of each row, and which row each is where a row has several.

    None: there is none to split by.
    """
    if not facts:
        return None, None
    if facts == ("tags",):
        pairs = [(tag, at) for at, tags in enumerate(block["tags"]) for tag in dict.fromkeys(tags or (None,))]
        return PlainColumn(tag for tag, _ in pairs), np.array([at for _, at in pairs], dtype=np.int64)
    if facts == ("started_at",):
        return utc_days(block["started_at"]), None
    codes, known = rows_alike([block[name] for name in facts])
    return CodedColumn(codes, [next((str(value) for value in row if value is not None), None) for row in known]), None


def utc_days(started: Column) -> CodedColumn:
    """The UTC day of each moment, e.g. `2026-11-20`."""
    days, codes = np.unique(started.integers() // DAY_US, return_inverse=True)
    return CodedColumn(codes.astype(np.int64), np.datetime_as_string(days.astype("datetime64[D]")).tolist())


def slices_of(gathered: Gathered) -> Slices:
    """The slices of rows that were gathered, in the order of their keys. It may be done once: the rows are used up."""
    told = told_rows(gathered)
    homes = _homes(told)
    order = sorted(set(homes), key=lambda key: (key[:3], key.value is not None, key.value or ""))
    number = {key: k for k, key in enumerate(order)}
    boost, calibrations, last = Counter[SliceKey](), _calibrations(told), _last(told)
    for kind, count in told.boost.items():
        boost[homes[kind]] += count
    is_judged = np.array([_own(valued) in last for valued in told.kinds], dtype=np.bool_)
    of_kind = np.array([number[key] for key in homes], dtype=np.int32)
    rows = SlicedRows(told, of_kind, len(order), is_judged, list(gathered.ends))

    def put_together(key: SliceKey) -> Traffic:
        return replace(rows.traffic(key, number[key]), boost=boost[key], calibration=calibrations.get(key))

    scored = {key: rows.scored(k) for key, k in number.items() if rows.has_any(k) or boost[key]}
    slices = {key: put_together(key) for key in scored} if rows.are_once else None
    return Slices(scored, slices.__getitem__ if slices else put_together, last, told.others)


def _homes(told: ToldRows) -> list[SliceKey]:
    """The slice of each kind, by its code."""
    versions: dict[SliceKey, set[tuple[str, str | None]]] = {}
    for code in told.last:
        versions.setdefault(_own(told.kinds[code]), set()).add(_version(told.kinds[code]))
    last = _last(told)
    judged: dict[tuple[str, str, str | None], list[SliceKey]] = {}
    for key in last:
        judged.setdefault((key.use_case, key.rubric, key.value), []).append(key)
    homes = []
    for valued in told.kinds:
        own, version = _own(valued), _version(valued)
        near = judged.get((own.use_case, own.rubric, own.value), [])
        best = max(near, key=lambda key: (version in versions[key], last[key]), default=None)
        homes.append(own if own in last or best is None else best)
    return homes


def _last(told: ToldRows) -> dict[SliceKey, int]:
    """When the latest scored row of each slice ended."""
    last: dict[SliceKey, int] = {}
    for code, changed in told.last.items():
        key = _own(told.kinds[code])
        last[key] = max(last.get(key, 0), changed)
    return last


def _calibrations(told: ToldRows) -> dict[SliceKey, str | None]:
    """The calibration that each slice was judged with last."""
    by_time = sorted(told.last, key=told.last.__getitem__)
    return {_own(told.kinds[code]): told.kinds[code].kind.calibration_hash for code in by_time}


def _own(valued: ValuedKind) -> SliceKey:
    kind = valued.kind
    return SliceKey(kind.use_case, kind.rubric, kind.revision or "", valued.value)


def _version(valued: ValuedKind) -> tuple[str, str | None]:
    return valued.kind.rubric_hash, valued.kind.calibration_hash
