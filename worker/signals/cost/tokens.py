"""How many times the tokens of the version before a prompt's version takes: a prompt that grows is money at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from assay.worker.records.history import microseconds
from assay.worker.signals.cost.rows import CostRows
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.ratios import ratio_of_means

FEWEST = 20
"""Requests with known tokens on both sides. A four-fold jump has its lower bound above 2 from then on, as long as the
tokens of requests vary by half of their mean (`tests/unit/worker/signals/cost/test_tokens.py`)."""

NEWS = timedelta(days=7)
"""For so long after its first request a version is compared with the one before."""


class TokenJump(NamedTuple):
    """A version of a prompt beside the one before it.

    Attributes:
        ratio: mean tokens of a request, with the interval. `n` is that of the smaller side.
    """

    prompt_name: str
    prompt_version: str
    before: str
    ratio: Estimate


def token_jumps(rows: CostRows, now: datetime) -> Iterator[TokenJump]:
    """Versions whose first request is at most a week old, each beside the one that came before it.

    Versions are in the order of their first requests. One with too few requests is passed over, on either side.
    """
    by_name: dict[str, list[tuple[int, str, int]]] = {}
    for code, (name, version) in enumerate(rows.prompt_names):
        own = (rows.prompts == code) & ~np.isnan(rows.tokens)
        if version is not None and int(own.sum()) >= FEWEST:
            first = int(rows.started[rows.prompts == code].min())
            by_name.setdefault(name or "", []).append((first, version, code))
    since = microseconds(now - NEWS)
    for name, versions in sorted(by_name.items()):
        ordered = sorted(versions)
        for before, (first, version, code) in pairwise(ordered):
            ratio = _ratio(rows, code, before[2]) if first >= since else None
            if ratio is not None:
                yield TokenJump(name, version, before[1], ratio)


def _ratio(rows: CostRows, code: int, before: int) -> Estimate | None:
    new, old = rows.prompts == code, rows.prompts == before
    return ratio_of_means((rows.tokens[new], rows.pi[new]), (rows.tokens[old], rows.pi[old]))
