"""Rows of the record as they come in blocks, kept as numbers: some seventy bytes a row, and no row itself."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.history import Block
from assay.worker.records.columns import CodedColumn, Column, by_first, rows_alike
from assay.worker.signals.frequent import Frequent
from assay.worker.signals.phase_texts import NO_PHASES, Phases, phases_in, phases_of
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.traffic import Bools, Floats, Integers
from assay.worker.signals.unanswered import is_unanswered

COLUMNS = (
    "cluster",
    "rubric",
    "rubric_hash",
    "calibration_hash",
    "use_case",
    "pi",
    "sample",
    "stratum",
    "started_at",
    "state",
    "reason",
    "changed_at",
    "revision",
    "risk",
    "faithfulness",
    "groundedness",
    "calibrated",
    "screening",
    "unanswered",
)
"""What is read of each row, beside the fact that slices are split by."""

ROW_FIELDS = ("kind", "value", "ended", "risk", "faithfulness", "groundedness", "pi", "clusters", "days", "calibrated")
SCREENED_FIELDS = ("first", "final", "seen", "chosen", "pi", "pi2", "clusters", "days", "kind", "value", "lost")

DAY_US = 86_400_000_000
"""Microseconds of a day, as moments are counted."""

_EPOCH_ORDINAL = 719_163

Columns = dict[str, NDArray[Any]]


class Kind(NamedTuple):
    """What rows have in common, as far as it decides which slice they belong to, beside the fact they are split by."""

    use_case: str
    rubric: str
    revision: str | None
    rubric_hash: str
    calibration_hash: str | None


class Numbers(dict[Any, int]):
    """Gives each new thing the next number, from 0 on."""

    def __missing__(self, key: Hashable) -> int:
        self[key] = number = len(self)
        return number

    def of(self, columns: Sequence[Column]) -> Integers:
        """The number of each row's values in these columns."""
        codes, things = rows_alike(columns)
        return np.array([self[thing] for thing in things], dtype=np.int64)[codes]


class Gathered:
    """All rows of one query, as columns.

    Attributes:
        kinds: every `Kind` that occurred, numbered.
        values: every value of the fact that slices are split by, numbered. There may be as many as rows.
        ends: every (state, reason) that occurred, numbered.
    """

    def __init__(self) -> None:
        self.kinds, self.values, self.ends = Numbers(), Frequent(), Numbers()
        self._rows: list[Columns] = []
        self._screened: list[Columns] = []
        self._latest: list[Columns] = []
        self._boost: list[Columns] = []

    def add(self, block: Block, values: Column | None, at: Integers | None) -> None:
        """Keep a block.

        Args:
            block: its columns, `COLUMNS` among them.
            values: the fact that slices are split by, of each row that is kept. None: they are not split.
            at: which row of the block each of them is, where one row may count several times. None: all, once.
        """
        rows = _row_columns(block, self.ends.of([block["state"], block["reason"]]))
        screening, silent = phases_in(block["screening"]), block["unanswered"].mapped(_silent_phases)
        rows["row"] = np.arange(len(block["cluster"]))
        if at is not None:
            rows = {name: column[at] for name, column in rows.items()}
        rows["kind"] = self._kinds_of(block, silent, rows["row"] if at is not None else None)
        size = rows["kind"].size
        rows["value"] = np.zeros(size, dtype=np.int32) if values is None else self.values.of([values]).astype(np.int32)
        base = self._drawn(rows)
        self._note_latest(base)
        first, other = _phase_columns(screening), _phase_columns([each[1] for each in silent])
        if first is not None or other is not None:
            self._add_screened(base, first, other)
        del base["row"]
        self._rows.append(base)

    def rows(self) -> Columns:
        """Rows that count in rates, scored ones and others."""
        return _joined(self._rows, ROW_FIELDS)

    def screened(self) -> Columns:
        """Those that a cascade's first tier judged."""
        return _joined(self._screened, SCREENED_FIELDS)

    def latest(self) -> Columns:
        """When rows of a kind and value were scored last: `kind`, `value` and `changed_at`, several of one pair."""
        return _joined(self._latest, ("kind", "value", "changed_at"))

    def boost(self) -> Columns:
        """Kind and value of scored rows that count in no rate."""
        return _joined(self._boost, ("kind", "value"))

    def _kinds_of(self, block: Block, silent: Sequence[_Silent], at: Integers | None) -> Integers:
        revisions = _revisions(block["revision"], silent)
        own = [block["use_case"], block["rubric"], revisions, block["rubric_hash"], block["calibration_hash"]]
        if at is not None:
            own = [CodedColumn(codes[at], known) for codes, known in (column.coded() for column in own)]
        return self.kinds.of(own).astype(np.int32)

    def _drawn(self, rows: Columns) -> Columns:
        outside = rows.pop("outside")
        if not outside.any():
            return rows
        boosted = outside & self._is_end("scored")[rows["ended"]]
        self._boost.append({name: rows[name][boosted] for name in ("kind", "value")})
        return {name: column[~outside] for name, column in rows.items()}

    def _note_latest(self, rows: Columns) -> None:
        changed, scored = rows.pop("changed_at"), self._is_end("scored")[rows["ended"]]
        kind, value = rows["kind"][scored], rows["value"][scored]
        if kind.size:
            first, codes = by_first(value.astype(np.int64) * len(self.kinds) + kind)
            latest = np.zeros(first.size, dtype=np.int64)
            np.maximum.at(latest, codes, changed[scored])
            self._latest.append({"kind": kind[first], "value": value[first], "changed_at": latest})

    def _is_end(self, state: str) -> Bools:
        return np.array([name == state for name, _ in self.ends], dtype=np.bool_)

    def _add_screened(self, rows: Columns, screening: Floats | None, silent: Floats | None) -> None:
        """Keep the rows that have a first phase.

        Args:
            rows: those that count in rates.
            screening: the phases of each row of the block. None: no row has any.
            silent: the same of those that a later tier gave no answer to.
        """
        at = rows["row"]
        is_lost = np.array([is_unanswered(*end) for end in self.ends], dtype=np.bool_)[rows["ended"]]
        is_scored = self._is_end("scored")[rows["ended"]]
        phases = np.full((at.size, len(NO_PHASES)), np.nan)
        for of_rows, which in ((screening, is_scored & ~is_lost), (silent, is_lost)):
            if of_rows is not None:
                phases[which] = of_rows[at[which]]
        kept = ~np.isnan(phases[:, -1])
        first, phase2, chosen, pi2 = phases[kept].T
        seen = (phase2 == 1) & ~is_lost[kept]
        final = np.where(seen, rows["risk"][kept], np.nan)
        told = {"first": first.copy(), "final": final, "seen": seen, "chosen": chosen == 1, "pi2": pi2.copy()}
        columns = {name: rows[name][kept] for name in ("pi", "clusters", "days", "kind", "value")}
        self._screened.append({**told, "lost": is_lost[kept], **columns})


