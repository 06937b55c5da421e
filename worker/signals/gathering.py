"""Rows of the record as they come in blocks, kept as numbers: some seventy bytes a row, and no row itself.

A trace may have several values of the fact that slices are split by. It is kept once, and each of its values as eight
bytes more.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from assay.worker.ports.history import Block
from assay.worker.records.columns import CodedColumn, Column, by_first, rows_alike
from assay.worker.signals.frequent import Frequent
from assay.worker.signals.phase_texts import NO_PHASES, Phases, phases_in, phases_of
from assay.worker.signals.stacked import Columns, Stacked
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.traffic import Bools, Floats, Integers, Shorts
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

ROW_TYPES = {
    "kind": np.int32,
    "ended": np.int32,
    **dict.fromkeys(("risk", "faithfulness", "groundedness", "pi"), np.float64),
    **dict.fromkeys(("clusters", "days", "changed_at"), np.int64),
    "calibrated": np.bool_,
}
VALUE_TYPES = {"row": np.int32, "value": np.int32}
SCREENED_TYPES = {
    "row": np.int32,
    **dict.fromkeys(("first", "pi2"), np.float64),
    **dict.fromkeys(("seen", "chosen", "lost"), np.bool_),
}
BOOST_TYPES = {"kind": np.int32, "value": np.int32}

DAY_US = 86_400_000_000
"""Microseconds of a day, as moments are counted."""

_EPOCH_ORDINAL = 719_163


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
        self._rows, self._values = Stacked(ROW_TYPES), Stacked(VALUE_TYPES)
        self._screened, self._boost = Stacked(SCREENED_TYPES), Stacked(BOOST_TYPES)
        self._is_split = False

    def add(self, block: Block, values: Column | None, at: Integers | None) -> None:
        """Keep a block.

        Args:
            block: its columns, `COLUMNS` among them.
            values: the fact that slices are split by, of each row that is kept. None: they are not split.
            at: which row of the block each of them is, rising; one row may count several times. None: all, once.
        """
        rows = _row_columns(block, self.ends.of([block["state"], block["reason"]]))
        screening, silent = phases_in(block["screening"]), block["unanswered"].mapped(_silent_phases)
        rows["at"] = at_row = np.arange(len(block["cluster"]))
        if at is not None:
            first, at_row = by_first(at)
            rows = {name: column[at[first]] for name, column in rows.items()}
        rows["kind"] = self._kinds_of(block, silent, None if at is None else rows["at"])
        told = {"row": at_row, "value": np.zeros_like(at_row) if values is None else self.values.of([values])}
        self._is_split = self._is_split or values is not None
        rows, told = self._drawn(rows, told)
        phases, other = _phase_columns(screening), _phase_columns([each[1] for each in silent])
        if phases is not None or other is not None:
            self._add_screened(rows, phases, other)
        if self._is_split:
            self._values.add({**told, "row": told["row"] + self._rows.size})
        self._rows.add(rows)

    def rows(self) -> Columns:
        """Rows that count in rates, scored ones and others, each once."""
        return self._rows.taken()

    def values_of_rows(self) -> tuple[Shorts | None, Shorts | None]:
        """The number of each value, and which row has it. None: there is but one value; each row has one."""
        if not self._is_split:
            return None, None
        is_once = self._values.size == self._rows.size
        told = self._values.taken()
        return told["value"], None if is_once else told["row"]

    def screened(self) -> Columns:
        """What a cascade's first tier said, and which row each is of."""
        return self._screened.taken()

    def boost(self) -> Columns:
        """Kind and value of scored rows that count in no rate."""
        return self._boost.taken()

    def _kinds_of(self, block: Block, silent: Sequence[_Silent], at: Integers | None) -> Integers:
        revisions = _revisions(block["revision"], silent)
        own = [block["use_case"], block["rubric"], revisions, block["rubric_hash"], block["calibration_hash"]]
        if at is not None:
            own = [CodedColumn(codes[at], known) for codes, known in (column.coded() for column in own)]
        return self.kinds.of(own)

    def _drawn(self, rows: Columns, told: Columns) -> tuple[Columns, Columns]:
        """Rows that count in rates, and their values. The scored ones among the others are boosted."""
        outside = rows.pop("outside")
        if not outside.any():
            return rows, told
        boosted = (outside & self._is_end("scored")[rows["ended"]])[told["row"]]
        self._boost.add({"kind": rows["kind"][told["row"][boosted]], "value": told["value"][boosted]})
        kept = ~outside[told["row"]]
        moved = {"row": (np.cumsum(~outside) - 1)[told["row"][kept]], "value": told["value"][kept]}
        return {name: column[~outside] for name, column in rows.items()}, moved

    def _is_end(self, state: str) -> Bools:
        return np.array([name == state for name, _ in self.ends], dtype=np.bool_)

    def _add_screened(self, rows: Columns, screening: Floats | None, silent: Floats | None) -> None:
        """Keep the rows that have a first phase.

        Args:
            rows: those that count in rates.
            screening: the phases of each row of the block. None: no row has any.
            silent: the same of those that a later tier gave no answer to.
        """
        at = rows["at"]
        is_lost = np.array([is_unanswered(*end) for end in self.ends], dtype=np.bool_)[rows["ended"]]
        is_scored = self._is_end("scored")[rows["ended"]]
        phases = np.full((at.size, len(NO_PHASES)), np.nan)
        for of_rows, which in ((screening, is_scored & ~is_lost), (silent, is_lost)):
            if of_rows is not None:
                phases[which] = of_rows[at[which]]
        kept = np.flatnonzero(~np.isnan(phases[:, -1]))
        first, phase2, chosen, pi2 = phases[kept].T
        lost = is_lost[kept]
        told = {"first": first, "seen": (phase2 == 1) & ~lost, "chosen": chosen == 1, "pi2": pi2, "lost": lost}
        self._screened.add({**told, "row": kept + self._rows.size})


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
