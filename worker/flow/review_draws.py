"""Which answers that nobody flagged go to people, too: drawn by hash, each with a probability that is kept.

Flagged answers alone tell nothing of what the judge misses: they were chosen by what it said. A few of the others, with
a known probability each, make what people say an estimate of all traffic (two-phase sampling: Neyman 1938).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import structlog
from pydantic import AwareDatetime, Field

from assay.judges.errors import ConfigurationError
from assay.judges.hash_sampling import hash64, is_below
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import FEEDBACK_STRATUM
from assay.worker.ports.history import Block, HistoryReader, HistoryUnavailable
from assay.worker.ports.key_values import KeyValues
from assay.worker.records.history import HistoryQuery
from assay.worker.records.ledger import LedgerEntry, Promise
from assay.worker.statistics.second_phase import mean_spread, stream_probability

FIRST_SHARE = 0.02
"""Of the answers of a use case whose traffic is not known yet."""

OF_THE_PAST = timedelta(days=1)
"""What was selected later after its end, as by a backfill, is not drawn: thousands may come in an hour."""

LOOK_BACK = timedelta(days=7)
A_DAY = timedelta(days=1)
RENEWED_EVERY = timedelta(hours=6)
RENEWED_AT_FIRST = timedelta(hours=1)
"""Until a day of traffic is known. A first tick may see three answers of fifty thousand a day."""

ANSWER_S = 60.0
"""A database that has not answered by then is away. The numbers of before go on."""

_DOMAIN = "assay.review.v1"
_RISK = "hallucination_risk"
_TTL_S = 30 * 86400
_COLUMNS = ("state", "risk", "stratum", "needs_review", "started_at")

log = structlog.get_logger(__name__)


class Expected(Record):
    """What a day of a use case is expected to bring, of answers that have a risk and are not flagged.

    Attributes:
        since: from when on these numbers are in force.
        n: how many answers.
        spread: their mean of √(f(1−f)).
        is_first: whether less than a day of traffic was known.
    """

    since: AwareDatetime
    n: float = Field(ge=0)
    spread: float = Field(ge=0)
    is_first: bool = False

    @property
    def until(self) -> datetime:
        """From when on newer numbers are to be read."""
        return self.since + (RENEWED_AT_FIRST if self.is_first else RENEWED_EVERY)


class Expectations(Record):
    """The numbers in force, and those of before: a retry asks for those of the time of its answer."""

    latest: Expected
    before: Expected | None = None

    def at(self, moment: datetime) -> Expected | None:
        """Those in force at a moment. None: none were."""
        return next((each for each in (self.latest, self.before) if each and each.since <= moment), None)


@dataclass(frozen=True)
class ReviewDraw:
    """How answers of one use case are drawn.

    Attributes:
        rubric: the one rubric whose answers are drawn: the first of the use case.
        per_day: how many of a day.
        salt: the deployment's.
        has_others: whether traces are judged by other rubrics, too.
    """

    rubric: str
    per_day: float
    salt: str
    has_others: bool = False
    expectations: Expectations | None = None

    def takes(self, promise: Promise) -> bool:
        """Whether what becomes of this promise counts in the estimates of people's word."""
        return promise.rubric == self.rubric and promise.stratum != FEEDBACK_STRATUM

    def probability(self, entry: LedgerEntry) -> float:
        """How likely an answer that is not flagged is to be drawn. 0 for one that has no risk, or is of the past."""
        promise = entry.promise
        risk = entry.judgement.values.get(_RISK) if entry.judgement else None
        if not isinstance(risk, int | float) or not 0 <= risk <= 1:
            return 0.0
        if promise.selected_at - (promise.end or promise.start) > OF_THE_PAST:
            return 0.0
        expected = self.expectations.at(entry.changed_at) if self.expectations else None
        if expected is None:
            return FIRST_SHARE
        return stream_probability(float(risk), self.per_day, expected.n, expected.spread)

    def is_drawn(self, promise: Promise, probability: float) -> bool:
        """Whether it is: the same on every machine and every retry."""
        return is_below(hash64(f"{_DOMAIN}:{self.salt}", promise.observation_id or promise.trace_id), probability)


