"""The objectives of many use cases as columns, and how rows ended: what verdicts are looked up by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import OBJECTIVE_NAMES, Objective, ObjectiveName
from assay.worker.ports.history import Block
from assay.worker.records.columns import rows_alike
from assay.worker.signals.traffic import Bools, Floats, Integers
from assay.worker.signals.unanswered import is_empty, is_unanswered

AT: Mapping[ObjectiveName, int] = {name: at for at, name in enumerate(OBJECTIVE_NAMES)}
"""The column of each objective, e.g. 3 of `latency`."""

HOUR = 3_600_000_000
"""An hour in microseconds."""

_SECOND = 1_000_000


class Aims:
    """The objectives of some use cases as columns, so that rows of many can be looked at in one go.

    Attributes:
        lookback_us: how long after its end a trace is selected at the latest, in microseconds. What was selected later
            was asked for by a backfill, and does not tell whether the fleet keeps up.
        window_us: how long the windows are that sweeps look through.
        quiet_us: how long after its end a window, or a trace, is left alone.
    """

    def __init__(self, by_use_case: Mapping[str, Mapping[ObjectiveName, Objective]], deployment: Deployment) -> None:
        self.use_cases = list(by_use_case)
        self.lookback_us = deployment.lookback_hours * HOUR
        self.window_us = deployment.window_seconds * _SECOND
        self.quiet_us = deployment.defaults.quiet_seconds * _SECOND
        self._code = {name: at for at, name in enumerate(self.use_cases)}
        shape = (len(self.use_cases) + 1, len(OBJECTIVE_NAMES))
        self._limits, self._in_force = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
        self._uncalibrated_counts = np.zeros(shape[0], dtype=np.bool_)
        for case, objectives in by_use_case.items():
            for name, objective in objectives.items():
                at = self._code[case], AT[name]
                self._in_force[at] = True
                self._limits[at] = np.nan if objective.limit is None else objective.limit
                self._uncalibrated_counts[self._code[case]] |= objective.allow_uncalibrated

    def codes(self, block: Block) -> Integers:
        """The number of each row's use case; -1 where nothing is asked of it."""
        codes, known = block["use_case"].coded()
        return np.array([self._code.get(name, -1) for name in known], dtype=np.int64)[codes]

    def limit(self, name: ObjectiveName, codes: Integers) -> Floats:
        """What tells good from bad for each row. NaN: there is no such objective."""
        column: Floats = self._limits[codes, AT[name]]
        return column

    def is_in_force(self, name: ObjectiveName, codes: Integers) -> Bools:
        """Whether there is such an objective for each row."""
        column: Bools = self._in_force[codes, AT[name]]
        return column

    def counts_uncalibrated(self, codes: Integers) -> Bools:
        """Whether a risk counts that is not calibrated."""
        column: Bools = self._uncalibrated_counts[codes]
        return column

    def has(self, name: ObjectiveName) -> bool:
        """Whether any use case has such an objective."""
        return bool(self._in_force[:, AT[name]].any())


class Ends:
    """How the rows of a block ended."""

    def __init__(self, block: Block) -> None:
        codes, states = rows_alike([block["state"], block["reason"]])

        def which(holds: Iterable[bool]) -> Bools:
            rows: Bools = np.array(list(holds), dtype=np.bool_)[codes]
            return rows

        self.is_scored = which(state == "scored" for state, _ in states)
        self.is_unanswered = which(is_unanswered(*end) for end in states)
        self.is_empty = which(is_empty(*end) for end in states)
        self.has_refused = which(end == ("scored", "refusal") for end in states)
        self.lacks_evidence = which(state == "scored" and reason in _NOT_LOOKED_AT for state, reason in states)


_NOT_LOOKED_AT = frozenset({"no_evidence", "language_unsupported", "not_applicable", "partly_judged", "partly_scored"})
"""States of scored rows in which a missing number is missing: there was an answer that might be bad. In others, as
`no_claims`, there is nothing to be wrong."""
