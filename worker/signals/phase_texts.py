"""What rates need of a cascade's first phase, out of the JSON of many rows.

A million of these texts differ in their numbers alone. So what stands behind the scores is read once for all rows that
have the same, and of the scores the risk alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from operator import methodcaller
from typing import Any

from assay.worker.records.columns import Column, JsonColumn

Phases = tuple[float, float, float, float]
"""What the first tier said, whether a later one answered, whether it was to, and how likely it was to be asked."""

NO_PHASES: Phases = (math.nan, math.nan, math.nan, math.nan)

_BEGIN, _RISK, _END = '{"scores": {', '"hallucination_risk": ', '}, "pi2": '
"""E.g. `{"scores": {"hallucination_risk": 0.25, "groundedness": 1.0}, "pi2": 0.05, "why": "audited", "phase2": true}`,
which is how the record writes it. A quote inside a name is escaped, so these stand where they seem to."""


def phases_of(screening: Mapping[str, Any] | None) -> Phases:
    """The phases of one row, from what its text says."""
    if not screening:
        return NO_PHASES
    risk = screening["scores"].get("hallucination_risk")
    return math.nan if risk is None else risk, bool(screening["phase2"]), screening["why"] != "passed", screening["pi2"]


def phases_in(column: Column) -> list[Phases]:
    """The phases of each row of a block."""
    if not isinstance(column, JsonColumn):
        return column.mapped(phases_of)
    texts = [text for text in column.texts if text is not None]
    if not texts:
        return [NO_PHASES] * len(column)
    told = _read(texts)
    if told is None:
        return column.mapped(phases_of)
    if len(texts) == len(column):
        return told
    rest = iter(told)
    return [NO_PHASES if text is None else next(rest) for text in column.texts]


def _read(texts: Sequence[str]) -> list[Phases] | None:
    """The phases that each text says. None: one of them is not as the record writes them."""
    parts = list(map(methodcaller("rpartition", _END), texts))
    heads = [head for head, _, _ in parts]
    if {head[: len(_BEGIN)] for head in heads} != {_BEGIN} or any("}" in head for head in heads):
        return None
    behind = [rest for _, _, rest in map(methodcaller("partition", _RISK), heads)]
    numbers = [number or "nan" for number, _, _ in map(methodcaller("partition", ","), behind)]
    try:
        ends = {end: _end_of(end) for end in {end for _, _, end in parts}}
        return [(risk, *ends[end]) for risk, (_, _, end) in zip(map(float, numbers), parts, strict=True)]
    except (ValueError, KeyError):
        return None


def _end_of(text: str) -> tuple[float, float, float]:
    """What stands behind the scores, e.g. `0.05, "why": "passed", "phase2": false}`."""
    told = json.loads(f'{{"pi2": {text}')
    return bool(told["phase2"]), told["why"] != "passed", told["pi2"]
