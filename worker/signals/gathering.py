"""Rows of the record as they come in blocks, kept as numbers: some seventy bytes a row, and no row itself."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.history import Block
from assay.worker.records.columns import CodedColumn, Column, PlainColumn, rows_alike
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.traffic import Bools, Integers
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

ROW_FIELDS = ("kind", "ended", "risk", "faithfulness", "groundedness", "pi", "clusters", "days", "calibrated")
SCREENED_FIELDS = ("first", "final", "seen", "chosen", "pi", "pi2", "clusters", "days", "kind", "lost")

DAY_US = 86_400_000_000
"""Microseconds of a day, as moments are counted."""

_EPOCH_ORDINAL = 719_163

Columns = dict[str, NDArray[Any]]


class Kind(NamedTuple):
    """What rows have in common, as far as it decides which slice they belong to."""

    use_case: str
    rubric: str
    revision: str | None
    value: str | None
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
        ends: every (state, reason) that occurred, numbered.
        last: when the latest row of each kind ended, in microseconds, by its number.
        boost: scored rows that count in no rate, by the number of their kind.
    """

    def __init__(self) -> None:
        self.kinds, self.ends = Numbers(), Numbers()
        self.last: dict[int, int] = {}
        self.boost: dict[int, int] = {}
        self._rows: list[Columns] = []
        self._screened: list[Columns] = []

    def add(self, block: Block, values: Column, at: Integers | None) -> None:
        """Keep a block.

        Args:
            block: its columns, `COLUMNS` among them.
            values: the fact that slices are split by, of each row that is kept.
            at: which row of the block each of them is, where one row may count several times. None: all, once.
        """
        rows = _row_columns(block, self.ends.of([block["state"], block["reason"]]))
        screening, silent = block["screening"].mapped(_phases), block["unanswered"].mapped(_silent_phases)
        rows["row"] = np.arange(len(block["cluster"]))
        if at is not None:
            rows = {name: column[at] for name, column in rows.items()}
        rows["kind"] = self._kinds_of(block, values, silent, rows["row"] if at is not None else None)
        base = self._drawn(rows)
        self._note_last(base)
        if any(screening) or any(silent):
            self._add_screened(base, screening, [other and other[1] for other in silent])
        del base["row"]
        self._rows.append(base)

    def rows(self) -> Columns:
        """Rows that count in rates, scored ones and others."""
        return _joined(self._rows, ROW_FIELDS)

    def screened(self) -> Columns:
        """Those that a cascade's first tier judged."""
        return _joined(self._screened, SCREENED_FIELDS)

    def _kinds_of(
        self, block: Block, values: Column, silent: Sequence[_Silent | None], at: Integers | None
    ) -> Integers:
        revisions = _revisions(block["revision"], silent)
        own = [block["use_case"], block["rubric"], revisions, block["rubric_hash"], block["calibration_hash"]]
        if at is not None:
            own = [CodedColumn(codes[at], known) for codes, known in (column.coded() for column in own)]
        use_cases, rubrics, revisions, *hashes = own
        return self.kinds.of([use_cases, rubrics, revisions, values, *hashes])

    def _drawn(self, rows: Columns) -> Columns:
        outside = rows.pop("outside")
        if not outside.any():
            return rows
        scored = self._is_end("scored")[rows["ended"]]
        for kind, count in zip(*np.unique(rows["kind"][outside & scored], return_counts=True), strict=True):
            self.boost[int(kind)] = self.boost.get(int(kind), 0) + int(count)
        return {name: column[~outside] for name, column in rows.items()}

    def _note_last(self, rows: Columns) -> None:
        changed, scored = rows.pop("changed_at"), self._is_end("scored")[rows["ended"]]
        latest = np.zeros(len(self.kinds), dtype=np.int64)
        np.maximum.at(latest, rows["kind"][scored], changed[scored])
        for kind in np.flatnonzero(latest).tolist():
            self.last[kind] = max(self.last.get(kind, 0), int(latest[kind]))

    def _is_end(self, state: str) -> Bools:
        return np.array([name == state for name, _ in self.ends], dtype=np.bool_)

    def _add_screened(
        self, rows: Columns, screening: Sequence[_Phases | None], silent: Sequence[_Phases | None]
    ) -> None:
        """Keep the rows that have a first phase.

        Args:
            rows: those that count in rates.
            screening: of each row of the block.
            silent: the same of those that a later tier gave no answer to.
        """
        is_lost = np.array([is_unanswered(*end) for end in self.ends], dtype=np.bool_)[rows["ended"]]
        counts = is_lost | self._is_end("scored")[rows["ended"]]
        of_rows = zip(rows["row"].tolist(), is_lost.tolist(), counts.tolist(), strict=True)
        told = [(silent if lost else screening)[row] if counts else None for row, lost, counts in of_rows]
        kept = np.array([phases is not None for phases in told], dtype=np.bool_)
        first, phase2, chosen, pi2 = np.array([phases for phases in told if phases], dtype=np.float64).reshape(-1, 4).T
        seen = (phase2 == 1) & ~is_lost[kept]
        final = np.where(seen, rows["risk"][kept], np.nan)
        phases = {"first": first.copy(), "final": final, "seen": seen, "chosen": chosen == 1, "pi2": pi2.copy()}
        columns = {name: rows[name][kept] for name in ("pi", "clusters", "days", "kind")}
        self._screened.append({**phases, "lost": is_lost[kept], **columns})


_Phases = tuple[float | None, bool, bool, float]
"""What the first tier said, whether a later one answered, whether it was to, and how likely it was to be asked."""

_Silent = tuple[str | None, _Phases | None]
"""The revision under which a later tier gave no answer, and what the first one had said."""


def _phases(screening: Mapping[str, Any] | None) -> _Phases | None:
    if not screening:
        return None
    risk = screening["scores"].get("hallucination_risk")
    return risk, bool(screening["phase2"]), screening["why"] != "passed", screening["pi2"]


def _silent_phases(unanswered: Mapping[str, Any] | None) -> _Silent | None:
    return (unanswered.get("revision"), _phases(unanswered.get("screening"))) if unanswered else None


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


def _revisions(judged: Column, silent: Sequence[_Silent | None]) -> Column:
    """Under which revision each row was judged, or would have been."""
    if not any(silent):
        return judged
    return PlainColumn(
        revision or (other[0] if other else None) for revision, other in zip(judged, silent, strict=True)
    )


def _outside(block: Block) -> Bools:
    codes, drawn = rows_alike([block["sample"], block["stratum"]])
    return np.array([not counts_in_rates(*sample_and_stratum) for sample_and_stratum in drawn], dtype=np.bool_)[codes]


def _joined(blocks: list[Columns], names: Sequence[str]) -> Columns:
    """One column of each name, made one after the other so that no two copies of all lie in memory."""
    return {name: np.concatenate([block.pop(name) for block in blocks]) if blocks else np.empty(0) for name in names}
