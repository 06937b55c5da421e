"""What a report keeps of the traces that it reads: numbers in columns, some forty bytes a trace, and no entries."""

from __future__ import annotations

import hashlib
import heapq
import math
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.records.outcomes import FirstPhase, Judged, Outcome
from assay.worker.reporting.funnel import IN_STORE

RISK = "hallucination_risk"
WORST = 3
"""Answers that a report points to. `assay flagged` lists the others."""


class Worst(NamedTuple):
    """One of the riskiest answers. Tuples of these are in the order of risk; of equal ones the newest is the worst."""

    risk: float
    start: datetime
    trace_id: str
    observation_id: str


class PhaseRow(NamedTuple):
    """One trace that a cascade's first tier screened, with the risk by either tier. NaN: there is none."""

    first: float
    final: float
    why: str
    phase2: bool
    pi: float
    pi2: float


class Phases:
    """The screened traces of a cascade, in columns.

    Attributes:
        judges: how many each judge decided.
        degraded: of the scored ones those that kept a cheaper tier's score because the later one gave no answer.
        lost: those without any score.
        needs_review: those that a person should look at.
        days: on which of them, by ordinal, there are scored ones.
    """

    _WHY = ("escalated", "audited", "passed")

    def __init__(self) -> None:
        self.judges: Counter[str] = Counter()
        self.degraded = self.lost = self.needs_review = 0
        self.days: set[int] = set()
        self._numbers = array("d")
        self._codes = array("b")
        self._days = array("l")
        self._known: dict[float, float] = {}

    def add(self, outcome: Outcome, first: FirstPhase, day: int) -> None:
        """Keep a trace."""
        final = number(outcome.judged, RISK) if first.phase2 else math.nan
        self._numbers.extend((first.scores.get(RISK, math.nan), final, outcome.pi, first.pi2))
        self._codes.append(2 * self._WHY.index(first.why) + first.phase2)
        self._days.append(day)

    def add_lost(self, lost: Phases) -> None:
        """Keep traces that have no score because a later tier gave no answer, behind all that have one."""
        self.lost += len(lost._days)
        self._numbers.extend(lost._numbers)
        self._codes.extend(lost._codes)
        self._days.extend(lost._days)

    def rows(self, day: int | None = None) -> Iterator[PhaseRow]:
        """The traces of one day, by its ordinal, or all."""
        for at, (code, here) in enumerate(zip(self._codes, self._days, strict=True)):
            if day in (None, here):
                first, final, pi, pi2 = self._numbers[4 * at : 4 * at + 4]
                # Few probabilities differ, so that rows share them: a float of their own would be a third of a row.
                pi, pi2 = self._known.setdefault(pi, pi), self._known.setdefault(pi2, pi2)
                yield PhaseRow(first, final, self._WHY[code // 2], bool(code % 2), pi, pi2)


class Columns:
    """The scored traces of one use case, rubric and evaluator revision.

    Attributes:
        n: how many there are.
        from_store: how many of them were judged under an earlier ledger.
        pi, risk, sessions, days: of each trace, in the order in which they came; a risk of NaN is none, and a day is
            its ordinal.
        costs: of each trace; None once a price is not known.
        numbers: the values of each score, by its name.
        last: when the latest was scored, in seconds since 1970.
    """

    def __init__(self) -> None:
        self.n = self.from_store = 0
        self._pi, self._risk, self._days, self._sessions = array("d"), array("d"), array("l"), array("Q")
        self._costs = array("d")
        self._is_priced = True
        self.numbers: dict[str, array[float]] = {}
        self.states: Counter[str] = Counter()
        self.judges: Counter[str] = Counter()
        self.versions: set[tuple[str, str | None]] = set()
        self.last = -math.inf
        self.phases = Phases()
        self._worst: list[Worst] = []

    def add(self, outcome: Outcome, judged: Judged) -> None:
        """Keep a scored trace."""
        risk, day = number(judged, RISK), day_number(outcome.start)
        self.n += 1
        self.from_store += outcome.reason == IN_STORE
        self._pi.append(outcome.pi)
        self._risk.append(risk)
        self._days.append(day)
        self._sessions.append(_session(outcome, judged))
        self._add_cost(judged.cost_usd)
        self.states[judged.state] += 1
        self.judges[judged.judge] += 1
        self.versions.add(outcome.version)
        self.last = max(self.last, outcome.changed_at)
        for name, value in judged.values.items():
            if not isinstance(value, str):
                self.numbers.setdefault(name, array("d")).append(value)
        if not math.isnan(risk):
            self._keep(Worst(risk, outcome.start, outcome.trace_id, outcome.observation_id or ""))
        if judged.first is not None:
            self.phases.add(outcome, judged.first, day)
            self.phases.days.add(day)
            self.phases.judges[judged.judge] += 1
            self.phases.degraded += judged.degraded
            self.phases.needs_review += judged.needs_review

    @property
    def pi(self) -> NDArray[np.float64]:
        """Selection probabilities."""
        return np.frombuffer(self._pi, dtype=np.float64)

    @property
    def risk(self) -> NDArray[np.float64]:
        """Risks."""
        return np.frombuffer(self._risk, dtype=np.float64)

    @property
    def days(self) -> NDArray[np.int64]:
        """Ordinals of UTC days."""
        return np.frombuffer(self._days, dtype=np.dtype("l"))

    @property
    def sessions(self) -> NDArray[np.uint64]:
        """What answers belong to, as a number. One without a session stands for itself."""
        return np.frombuffer(self._sessions, dtype=np.uint64)

    @property
    def cost_usd(self) -> float | None:
        """What judging them cost; None if any price is unknown."""
        return sum(self._costs) if self._is_priced else None

    @property
    def worst(self) -> list[Worst]:
        """The riskiest first."""
        return sorted(self._worst, reverse=True)

    def _add_cost(self, cost_usd: float | None) -> None:
        if cost_usd is None:
            self._is_priced = False
        else:
            self._costs.append(cost_usd)

    def _keep(self, answer: Worst) -> None:
        push = heapq.heappush if len(self._worst) < WORST else heapq.heappushpop
        push(self._worst, answer)


def number(judged: Judged | None, name: str) -> float:
    """A score; NaN where there is none, or where it is a word."""
    value = judged.values.get(name) if judged else None
    return math.nan if value is None or isinstance(value, str) else float(value)


def day_number(start: datetime) -> int:
    """The ordinal of a moment's UTC day."""
    return start.astimezone(UTC).toordinal()


def _session(outcome: Outcome, judged: Judged) -> int:
    """Eight bytes of a hash: two of a million sessions meet once in forty million reports."""
    name = f"session\x1f{judged.session_id}" if judged.session_id else f"trace\x1f{outcome.trace_id}"
    return int.from_bytes(hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest(), "big")
