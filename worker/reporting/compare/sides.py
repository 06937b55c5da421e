"""The traffic of both sides, by use case, rubric and revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import nearest
from assay.worker.ports.history import HistoryReader
from assay.worker.reporting.compare.question import Question, Side, quoted
from assay.worker.signals.reading import read_traffic
from assay.worker.signals.traffic import SliceKey, Traffic

MOST_NAMED = 12
"""Values of a fact that an error lists."""


class RowKey(NamedTuple):
    """What a row of the comparison is about."""

    use_case: str
    rubric: str


@dataclass(frozen=True)
class BothSides:
    """The slices of each side, by revision. One of revision '' has unanswered traces alone."""

    a: Mapping[str, Traffic]
    b: Mapping[str, Traffic]

    def compared(self) -> float:
        """Share of b's judged answers that a revision of both sides judged, by weight. 1 where none was judged."""
        weights = {name: float((1 / traffic.pi).sum()) for name, traffic in self.b.items()}
        total = sum(weights.values())
        return sum(weights[name] for name in self.shared) / total if total else 1.0

    @property
    def shared(self) -> list[str]:
        """Revisions that judged both sides."""
        return [name for name in sorted(self.a) if name in self.b and self.a[name].n and self.b[name].n]


async def read_sides(history: HistoryReader, question: Question) -> dict[RowKey, BothSides]:
    """The judged traffic of both sides.

    Raises:
        HistoryUnavailable, ConfigurationError
    """
    a: Mapping[SliceKey, Traffic]
    b: Mapping[SliceKey, Traffic]
    if question.by is None:
        a = await read_traffic(history, question.query(question.a))
        b = await read_traffic(history, question.query(question.b))
    else:
        values = {question.a.value, question.b.value}
        whole = await read_traffic(history, question.query(question.a), by=question.by, only=values)
        a, b = (
            {key: traffic for key, traffic in whole.items() if key.value == side.value}
            for side in (question.a, question.b)
        )
    pairs = sorted({RowKey(key.use_case, key.rubric) for key in (*a, *b)})
    return {pair: BothSides(_revisions(a, pair), _revisions(b, pair)) for pair in pairs}


def _revisions(slices: Mapping[SliceKey, Traffic], pair: RowKey) -> dict[str, Traffic]:
    return {key.revision: traffic for key, traffic in slices.items() if RowKey(key.use_case, key.rubric) == pair}


def check_values(question: Question, counts: Mapping[str, int]) -> None:
    """See that the record has both values.

    Args:
        question: which they are.
        counts: rows of the record by the value of the fact, judged ones and others.

    Raises:
        ConfigurationError: it has not; the error lists what it has.
    """
    for option, side in (("--a", question.a), ("--b", question.b)):
        if question.by is not None and side.value not in counts:
            raise ConfigurationError(f"{option}: {_missing(question, side, counts)}")


def _missing(question: Question, side: Side, counts: Mapping[str, int]) -> str:
    span = f"{side.since:%Y-%m-%d %H:%M} to {side.until:%Y-%m-%d %H:%M} UTC"
    fact = (question.by or "").replace("_", " ")
    if not counts:
        return f"no trace of {span} in the record has a {fact}; the application has to say it in its traces"
    most = sorted(counts, key=lambda value: -counts[value])
    named = ", ".join(f"{quoted(value)} ({counts[value]:,})" for value in most[:MOST_NAMED])
    more = f" and {len(most) - MOST_NAMED:,} more" * (len(most) > MOST_NAMED)
    near = nearest(side.value or "", most)
    meant = "" if near is None else f" did you mean {quoted(near)}?"
    return f"no trace of {span} in the record has {fact} {quoted(side.value or '')};{meant} it has {named}{more}"
