"""Selected traces of a few bots over weeks, as columns: sessions with topics and moods, days with a curve, incidents.

Nothing is judged here: what a judge would have said is drawn with the trace.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.records.columns import UNKNOWN_INTEGER
from assay.worker.records.history import microseconds
from benchmarks.incidents.happenings import Happening
from tests.unit.worker.statistics.topic_vectors import DIMENSIONS, NOISE, TOPIC_SIZE, TOPICS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Columns = dict[str, NDArray[Any]]

SECOND = 1_000_000
"""In microseconds, as moments are counted."""

TURNS = (1, 8)
MOOD = 0.1
"""Correlation of two answers of one session: bad ones come together."""

WEEKEND = 0.6
"""Traffic of a Saturday or Sunday over that of a working day."""

RAISED = 0.06
"""Share of traffic in a stratum that is selected whole, where flags are twice as frequent."""

OPINIONS, PLEASED = 0.05, 0.88
LATE = 0.002
"""Share of traces that take longer than a quarter of an hour to be judged."""

UNJUDGED = 0.005
USD_A_TOKEN = 0.5e-6
PROMPT_EVERY = timedelta(days=10)
"""How often a bot gets a new version of its prompt. Its tokens differ by up to a fifth."""

USUAL_MODEL, OTHER_MODEL = "gpt-5-mini-2026-08-07", "gpt-5-mini-2026-05-01"
LANGUAGES, FEATURES, TIERS = ("en", "de"), ("chat", "search", "mail"), ("free", "paid")
WRITES_TAKE_S = 240
"""Three writes, each looked for over a minute: then the scores of a trace are given up."""


@dataclass(frozen=True)
class Bot:
    """One use case.

    Attributes:
        selected: traces of a working day that are selected.
        flagged: share of its answers that are.
        pi: its base rate.
        faithful: share of its answers with a faithfulness of .8 at least.
    """

    name: str
    selected: int
    flagged: float
    pi: float
    faithful: float = 0.92
    refusals: float = 0.01


BOTS = (Bot("support", 3000, 0.025, 0.1), Bot("billing", 1000, 0.02, 0.5), Bot("legal", 300, 0.03, 1.0))
"""What is deployed."""


class Span(NamedTuple):
    """Traces that started in [since, until)."""

    since: datetime
    until: datetime


def traffic_of(bot: Bot, span: Span, happening: Happening | None, generator: np.random.Generator) -> Columns:
    """The selected traces of one bot, in the order of their start."""
    struck = happening if happening is not None and happening.incident.use_case in ("", bot.name) else None
    started, session = _starts(bot, span, generator)
    return _Drawing(bot, span, struck, generator, started, session).columns()


def _starts(bot: Bot, span: Span, generator: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """When traces start, and their sessions, which are numbered by chance as hashes are."""
    hours = math.ceil((span.until - span.since) / timedelta(hours=1))
    begin = microseconds(span.since)
    at = np.arange(hours)
    weekday = (span.since.weekday() + (at + span.since.hour) // 24) % 7
    curve = 1 + 0.8 * np.sin(2 * np.pi * ((at + span.since.hour) % 24 - 8) / 24)
    an_hour = bot.selected / 24 / (sum(TURNS) / 2) * curve * np.where(weekday >= 5, WEEKEND, 1.0)
    counts = generator.poisson(an_hour)
    first = np.repeat(at, counts) * 3600 + generator.random(int(counts.sum())) * 3600
    sizes = generator.integers(TURNS[0], TURNS[1] + 1, size=first.size)
    session = np.repeat(np.arange(first.size), sizes)
    gaps = generator.exponential(90.0, size=session.size)
    so_far = np.cumsum(gaps)
    ends = np.cumsum(sizes)
    waited = so_far - np.repeat(so_far[ends - sizes], sizes)
    started = begin + ((first[session] + waited) * SECOND).astype(np.int64)
    order = np.argsort(started, kind="stable")
    return started[order], session[order]


class _Drawing:
    """Draws the columns one after the other."""

    def __init__(
        self,
        bot: Bot,
        span: Span,
        happening: Happening | None,
        generator: np.random.Generator,
        started: NDArray[np.int64],
        session: NDArray[np.int64],
    ) -> None:
        self._bot, self._span, self._happening, self._rng = bot, span, happening, generator
        self._started, self._session, self._n = started, session, started.size
        self._sessions = int(session.max()) + 1
        self._height = _height(happening, started)

    def columns(self) -> Columns:
        rng, n = self._rng, self._n
        columns: Columns = {"started_at": self._started, "number": np.arange(n)}
        columns["cluster"] = rng.integers(-(2**62), 2**62, size=self._sessions)[self._session]
        raised = rng.random(n) < RAISED
        columns["pi"] = np.where(raised, 1.0, self._bot.pi)
        columns["raised"] = raised
        columns["boost"] = raised & (rng.random(n) >= self._bot.pi)
        self._answers(columns, raised)
        self._facts(columns)
        self._ends(columns)
        self._texts(columns)
        return columns

    def _answers(self, columns: Columns, raised: Bools) -> None:
        rng, n, incident = self._rng, self._n, self._happening.incident if self._happening else None
        rate = self._bot.flagged * np.where(raised, 2.0, 1.0)
        scale = (1 - MOOD) / MOOD
        mood = rng.beta(self._bot.flagged * scale, (1 - self._bot.flagged) * scale, size=self._sessions)[self._session]
        bad = rng.random(n) < np.minimum(1.0, mood * rate / self._bot.flagged)
        faithful = (rng.random(n) < self._bot.faithful) & ~bad
        refused = rng.random(n) < self._bot.refusals
        if incident is not None:
            bad |= rng.random(n) < incident.flagged * self._height
            faithful &= ~bad & (rng.random(n) >= incident.unfaithful * self._height)
            refused |= rng.random(n) < incident.refusals * self._height
        columns["unjudged"] = rng.random(n) < UNJUDGED
        columns["refused"] = refused & ~columns["unjudged"]
        silent = columns["unjudged"] | refused
        columns["risk"] = np.where(silent, np.nan, np.where(bad, rng.uniform(0.3, 0.98, n), rng.uniform(0, 0.1, n)))
        told = np.where(faithful, rng.uniform(0.82, 1.0, n), rng.uniform(0.2, 0.78, n))
        columns["faithfulness"] = columns["groundedness"] = np.where(silent, np.nan, told)

    def _facts(self, columns: Columns) -> None:
        rng, n, incident = self._rng, self._n, self._happening.incident if self._happening else None
        version, times = self._prompts()
        if incident is not None and incident.tokens != 1:
            struck = self._height > 0
            version[struck], times[struck] = version.max() + 1, times[struck] * incident.tokens
        columns["prompt"] = version
        columns["input_tokens"] = np.maximum(1, rng.lognormal(7.2, 0.5, n) * times).astype(np.int64)
        columns["output_tokens"] = np.maximum(1, rng.lognormal(5.2, 0.6, n)).astype(np.int64)
        columns["cost_usd"] = USD_A_TOKEN * (columns["input_tokens"] + 4 * columns["output_tokens"])
        hour = (self._started // (3600 * SECOND)) % 24
        slow = 1 + 0.15 * np.sin(2 * np.pi * (hour - 8) / 24)
        columns["first_token_s"] = rng.lognormal(-1.3, 0.4, n) * slow
        columns["duration_s"] = columns["first_token_s"] + rng.lognormal(-0.5, 0.45, n) * slow
        columns["model"] = np.where(rng.random(n) < 0.03, 1, 0)
        if incident is not None and incident.model:
            columns["model"] = np.where(self._height > 0, 2, columns["model"])
        columns["feature"] = rng.choice(3, p=(0.6, 0.3, 0.1), size=self._sessions)[self._session]
        columns["user_tier"] = rng.choice(2, p=(0.8, 0.2), size=self._sessions)[self._session]
        pleased = np.where(rng.random(n) < PLEASED, 1.0, 0.0)
        columns["opinion"] = np.where(rng.random(n) < OPINIONS, pleased, np.nan)

    def _prompts(self) -> tuple[NDArray[np.int64], Floats]:
        """The version of the prompt that each trace was answered by, and what that does to its tokens."""
        every = PROMPT_EVERY / timedelta(microseconds=1)
        offset = self._rng.random() * every
        version = ((self._started - microseconds(self._span.since) + offset) // every).astype(np.int64)
        times = self._rng.uniform(0.9, 1.1, size=int(version.max()) + 1)
        return version, times[version]

    def _ends(self, columns: Columns) -> None:
        """When each was selected, and when it came to its end."""
        rng, n = self._rng, self._n
        ended = self._started + (columns["duration_s"] * SECOND).astype(np.int64)
        selected = ended + ((30 + 90 * rng.random(n)) * SECOND).astype(np.int64)
        waits = rng.lognormal(3.7, 0.6, n)
        waits[rng.random(n) < LATE] += 1200
        changed = selected + (waits * SECOND).astype(np.int64)
        columns["dropped"] = np.zeros(n, dtype=np.bool_)
        if self._happening is not None:
            changed = self._struck(columns, ended, selected, changed)
        columns |= {"ended_at": ended, "selected_at": selected, "changed_at": changed}

    def _struck(
        self,
        columns: Columns,
        ended: NDArray[np.int64],
        selected: NDArray[np.int64],
        changed: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """When traces come to their end while something is wrong with the fleet."""
        happening = self._happening
        assert happening is not None
        incident, begins = happening.incident, microseconds(happening.begins)
        ends = microseconds(happening.ends) if happening.ends is not None else np.iinfo(np.int64).max
        if incident.dropped:
            columns["dropped"] = dropped = (changed >= begins) & (changed < ends)
            dropped &= self._rng.random(self._n) < incident.dropped
            for name in ("risk", "faithfulness", "groundedness"):
                columns[name] = np.where(dropped, np.nan, columns[name])
            changed = np.where(dropped, changed + WRITES_TAKE_S * SECOND, changed)
        if incident.judge_down:
            waiting = (changed >= begins) & (changed < ends)
            worked_off = (1800 * SECOND * self._rng.random(self._n)).astype(np.int64)
            changed = np.where(waiting, ends + worked_off, changed)
        if incident.beat_dead:  # nobody selects
            changed = np.where(selected >= begins, np.iinfo(np.int64).max, changed)
        return np.asarray(changed, dtype=np.int64)

    def _texts(self, columns: Columns) -> None:
        rng, n = self._rng, self._n
        columns["question_chars"] = np.maximum(1, rng.lognormal(4.5, 0.6, n)).astype(np.int64)
        columns["answer_chars"] = np.maximum(1, rng.lognormal(6.3, 0.5, n)).astype(np.int64)
        columns["language"] = np.where(rng.random(self._sessions) < 0.8, 0, 1)[self._session]
        columns["passages"] = np.where(rng.random(n) < 0.04, 0, 1 + rng.poisson(3, n))
        topic = rng.choice(TOPICS, p=_SHARES, size=self._sessions)[self._session]
        incident = self._happening.incident if self._happening else None
        if incident is not None and incident.new_topic:
            new = (rng.random(self._sessions) < incident.new_topic)[self._session] & (self._height > 0)
            topic = np.where(new, TOPICS, topic)
        fixed = np.random.default_rng([len(self._bot.name), self._bot.selected])
        for name in ("question", "answer"):
            columns[f"{name}_vector"] = _vectors(topic, fixed, rng)
        for name in ("question_chars", "answer_chars", "passages"):
            columns[name][columns["unjudged"] & (rng.random(n) < 0.5)] = UNKNOWN_INTEGER


_SHARES = np.array([4, 3, 2, 2, 1, 1, 1, 1]) / 15
"""Of the topics: a few make most of the traffic."""


def _vectors(topic: NDArray[np.int64], fixed: np.random.Generator, generator: np.random.Generator) -> NDArray[np.int8]:
    """Vectors of texts, as the reference's power comparison draws them; kept as the record keeps them."""
    directions = fixed.standard_normal((TOPICS + 2, DIMENSIONS))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    noise = NOISE * generator.standard_normal((topic.size, DIMENSIONS), dtype=np.float32)
    vectors = directions[TOPICS + 1] + TOPIC_SIZE * directions[topic] + noise
    scaled = vectors * (127 / np.abs(vectors).max(axis=1, keepdims=True))
    whole: NDArray[np.int8] = np.rint(scaled).astype(np.int8)
    return whole


def _height(happening: Happening | None, started: NDArray[np.int64]) -> Floats:
    """How much of an incident is there when each trace starts: from 0 to 1."""
    if happening is None:
        return np.zeros(started.size)
    since = (started - microseconds(happening.begins)) / SECOND
    rises = happening.incident.rises_over.total_seconds()
    height = np.clip(since / rises, 0.0, 1.0) if rises else (since >= 0).astype(np.float64)
    if happening.ends is not None:
        height = np.where(started >= microseconds(happening.ends), 0.0, height)
    return height
