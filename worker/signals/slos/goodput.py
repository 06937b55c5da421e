"""Goodput: traces that meet all objectives at once.

It is the share of traces for which everything holds, trace by trace. The product of the shares would be right only if
failures had nothing to do with each other; long answers are slow, dear and wrong at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from assay.worker.config.objectives import ObjectiveName
from assay.worker.signals.rates import Bounds
from assay.worker.signals.slos.aims import AT
from assay.worker.signals.slos.attainment import Phased, bad_rate, good_of, is_known
from assay.worker.signals.slos.records import Goodput
from assay.worker.signals.slos.rows import TWO_PHASE
from assay.worker.signals.slos.traces import SloTraces
from assay.worker.signals.slos.verdicts import Verdict, Verdicts

NOT_THE_ANSWERS: Sequence[ObjectiveName] = ("feedback", "coverage")
"""Never part of it: few traces have an opinion, and users do not notice when the fleet is late."""

KNOWN_ENOUGH = 0.5
"""An objective that is known of fewer of its traces is left out, and said to be: most traces would be unknown."""


def parts_of_goodput(traces: SloTraces, names: Collection[ObjectiveName]) -> list[ObjectiveName]:
    """Of these objectives those that goodput is made of, by what is known of them in these traces."""
    some = traces.only(traces.in_goodput)
    parts = []
    for name in names:
        asked = some.of(name) != Verdict.NOT_ASKED
        known = is_known(some.of(name))
        if name not in NOT_THE_ANSWERS and asked.any():
            weights = 1 / some.pi
            if weights[known].sum() >= KNOWN_ENOUGH * weights[asked].sum():
                parts.append(name)
    return parts


def goodput_of(traces: SloTraces, names: Sequence[ObjectiveName]) -> Goodput:
    """The share of traces that meet all of these objectives.

    A trace is bad as soon as one objective is known to be missed; it is unknown where none is, and one is not known.
    """
    some = traces.only(traces.in_goodput)
    together = Phased(_all_of(some.verdicts, names), _all_of(_as_first_said(some), names))
    weights = 1 / some.pi
    unknown = float(weights[together.final == Verdict.UNKNOWN].sum())
    known = is_known(together.final)
    bad = bad_rate(some, together)
    good = None if bad is None else good_of(bad.estimate())
    total = unknown + float(weights[known].sum())
    share = unknown / total if total else 0.0
    return Goodput(
        n=int(known.sum()), good=good, unknown=share, bounds=_bounds(0.0 if good is None else good.value, share)
    )


def _all_of(verdicts: Verdicts, names: Sequence[ObjectiveName]) -> Verdicts:
    if not names:
        return np.full(verdicts.shape[0], Verdict.NOT_ASKED, dtype=np.int8)
    worst: Verdicts = verdicts[:, [AT[name] for name in names]].min(axis=1)
    return worst


def _as_first_said(traces: SloTraces) -> Verdicts:
    verdicts = traces.verdicts.copy()
    verdicts[:, [AT[name] for name in TWO_PHASE]] = traces.first
    return verdicts


def _bounds(good: float, unknown: float) -> Bounds | None:
    if not unknown:
        return None
    low = good * (1 - unknown)
    return Bounds(low=low, high=low + unknown)