@dataclass(frozen=True)
class ReviewDraws:
    """The draws of all use cases, and the numbers that they go by.

    Attributes:
        cuts: from which risk on an answer of a rubric is flagged.
        history: where the last days' answers are read. None: there is no record.
    """

    deployment: Deployment
    key_values: KeyValues
    cuts: Mapping[str, float] = field(default_factory=dict)
    history: HistoryReader | None = None

    async def known(self) -> Mapping[str, ReviewDraw]:
        """The draw of each use case that has one.

        Raises:
            StateUnavailable
        """
        cases = [case for case in self.deployment.use_cases if case.review_per_day and case.review_queue]
        if not cases:
            return {}
        kept = await self.key_values.kept([_key(case.name) for case in cases])
        draws = {}
        for case in cases:
            rubrics, raw = self.deployment.rubrics_of(case), kept.get(_key(case.name))
            draws[case.name] = ReviewDraw(
                rubric=rubrics[0],
                per_day=case.review_per_day,
                salt=self.deployment.salt,
                has_others=len(rubrics) > 1,
                expectations=Expectations.model_validate_json(raw) if raw else None,
            )
        return draws

    async def renew(self, now: datetime) -> int:
        """Take the numbers of the last days for those that come. Returns for how many use cases.

        Raises:
            StateUnavailable
        """
        renewed = 0
        for name, draw in (await self.known()).items():
            latest = draw.expectations.latest if draw.expectations else None
            if self.history is None or (latest and now < latest.until):
                continue
            expected = await self._expected(self.history, name, draw, now)
            if expected is not None:
                value = Expectations(latest=expected, before=latest).model_dump_json().encode()
                await self.key_values.keep(_key(name), value, ttl_s=_TTL_S, replace=True)
                renewed += 1
        return renewed

    async def _expected(
        self, history: HistoryReader, use_case: str, draw: ReviewDraw, now: datetime
    ) -> Expected | None:
        """What the last days brought, for a day. None where nobody knows yet."""
        query = HistoryQuery(since=now - LOOK_BACK, until=now, use_cases=(use_case,), rubrics=(draw.rubric,))
        counted = _Counted(self.cuts.get(draw.rubric, 1.0), now)
        try:
            async with asyncio.timeout(ANSWER_S):
                async for block in history.blocks(query, _COLUMNS):
                    counted.add(block)
        except (HistoryUnavailable, ConfigurationError, TimeoutError) as exc:
            log.info("review.volume_unknown", error=type(exc).__name__, remedy="assay doctor tells of the record")
            return None
        return counted.expected(now, draw.per_day)


class _Counted:
    """Answers with a risk that are not flagged, as they are read."""

    def __init__(self, cut: float, now: datetime) -> None:
        self._cut = cut
        self._a_day_ago = (now - A_DAY).timestamp() * 1e6
        self._n, self._n_of_a_day, self._spread = 0, 0, 0.0
        self._first: int | None = None

    def add(self, block: Block) -> None:
        risk = block["risk"].floats()
        states = np.array([state == "scored" for state in block["state"]], dtype=np.bool_)
        others = np.array([stratum == FEEDBACK_STRATUM for stratum in block["stratum"]], dtype=np.bool_)
        review = block["needs_review"].floats() == 1
        rows = states & ~others & ~review & (risk >= 0) & (risk < self._cut)
        started, wanted = block["started_at"].integers(), risk[rows]
        if self._first is None and len(states):
            self._first = int(started[0])
        self._n += wanted.size
        self._n_of_a_day += int((started[rows] >= self._a_day_ago).sum())
        self._spread += mean_spread(wanted) * wanted.size

    def expected(self, now: datetime, per_day: float) -> Expected | None:
        """What a day brings. None where there was no answer yet.

        A day that was busier than the days before counts alone: a launch must not flood people. For the same reason
        less than a day of traffic never has more drawn than where nothing is known.
        """
        if not self._n or self._first is None:
            return None
        days = max((now.timestamp() - self._first / 1e6) / 86_400, 1 / 24)
        n, is_first = max(self._n / days, float(self._n_of_a_day)), days < 1
        n = max(n, per_day / FIRST_SHARE) if is_first else n
        return Expected(since=now, n=n, spread=self._spread / self._n, is_first=is_first)


def _key(use_case: str) -> str:
    """E.g. `reviews:expected:support-bot`."""
    return f"reviews:expected:{use_case}"


def drawn(draws: Mapping[str, ReviewDraw], entry: LedgerEntry, *, is_flagged: bool) -> float | None:
    """The probability with which an answer goes to people. None: it has none that is known. 0: it does not go.

    Args:
        draws: by use case.
        entry: the answer.
        is_flagged: whether it goes in any case.
    """
    draw = draws.get(entry.promise.use_case)
    if draw is None or not draw.takes(entry.promise):
        return None if is_flagged else 0.0
    if is_flagged:
        return 1.0
    probability = draw.probability(entry)
    return probability if probability > 0 and draw.is_drawn(entry.promise, probability) else 0.0


def shares_traces(draws: Mapping[str, ReviewDraw], use_case: str) -> bool:
    """Whether another rubric's request may be about the same trace."""
    draw = draws.get(use_case)
    return draw is not None and draw.has_others
