"""The rows of each slice, out of columns that hold those of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.worker.records.columns import stable_order
from assay.worker.signals.stacked import Columns
from assay.worker.signals.told_values import ToldRows
from assay.worker.signals.traffic import Bools, ScreenedRows, Shorts, SliceKey, Traffic, Unanswered
from assay.worker.signals.unanswered import is_unanswered


class SlicedRows:
    """Rows of slices, those of one behind those of another; of each the scored ones first.

    Where every row is in one slice the columns themselves are put into that order, and slices are views of them. Else
    the order is that of indexes, and a slice is taken out of the columns when it is asked for.

    Args:
        told: the rows. They are used up.
        of_kind: the slice of each kind, as a number.
        count: how many slices there are.
        is_judged: the kinds whose own revision scored some: what a later tier lost of them counts in its cascade.
        ends: state and reason, by the code of how a row ended.

    Attributes:
        are_once: whether every row is in one slice.
    """

    def __init__(
        self, told: ToldRows, of_kind: Shorts, count: int, is_judged: Bools, ends: Sequence[tuple[str, str]]
    ) -> None:
        self.are_once = told.at is None
        self._rows, self._screened = told.rows, told.screened
        self._state_names = tuple(reason if state == "scored" else "" for state, reason in ends)
        self._reason_names = tuple(f"{state}: {reason}" for state, reason in ends)
        self._is_missing = np.array([is_unanswered(*end) for end in ends], dtype=np.bool_)
        is_other = np.array([state != "scored" for state, _ in ends], dtype=np.bool_)[self._rows["ended"]]
        part: Shorts = of_kind[told.codes] if of_kind.size else np.empty(0, dtype=np.int32)
        part *= 2
        part += is_other if told.at is None else is_other[told.at]
        order = stable_order(part, 2 * count)
        self._bounds = np.concatenate([[0], np.cumsum(np.bincount(part, minlength=2 * count))]).tolist()
        del part
        self._is_judged = is_judged[told.codes[order]] if self._screened["row"].size else None
        number = self._numbers_of_screened()
        if told.at is None:
            self._at = None
            self._screened_of = None if number is None else number[order]
            for name in list(self._rows):  # one after the other, so that no two copies of all lie in memory
                self._rows[name] = self._rows[name][order]
        else:
            self._at, self._screened_of = told.at[order], number

    def scored(self, k: int) -> int:
        """How many rows of a slice were scored."""
        begin, middle, _ = self._bounds[2 * k : 2 * k + 3]
        return int(middle - begin)

    def has_any(self, k: int) -> bool:
        """Whether a slice has scored rows, or such that stayed unanswered."""
        _, middle, end = self._bounds[2 * k : 2 * k + 3]
        others = self._rows["ended"][self._places(middle, end)]
        return self.scored(k) > 0 or bool(self._is_missing[others].any())

    def traffic(self, key: SliceKey, k: int) -> Traffic:
        """A slice, in the order in which its rows came."""
        begin, middle, end = self._bounds[2 * k : 2 * k + 3]
        rows = self._columns(begin, middle)
        has_risk = ~np.isnan(rows["risk"])
        return Traffic(
            key=key,
            risk=rows["risk"],
            faithfulness=rows["faithfulness"],
            groundedness=rows["groundedness"],
            pi=rows["pi"],
            clusters=rows["clusters"],
            days=rows["days"],
            state_codes=rows["ended"],
            state_names=self._state_names,
            calibrated=bool(rows["calibrated"][has_risk].all()) and bool(has_risk.any()),
            screened=self._screened_rows(begin, end),
            unanswered=self._unanswered(middle, end),
        )

    def _places(self, begin: int, end: int) -> slice | Shorts:
        """Where rows of the order lie in the columns."""
        return slice(begin, end) if self._at is None else self._at[begin:end]

    def _columns(self, begin: int, end: int) -> Columns:
        places = self._places(begin, end)
        return {name: column[places] for name, column in self._rows.items()}

    def _unanswered(self, begin: int, end: int) -> Unanswered:
        places = self._places(begin, end)
        ended = self._rows["ended"][places]
        missing = self._is_missing[ended]
        return Unanswered(
            pi=self._rows["pi"][places][missing],
            days=self._rows["days"][places][missing],
            reason_codes=ended[missing],
            reason_names=self._reason_names,
        )

    def _screened_rows(self, begin: int, end: int) -> ScreenedRows | None:
        """Screened traces that count: scored ones, and lost ones whose own revision scored others.

        None: no scored one is among them.
        """
        if self._screened_of is None or self._is_judged is None:
            return None
        number = self._screened_of[self._places(begin, end)]
        counts = np.flatnonzero((number >= 0) & ~(self._screened["lost"][number] & ~self._is_judged[begin:end]))
        counts = counts[np.argsort(number[counts])]  # in the order in which they came, scored and lost ones mixed
        number = number[counts]
        if self._screened["lost"][number].all():
            return None
        places = counts + begin if self._at is None else self._at[begin:end][counts]
        seen = self._screened["seen"][number]
        return ScreenedRows(
            first=self._screened["first"][number],
            final=np.where(seen, self._rows["risk"][places], np.nan),
            seen=seen,
            chosen=self._screened["chosen"][number],
            pi=self._rows["pi"][places],
            pi2=self._screened["pi2"][number],
            clusters=self._rows["clusters"][places],
            days=self._rows["days"][places],
        )

    def _numbers_of_screened(self) -> Shorts | None:
        """Which screened row each row is, -1 for none. None: nothing was screened."""
        rows = self._screened.pop("row")
        if not rows.size:
            return None
        number = np.full(self._rows["ended"].size, -1, dtype=np.int32)
        number[rows] = np.arange(rows.size)
        return number
