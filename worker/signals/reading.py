"""From the record to traffic: one slice for each use case, rubric, revision and value of what is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import CodedColumn, Column, PlainColumn, rows_alike, stable_order, taken
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.gathering import COLUMNS, DAY_US, Columns, Gathered
from assay.worker.signals.told_values import Others, RevisionKey, ToldRows, ValuedKind, told_rows
from assay.worker.signals.traffic import Bools, Integers, ScreenedRows, SliceKey, Traffic, Unanswered
from assay.worker.signals.unanswered import is_unanswered

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


class Slices(dict[SliceKey, Traffic]):
    """Slices by their keys.

    Attributes:
        last: when the latest scored row of each ended, in microseconds. Those without one are left out.
        others: of each revision the traces whose values of a fact got no slice, where there are too many.
    """

    def __init__(
        self, slices: Mapping[SliceKey, Traffic], last: Mapping[SliceKey, int], others: Mapping[RevisionKey, Others]
    ) -> None:
        super().__init__(slices)
        self.last, self.others = last, others


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
    rows, screened = told.rows, told.screened
    ends = list(gathered.ends)
    scored = np.array([state == "scored" for state, _ in ends], dtype=np.bool_)[rows["ended"].astype(np.int64)]
    missing = np.array([is_unanswered(*end) for end in ends], dtype=np.bool_)[rows["ended"].astype(np.int64)]
    homes = _homes(told)
    order = sorted(set(homes), key=lambda key: (key[:3], key.value is not None, key.value or ""))
    number = {key: k for k, key in enumerate(order)}
    of_kind = np.array([number[key] for key in homes], dtype=np.int64)
    silent = _split({name: rows[name][missing] for name in ("kind", "pi", "days", "ended")}, of_kind, len(order))
    answered = _split(_only(rows, scored), of_kind, len(order))
    phases = _split(_only(screened, _counts(screened, told)), of_kind, len(order))
    boost, calibrations = Counter[SliceKey](), _calibrations(told)
    for kind, count in told.boost.items():
        boost[homes[kind]] += count
    slices = {}
    for k, key in enumerate(order):
        if answered[k]["pi"].size or silent[k]["pi"].size or boost[key]:
            traffic = _traffic(key, answered[k], silent[k], phases[k], ends)
            slices[key] = replace(traffic, boost=boost[key], calibration=calibrations.get(key))
    return Slices(slices, _last(told), told.others)


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


def _counts(screened: Columns, told: ToldRows) -> Bools:
    """Screened traces that count: scored ones, and lost ones whose own revision scored others."""
    judged = {_own(told.kinds[code]) for code in told.last}
    is_judged = np.array([_own(valued) in judged for valued in told.kinds], dtype=np.bool_)
    answered = screened["lost"] == 0
    kept: Bools = answered | is_judged[screened["kind"]] if told.kinds else answered
    return kept


def _only(columns: Columns, wanted: Bools) -> Columns:
    """Some rows, one column after the other so that no two copies of all lie in memory."""
    return {name: columns.pop(name)[wanted] for name in list(columns)}


def _split(columns: Columns, of_kind: Integers, count: int) -> list[Columns]:
    """The columns of each slice, its rows in the order in which they came."""
    slices = of_kind[columns.pop("kind").astype(np.int64)] if of_kind.size else np.empty(0, dtype=np.int64)
    order = stable_order(slices, count)
    ends = np.searchsorted(slices[order], np.arange(count + 1))
    parts: list[dict[str, Any]] = [{} for _ in range(count)]
    for name in list(columns):
        column = columns.pop(name)[order]
        for k in range(count):
            parts[k][name] = column[ends[k] : ends[k + 1]].copy()
    return parts


def _traffic(
    key: SliceKey, rows: Columns, silent: Columns, screened: Columns, ends: Sequence[tuple[str, str]]
) -> Traffic:
    has_risk = ~np.isnan(rows["risk"])
    names = tuple(f"{state}: {reason}" for state, reason in ends)
    return Traffic(
        key=key,
        risk=rows["risk"],
        faithfulness=rows["faithfulness"],
        groundedness=rows["groundedness"],
        pi=rows["pi"],
        clusters=rows["clusters"],
        days=rows["days"],
        state_codes=rows["ended"],
        state_names=tuple(reason if state == "scored" else "" for state, reason in ends),
        calibrated=bool(rows["calibrated"][has_risk].all()) and bool(has_risk.any()),
        screened=_screened(screened) if (screened["lost"] == 0).any() else None,
        unanswered=Unanswered(pi=silent["pi"], days=silent["days"], reason_codes=silent["ended"], reason_names=names),
    )


def _screened(columns: Columns) -> ScreenedRows:
    return ScreenedRows(
        first=columns["first"],
        final=columns["final"],
        seen=columns["seen"].astype(np.bool_),
        chosen=columns["chosen"].astype(np.bool_),
        pi=columns["pi"],
        pi2=columns["pi2"],
        clusters=columns["clusters"].astype(np.int64),
        days=columns["days"].astype(np.int64),
    )
