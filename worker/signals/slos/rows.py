"""Rows of the record as verdicts: some hundred bytes a row, and no row itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.history import Block
from assay.worker.records.columns import rows_alike
from assay.worker.signals.gathering import Numbers
from assay.worker.signals.slos.aims import AT, Aims, Ends
from assay.worker.signals.slos.lateness import Moments, coverage_verdicts
from assay.worker.signals.slos.verdicts import (
    Verdict,
    Verdicts,
    ends_of,
    risk_verdicts,
    row_verdicts,
    score_verdicts,
)
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.traffic import Bools, Integers

COLUMNS = (
    *("trace_id", "cluster", "use_case", "rubric", "revision", "pi", "sample", "stratum"),
    *("started_at", "ended_at", "selected_at", "changed_at", "state", "reason", "from_store"),
    *("risk", "calibrated", "faithfulness", "screening", "unanswered"),
    *("duration_s", "first_token_s", "output_tokens", "cost_usd"),
)
"""What is read of each row; `opinion` as well where an objective is about it."""

TWO_PHASE: tuple[Literal["quality", "faithfulness"], ...] = ("quality", "faithfulness")
"""What both tiers of a cascade say: the first columns of the verdicts."""

Columns = dict[str, NDArray[Any]]


NEVER = 2**63 - 1
"""A moment that has not come."""


class Judge(NamedTuple):
    """What rows have in common that one evaluator judged, or would have."""

    use_case: str
    rubric: str
    revision: str | None


class SloRows:
    """All rows of one query that count in rates.

    Attributes:
        judges: every `Judge` that occurred, numbered.
        last: when the latest scored row of each ended, in microseconds, by its number.
        first: when the first trace started that each scored.
        ran_since: when the fleet first selected anything, as far as is known.
    """

    def __init__(self, aims: Aims, now: int, *, ran_since: int = NEVER) -> None:
        self.aims, self.now, self.ran_since = aims, now, ran_since
        self.judges = Numbers()
        self.last: dict[int, int] = {}
        self.first: dict[int, int] = {}
        self._blocks: list[Columns] = []

    def add(self, block: Block) -> None:
        """Keep what counts of a block."""
        if not len(block["cluster"]):
            return
        codes, ends = self.aims.codes(block), Ends(block)
        verdicts = row_verdicts(block, codes, ends, self.aims)
        judge = self.judges.of([block["use_case"], block["rubric"], block["revision"]])
        rows: Columns = {
            "use_case": codes,
            "judge": judge,
            "trace": np.fromiter(map(hash, block["trace_id"]), np.int64, codes.size),
            "cluster": block["cluster"].integers(),
            "started": block["started_at"].integers(),
            "pi": block["pi"].floats(),
            "verdicts": verdicts,
            "is_scored": ends.is_scored,
            "is_empty": ends.is_empty,
            "is_uncalibrated": ~np.isnan(block["risk"].floats()) & (block["calibrated"].floats() != 1),
            "ended": ends_of(block),
            "selected": block["selected_at"].integers(),
            "changed": block["changed_at"].integers(),
            "is_copy": block["from_store"].floats() == 1,
            **_phases(block, verdicts, codes, self.aims, ends),
        }
        kept = (codes >= 0) & _counts(block)
        self._note(rows, kept & ends.is_scored)
        self.ran_since = min(self.ran_since, int(rows["selected"][kept].min(initial=NEVER)))
        self._blocks.append({name: column[kept] for name, column in rows.items()})

    def columns(self) -> Columns | None:
        """All rows, given away: no two copies of all lie in memory. None where there are none."""
        if not any(block["pi"].size for block in self._blocks):
            return None
        columns = {name: np.concatenate([block.pop(name) for block in self._blocks]) for name in list(self._blocks[0])}
        self._tell_coverage(columns)
        return columns

    def _tell_coverage(self, columns: Columns) -> None:
        """Fill in that verdict, and take away what it was made from."""
        codes, is_copy = columns["use_case"], columns.pop("is_copy")
        moments = Moments(columns["started"], *(columns.pop(name) for name in ("ended", "selected", "changed")))
        told = coverage_verdicts(moments, codes, self.aims, self.now, self.ran_since)
        told[is_copy | ~self.aims.is_in_force("coverage", codes)] = Verdict.NOT_ASKED
        columns["verdicts"][:, AT["coverage"]] = told

    def _note(self, rows: Columns, scored: Bools) -> None:
        judges = rows["judge"][scored]
        for values, best, into in (
            (rows["changed"][scored], np.maximum, self.last),
            (rows["started"][scored], np.minimum, self.first),
        ):
            for judge in np.unique(judges).tolist():
                value = int(best.reduce(values[judges == judge]))
                into[judge] = int(best(into.get(judge, value), value))


def latest_judges(rows: SloRows) -> dict[tuple[str, str], int]:
    """The judge of each use case and rubric that scored last, by its number."""
    judges = [Judge(*judge) for judge in rows.judges]
    latest: dict[tuple[str, str], int] = {}
    for number in sorted(rows.last, key=rows.last.__getitem__):
        latest[judges[number].use_case, judges[number].rubric] = number
    return latest


def _counts(block: Block) -> Bools:
    codes, drawn = rows_alike([block["sample"], block["stratum"]])
    return np.array([counts_in_rates(*sample_and_stratum) for sample_and_stratum in drawn], dtype=np.bool_)[codes]


def _phases(block: Block, verdicts: Verdicts, codes: Integers, aims: Aims, ends: Ends) -> Columns:
    """What a cascade's first tier said of quality and faithfulness, and whether a later tier was asked and answered."""
    n = codes.size
    first = verdicts[:, : len(TWO_PHASE)].copy()
    phases: Columns = {"first": first, "is_lost": np.zeros(n, np.bool_), "pi2": np.ones(n)}
    phases |= {"is_final": np.ones(n, np.bool_), "is_chosen": np.ones(n, np.bool_)}
    known = list(_screenings(block, ends))
    if not known:
        return phases
    at = np.array([row for row, _ in known], dtype=np.int64)
    screenings = [screening for _, screening in known]
    phases["is_lost"][at] = ~ends.is_scored[at]
    phases["is_final"][at] = [bool(each["phase2"]) for each in screenings] & ends.is_scored[at]
    phases["is_chosen"][at] = [each["why"] != "passed" for each in screenings]
    phases["pi2"][at] = [each["pi2"] for each in screenings]
    risk, faithfulness = np.full(n, np.nan), np.full(n, np.nan)
    risk[at] = [each["scores"].get("hallucination_risk", np.nan) for each in screenings]
    faithfulness[at] = [each["scores"].get("faithfulness", np.nan) for each in screenings]
    by_score = {
        "quality": risk_verdicts(risk, aims.limit("quality", codes), np.ones(n, np.bool_), ends),
        "faithfulness": score_verdicts(faithfulness, aims.limit("faithfulness", codes), ends),
    }
    for name in TWO_PHASE:
        asked = at[aims.is_in_force(name, codes)[at]]
        first[asked, AT[name]] = by_score[name][asked]
    return phases


def _screenings(block: Block, ends: Ends) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The first phase of each row that has one: of a scored one its own, of a lost one what is known of it."""
    for row, (screening, unanswered) in enumerate(zip(block["screening"], block["unanswered"], strict=True)):
        if ends.is_scored[row] and screening:
            yield row, screening
        elif ends.is_unanswered[row] and unanswered and unanswered.get("screening"):
            yield row, unanswered["screening"]
