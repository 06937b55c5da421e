"""What users said about traces, and which of it is a complaint. Nothing here does I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from assay.worker.config.use_cases import Feedback
from assay.worker.ports.reviews import HumanScore
from assay.worker.records.traces import TraceKey

BEFORE = timedelta(days=7)
"""How long before a complaint its trace may have begun."""

MOST_AT_ONCE = 2_000
"""Traces with complaints that one sweep takes. The next one goes on; more than that in ten minutes are no opinions."""

log = structlog.get_logger(__name__)


class Opinion(NamedTuple):
    """What users said about a trace: the first complaint by each rule. Only its use case tells which rule is its own.

    A thumb down may be one to the first use case, and two stars of five a minute later one to the second.
    """

    trace_id: str
    by_rule: Mapping[Feedback, HumanScore]

    @property
    def first_at(self) -> datetime:
        """When the first of them was given."""
        return min(score.at for score in self.by_rule.values())

    @property
    def key(self) -> TraceKey:
        """Where to look for the trace."""
        last = max(score.at for score in self.by_rule.values())
        return TraceKey(trace_id=self.trace_id, start=self.first_at - BEFORE, end=last)


Firsts = defaultdict[str, dict[Feedback, HumanScore]]
"""The first complaint about each trace, by trace id and rule."""


def note(score: HumanScore, rules: Collection[Feedback], first: Firsts) -> None:
    """Keep a score where it is the first complaint about its trace by a rule."""
    if not score.trace_id or score.is_prefilled:
        return
    for rule in rules:
        if rule.is_complaint(score.name, score.value):
            known = first[score.trace_id].get(rule, score)
            first[score.trace_id][rule] = min(known, score, key=lambda each: each.at)


def at_most(opinions: Sequence[Opinion], since: datetime, until: datetime) -> tuple[Sequence[Opinion], datetime]:
    """As many as one sweep takes, and until when feedback is read with them. The next sweep goes on there."""
    if len(opinions) <= MOST_AT_ONCE:
        return opinions, until
    left = opinions[MOST_AT_ONCE].first_at
    is_flood = left <= since  # more than that within the overlap: the next sweep would come no further
    log.warning(
        "feedback.too_much", complaints=len(opinions), taken=MOST_AT_ONCE, rest_is="dropped" if is_flood else "later"
    )
    return opinions[:MOST_AT_ONCE], until if is_flood else left