_Silent = tuple[str | None, Phases]
"""The revision under which a later tier gave no answer, and what the first one had said."""

_NOT_SILENT: _Silent = (None, NO_PHASES)


def _silent_phases(unanswered: Mapping[str, Any] | None) -> _Silent:
    return (unanswered.get("revision"), phases_of(unanswered.get("screening"))) if unanswered else _NOT_SILENT


def _phase_columns(phases: Sequence[Phases]) -> Floats | None:
    """A row of numbers for each row of a block. None: no row has any."""
    if phases.count(NO_PHASES) == len(phases):
        return None
    flat = np.fromiter(chain.from_iterable(phases), np.float64, len(NO_PHASES) * len(phases))
    return flat.reshape(-1, len(NO_PHASES))


def _row_columns(block: Block, ended: Integers) -> Columns:
    return {
        "ended": ended,
        **{name: block[name].floats() for name in ("risk", "faithfulness", "groundedness", "pi")},
        "clusters": block["cluster"].integers(),
        "days": block["started_at"].integers() // DAY_US + _EPOCH_ORDINAL,
        "calibrated": block["calibrated"].floats() == 1,
        "outside": _outside(block),
        "changed_at": block["changed_at"].integers(),
    }


def _revisions(judged: Column, silent: Sequence[_Silent]) -> Column:
    """Under which revision each row was judged, or would have been."""
    if silent.count(_NOT_SILENT) == len(silent):
        return judged
    lost = [(row, revision) for row, (revision, _) in enumerate(silent) if revision]
    codes, values = judged.coded()
    codes, values = codes.copy(), list(values)
    numbers: dict[str, int] = {}
    for row, revision in lost:
        if not values[codes[row]]:
            codes[row] = numbers.setdefault(revision, len(values) + len(numbers))
    return CodedColumn(codes, [*values, *numbers])


def _outside(block: Block) -> Bools:
    codes, drawn = rows_alike([block["sample"], block["stratum"]])
    return np.array([not counts_in_rates(*sample_and_stratum) for sample_and_stratum in drawn], dtype=np.bool_)[codes]


def _joined(blocks: list[Columns], names: Sequence[str]) -> Columns:
    """One column of each name, made one after the other so that no two copies of all lie in memory."""
    return {name: np.concatenate([block.pop(name) for block in blocks]) if blocks else np.empty(0) for name in names}
