"""From the record to traffic: one slice for each use case, rubric, revision and value of what is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import CodedColumn, Column, PlainColumn, rows_alike, stable_order
from assay.worker.records.history import HistoryQuery
from assay.worker.signals.gathering import COLUMNS, DAY_US, Columns, Gathered, Kind
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


async def read_traffic(
    history: HistoryReader, query: HistoryQuery, *, by: str | None = None
) -> dict[SliceKey, Traffic]:
    """The traffic of a time span, in the order of the slices' keys.

    A trace with several tags counts under each of them. Unanswered traces go to the slice of the revision that would
    have judged them. Where none is known, it is that which judged the same versions of rubric and calibration, else
    that which judged last. Where nothing of their kind was scored they are a slice of their own, with no rows.

    Args:
        history: the record.
        query: which rows.
        by: what to split slices by, a name of `SPLITS`. None: not at all.

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
            gathered.add(block, *_values(block, facts))
    return slices_of(gathered)


def _values(block: Block, facts: Sequence[str]) -> tuple[Column, Integers | None]:
    """The fact of each row, and which row each is where a row has several."""
    if facts == ("tags",):
        pairs = [(tag, at) for at, tags in enumerate(block["tags"]) for tag in dict.fromkeys(tags or (None,))]
        return PlainColumn(tag for tag, _ in pairs), np.array([at for _, at in pairs], dtype=np.int64)
    if facts == ("started_at",):
        return utc_days(block["started_at"]), None
    codes, known = rows_alike([block[name] for name in facts or ("use_case",)])
    first = [next((str(value) for value in values if value is not None), None) for values in known]
    return CodedColumn(codes, first if facts else [None] * len(known)), None


def utc_days(started: Column) -> CodedColumn:
    """The UTC day of each moment, e.g. `2026-11-20`."""
    days, codes = np.unique(started.integers() // DAY_US, return_inverse=True)
    return CodedColumn(codes.astype(np.int64), np.datetime_as_string(days.astype("datetime64[D]")).tolist())


def slices_of(gathered: Gathered) -> dict[SliceKey, Traffic]:
    """The slices of rows that were gathered, in the order of their keys. It may be done once: the rows are used up."""
    rows, screened = gathered.rows(), gathered.screened()
    ends = list(gathered.ends)
    scored = np.array([state == "scored" for state, _ in ends], dtype=np.bool_)[rows["ended"].astype(np.int64)]
    missing = np.array([is_unanswered(*end) for end in ends], dtype=np.bool_)[rows["ended"].astype(np.int64)]
    homes = _homes(gathered)
    order = sorted(set(homes), key=lambda key: (key[:3], key.value is not None, key.value or ""))
    number = {key: k for k, key in enumerate(order)}
    of_kind = np.array([number[key] for key in homes], dtype=np.int64)
    silent = _split({name: rows[name][missing] for name in ("kind", "pi", "days", "ended")}, of_kind, len(order))
    answered = _split(_only(rows, scored), of_kind, len(order))
    phases = _split(_only(screened, _counts(screened, gathered)), of_kind, len(order))
    boost, calibrations = Counter[SliceKey](), _calibrations(gathered)
    for kind, count in gathered.boost.items():
        boost[homes[kind]] += count
    slices = {}
    for k, key in enumerate(order):
        if answered[k]["pi"].size or silent[k]["pi"].size or boost[key]:
            traffic = _traffic(key, answered[k], silent[k], phases[k], ends)
            slices[key] = replace(traffic, boost=boost[key], calibration=calibrations.get(key))
    return slices


def _homes(gathered: Gathered) -> list[SliceKey]:
    """The slice of each kind, by its number."""
    kinds = [Kind(*kind) for kind in gathered.kinds]
    versions: dict[SliceKey, set[tuple[str, str | None]]] = {}
    last: dict[SliceKey, int] = {}
    for number, changed in gathered.last.items():
        kind = kinds[number]
        key = _own(kind)
        versions.setdefault(key, set()).add((kind.rubric_hash, kind.calibration_hash))
        last[key] = max(last.get(key, 0), changed)
    judged: dict[tuple[str, str, str | None], list[SliceKey]] = {}
    for key in last:
        judged.setdefault((key.use_case, key.rubric, key.value), []).append(key)
    homes = []
    for kind in kinds:
        version = (kind.rubric_hash, kind.calibration_hash)
        near = judged.get((kind.use_case, kind.rubric, kind.value), [])
        best = max(near, key=lambda key: (version in versions[key], last[key]), default=None)
        homes.append(_own(kind) if _own(kind) in last or best is None else best)
    return homes


def _calibrations(gathered: Gathered) -> dict[SliceKey, str | None]:
    """The calibration that each slice was judged with last."""
    kinds = [Kind(*kind) for kind in gathered.kinds]
    by_time = sorted(gathered.last, key=gathered.last.__getitem__)
    return {_own(kinds[number]): kinds[number].calibration_hash for number in by_time}


def _own(kind: Kind) -> SliceKey:
    return SliceKey(kind.use_case, kind.rubric, kind.revision or "", kind.value)


def _counts(screened: Columns, gathered: Gathered) -> Bools:
    """Screened traces that count: scored ones, and lost ones whose own revision scored others."""
    kinds = [Kind(*kind) for kind in gathered.kinds]
    judged = {_own(kinds[number]) for number in gathered.last}
    known = np.array([_own(kind) in judged for kind in kinds], dtype=np.bool_)
    kept: Bools = (screened["lost"] == 0) | known[screened["kind"].astype(np.int64)] if kinds else screened["lost"] == 0
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
