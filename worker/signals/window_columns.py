"""Rows of the record as columns, for what is told of time windows beside rates: some hundred bytes a row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Tier
from assay.worker.ports.history import Block
from assay.worker.records.columns import UNKNOWN_INTEGER, Column, rows_alike
from assay.worker.records.history import microseconds
from assay.worker.signals.gathering import Numbers
from assay.worker.signals.once import TRACE, trace_numbers
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.traffic import Bools, Floats, Integers
from assay.worker.signals.unanswered import is_unanswered

SERIES = ("use_case", "rubric")
PROMPT = ("prompt_name", "prompt_version")
NUMBERS = ("risk", "faithfulness", "pi")
FACTS = ("duration_s", "first_token_s", "input_tokens", "output_tokens", "cost_usd", "opinion")
MOMENTS = ("started_at", "ended_at", "changed_at", "selected_at")

READ = (
    *("cluster", "revision", "sample", "stratum", "state", "reason", "tier", "calibrated", "from_store"),
    *(*TRACE, "model_served", *SERIES, *PROMPT, *NUMBERS, *FACTS, *MOMENTS),
)
"""What is read of each row."""

REFUSED = "refusal"


class WindowColumns:
    """Columns of many rows, all of one length.

    Attributes:
        series: every (use case, rubric) that occurred, numbered.
        revisions, prompts, models: what else occurred, numbered; a prompt is its name and version.
    """

    def __init__(self) -> None:
        self.series, self.revisions, self.prompts, self.models = Numbers(), Numbers(), Numbers(), Numbers()
        self._blocks: list[Rows] = []

    def add(self, block: Block) -> Rows:
        """Keep a block, whose columns are those of `READ`. Returns its rows."""
        rows = Rows(
            {
                "series": self.series.of([block[name] for name in SERIES]),
                "revision": self.revisions.of([block["revision"]]),
                "prompt": self.prompts.of([block[name] for name in PROMPT]),
                "model": self.models.of([block["model_served"]]),
                "cluster": block["cluster"].integers(),
                "trace": trace_numbers(block),
                **{name: block[name].floats() for name in NUMBERS},
                **{name: block[name].floats().astype(np.float32) for name in FACTS},
                **{name: block[name].integers() for name in MOMENTS},
                **_of_ends(block),
                "counts": _truths(block, ("sample", "stratum"), counts_in_rates),
                "ours": _truths(block, ("from_store",), lambda from_store: not from_store),
                "base": _truths(block, ("sample", "stratum"), _is_base),
                "screen": _truths(block, ("tier",), lambda tier: tier == Tier.SCREEN.value),
                "calibrated": _truths(block, ("calibrated",), bool),
            }
        )
        self._blocks.append(rows)
        return rows

    def joined(self) -> Rows:
        """All rows so far, in the order in which they came."""
        if not self._blocks:
            return Rows({})
        names = list(self._blocks[0])
        joined = Rows({name: np.concatenate([block.pop(name) for block in self._blocks]) for name in names})
        self._blocks = [Rows(joined)]
        return joined


class Rows(dict[str, NDArray[Any]]):
    """Columns by name."""

    @property
    def size(self) -> int:
        """How many rows."""
        return int(next(iter(self.values())).size) if self else 0

    def only(self, rows: Bools | Integers) -> Rows:
        """Some of them."""
        return Rows({name: column[rows] for name, column in self.items()})

    def started(self, since: datetime, until: datetime) -> Bools:
        """Which rows' traces started in [since, until)."""
        start = self["started_at"]
        between: Bools = (start >= microseconds(since)) & (start < microseconds(until))
        return between

    def floats(self, name: str) -> Floats:
        """A column as doubles."""
        return self[name].astype(np.float64)


def _of_ends(block: Block) -> Mapping[str, NDArray[Any]]:
    ends = ("state", "reason")
    return {
        "scored": _truths(block, ends, lambda state, _: state == "scored"),
        "unanswered": _truths(block, ends, is_unanswered),
        "refused": _truths(block, ends, lambda state, reason: state == "scored" and reason == REFUSED),
    }


def _truths(block: Block, names: tuple[str, ...], holds: Any) -> Bools:
    columns: list[Column] = [block[name] for name in names]
    codes, values = rows_alike(columns)
    return np.array([bool(holds(*each)) for each in values], dtype=np.bool_)[codes]


def _is_base(sample: str, stratum: str) -> bool:
    """Whether the base rate alone selected it, so that all of one moment were drawn with one probability."""
    return sample == "base" and counts_in_rates(sample, stratum)


def known_moments(moments: Integers) -> Bools:
    """Which of them are known."""
    known: Bools = moments != UNKNOWN_INTEGER
    return known
