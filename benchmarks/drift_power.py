"""How often a drift check raises a false alarm, and what changes it sees.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.drift_power [--trials 50] [--power-trials 60] [--check-trials 12]

1. The whole family of a check (14 features, Holm at 5 %) on traffic that did not change: equal and unequal weights, a
   sampling rate that was raised meanwhile, sessions whose turns resemble each other, 200 to 1,000 traces.
2. The power table of the reference, by the same draws: one test each at 5 %, 500 against 200 vectors.
3. What a whole check sees of changes that teams meet, at 500 against 500 traces.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.signals.drift.capturing import Origin, captured
from assay.worker.signals.drift.comparing import Comparison, Rules
from assay.worker.signals.drift.features import NUMBERS
from assay.worker.signals.drift.observations import Category, Observations, Vectors
from assay.worker.signals.drift.records import FeatureDrift
from assay.worker.statistics.drift_permutation import Sides, p_value, splits_of
from assay.worker.statistics.drift_psi import psi
from assay.worker.statistics.drift_vectors import centroid_distances, energy_distance, mmd_squared, squared_distances
from assay.worker.statistics.intervals import clopper_pearson
from assay.worker.statistics.k_means import k_means, nearest_centre
from tests.unit.worker.statistics.topic_vectors import DIMENSIONS, TOPIC_SIZE, TOPICS, TopicTraffic

Floats = NDArray[np.float64]

SPLITS = 299
"""Random splits of each test. Fewer than a real check has, so that many trials fit into minutes."""

NOW = datetime(2026, 11, 30, tzinfo=UTC)


class Design(NamedTuple):
    """How traffic is drawn.

    Attributes:
        before: traces in the baseline.
        now: traces that are checked.
        rates: selection probability of common and of rare traces (a tenth), before and now. None: all alike.
        turns: turns of a session on average; 1: every trace stands alone.
    """

    before: int
    now: int
    rates: tuple[tuple[float, float], tuple[float, float]] | None = None
    turns: float = 1.0

    @property
    def text(self) -> str:
        """In words."""
        parts = [f"{self.before} : {self.now}"]
        if self.rates is not None:
            (common, rare), (common_now, rare_now) = self.rates
            parts.append(f"rates {common:g} and {rare:g}, now {common_now:g} and {rare_now:g}")
        if self.turns > 1:
            parts.append(f"sessions of {self.turns:g} turns")
        return ", ".join(parts)


DESIGNS = (
    Design(500, 200),
    Design(500, 500),
    Design(1000, 1000),
    Design(500, 500, rates=((0.1, 1.0), (0.1, 1.0))),
    Design(500, 500, rates=((0.1, 1.0), (0.2, 0.5))),
    Design(500, 500, turns=4.0),
    Design(1000, 500, turns=4.0),
    Design(500, 500, rates=((0.1, 1.0), (0.2, 0.5)), turns=4.0),
)


class Change(NamedTuple):
    """What is different now."""

    newtopic: float = 0.0
    mix: float = 0.0
    longer: float = 1.0
    refusals: float = 0.04
    english: float = 0.8
    new_model: float = 0.0
    no_passages: float = 0.05


CHANGES: Mapping[str, Change] = {
    "10 % about a new topic": Change(newtopic=0.1),
    "20 % about a new topic": Change(newtopic=0.2),
    "one topic + 10 points": Change(mix=0.1),
    "one topic + 20 points": Change(mix=0.2),
    "answers 20 % longer": Change(longer=1.2),
    "answers 50 % longer": Change(longer=1.5),
    "refusals 4 % to 8 %": Change(refusals=0.08),
    "refusals 4 % to 12 %": Change(refusals=0.12),
    "English 80 % to 70 %": Change(english=0.7),
    "10 % by a new model": Change(new_model=0.1),
    "no passages 5 % to 10 %": Change(no_passages=0.10),
    "no passages 5 % to 15 %": Change(no_passages=0.15),
}


class Bot:
    """Traffic of one bot: sessions with a topic, a language and lengths of their own."""

    def __init__(self, seed: int) -> None:
        self.topics = TopicTraffic(seed)
        self.rng = np.random.default_rng([seed, 1])

    def traces(self, design: Design, n: int, rates: tuple[float, float] | None, change: Change) -> Observations:
        """What is selected of it, n traces or somewhat more."""
        rng = self.rng
        drawn = 2 * n if rates is not None else n
        drawn = int(drawn / min(1.0, 0.9 * rates[0] + 0.1 * rates[1])) if rates is not None else drawn
        sizes = rng.geometric(1 / design.turns, size=drawn)
        session = np.repeat(np.arange(drawn), sizes)[:drawn]
        is_rare = rng.random(drawn) < 0.1
        pi = np.where(is_rare, rates[1], rates[0]) if rates is not None else np.ones(drawn)
        kept = np.flatnonzero(rng.random(drawn) < pi)[:n]
        session, is_rare, pi = session[kept], is_rare[kept], pi[kept]
        return self._observed(session, is_rare, pi, change)

    def _observed(self, session: NDArray[np.int64], is_rare: NDArray[np.bool_], pi: Floats, c: Change) -> Observations:
        rng, n = self.rng, session.size
        own = np.unique(session, return_inverse=True)[1]
        count = int(own.max()) + 1
        mood = rng.standard_normal(count)[own]
        language = np.where(rng.random(count) < c.english, 0, 1)[own]
        topic = self._topic(count, c)[own]
        # Rare traces are another kind of traffic: longer, and refused more often.
        length = np.exp(5 + 0.4 * mood + 0.4 * rng.standard_normal(n) + 0.3 * is_rare)
        passages = np.where(rng.random(n) < c.no_passages, 0, 1 + rng.poisson(3, n)).astype(float)
        numbers = {
            "question_chars": np.round(length / 3),
            "answer_chars": np.round(length * c.longer),
            "passages": passages,
            "refusal": (rng.random(n) < c.refusals * (1 + 2 * is_rare) / 1.2).astype(float),
            "empty_answer": (rng.random(n) < 0.01).astype(float),
            "no_passages": (passages == 0).astype(float),
            "model_not_asked": np.zeros(n),
        }
        assert set(numbers) == set(NUMBERS)
        models = np.where(rng.random(n) < c.new_model, 2, rng.integers(0, 2, n))
        return Observations(
            weights=1 / pi,
            clusters=rng.integers(-(2**62), 2**62, count)[own],
            numbers=numbers,
            categories={
                "question_language": Category(language, ("en", "de")),
                "answer_language": Category(language, ("en", "de")),
                "model_served": Category(models.astype(np.int64), ("a-1", "a-2", "b-1")),
            },
            vectors={"question_vector": self._vectors(topic), "answer_vector": self._vectors(topic)},
            vectors_from="drawn",
        ).by_session()

    def _topic(self, count: int, c: Change) -> NDArray[np.int64]:
        shares = np.full(TOPICS, 1 / TOPICS - c.mix / (TOPICS - 1))
        shares[0] = 1 / TOPICS + c.mix
        topic = self.rng.choice(TOPICS, size=count, p=shares)
        return np.where(self.rng.random(count) < c.newtopic, TOPICS, topic)

    def _vectors(self, topic: NDArray[np.int64]) -> Vectors:
        centres = np.vstack([self.topics.topics, self.topics.unseen])
        noise = 0.094 * self.rng.standard_normal((topic.size, DIMENSIONS))
        values = self.topics.common + TOPIC_SIZE * centres[topic] + noise
        values /= np.abs(values).max(axis=1, keepdims=True)
        return Vectors(np.round(127 * values).astype(np.int8), np.ones(topic.size, dtype=np.bool_))


def checked(design: Design, change: Change, seed: int) -> tuple[FeatureDrift, ...]:
    """One check."""
    bot = Bot(seed)
    before, now = (None, None) if design.rates is None else design.rates
    baseline = captured(
        bot.traces(design, design.before, before, Change()), Origin("bot", "b", "period", "b"), NOW, least=50
    )
    traffic = bot.traces(design, design.now, now, change)
    return Comparison(baseline, traffic, Rules(splits=SPLITS)).features()


def false_alarms(trials: int) -> None:
    """The family of a check without drift."""
    print(f"\n1. No drift, {trials} checks a design: any adjusted p <= 5 % ('p'), and called drift for its size, too")
    print(f"{'design':62}{'p':>9}{'called':>9}   alarms by feature")
    total = Counter[str]()
    for design in DESIGNS:
        alarms, called, by = 0, 0, Counter[str]()
        for seed in range(trials):
            features = checked(design, Change(), seed)
            flagged = [each.feature for each in features if each.p_adjusted is not None and each.p_adjusted <= 0.05]
            alarms, called = alarms + bool(flagged), called + any(each.drifted for each in features)
            by.update(flagged)
        total.update(p=alarms, called=called, trials=trials)
        print(f"{design.text:62}{alarms / trials:9.1%}{called / trials:9.1%}   {dict(by)}", flush=True)
    bounds = clopper_pearson(total["p"], total["trials"])
    assert bounds is not None
    print(
        f"{'all':62}{total['p'] / total['trials']:9.1%}{total['called'] / total['trials']:9.1%}   "
        f"n = {total['trials']}, 95 % of p: {bounds.low:.1%} to {bounds.high:.1%}"
    )


_POWER = {
    "no change": {},
    "10 % new topic": {"newtopic": 0.1},
    "20 % new topic": {"newtopic": 0.2},
    "one topic + 10 points": {"mix": 0.1},
    "one topic + 20 points": {"mix": 0.2},
    "spread + 15 %": {"spread": 0.15},
    "spread + 30 %": {"spread": 0.3},
}


def power_table(trials: int) -> None:
    """The reference's table: single tests at 5 %."""
    print(f"\n2. Single tests at 5 %, 500 against 200 vectors, {trials} trials a row (60: +- 12 points)")
    print(f"{'change':28}{'centroid':>10}{'MMD':>8}{'energy':>8}{'PSI p':>8}{'PSI>=.25':>10}")
    sides = Sides.of((np.ones(500), np.arange(500)), (np.ones(200), np.arange(200)))
    for name, change in _POWER.items():
        flags = []
        for seed in range(trials):
            traffic = TopicTraffic(seed)
            before, now = traffic.draw(500), traffic.draw(200, **change)
            vectors = np.vstack([before, now])
            splits, squares = splits_of(sides, count=199, seed=seed), squared_distances(vectors)
            tests = centroid_distances(vectors, splits), mmd_squared(squares, splits), energy_distance(squares, splits)
            centres = k_means(before, TOPICS)
            tables = [np.bincount(nearest_centre(side, centres)[0], minlength=TOPICS) for side in (before, now)]
            index = psi(*(table.astype(np.float64) for table in tables))
            assert index is not None
            flags.append([*(p_value(test) <= 0.05 for test in tests), index.p_value <= 0.05, index.value >= 0.25])
        centroid, mmd, energy, by_psi, by_line = np.mean(flags, axis=0)
        print(f"{name:28}{centroid:10.0%}{mmd:8.0%}{energy:8.0%}{by_psi:8.0%}{by_line:10.0%}", flush=True)


def whole_checks(trials: int) -> None:
    """What a check with all its tests sees."""
    print(f"\n3. Whole checks, 500 against 500 traces, {trials} trials a row: called drift, and in what")
    design = Design(500, 500)
    for name, change in CHANGES.items():
        seen, by = 0, Counter[str]()
        for seed in range(trials):
            drifted = [each.feature for each in checked(design, change, 1000 + seed) if each.drifted]
            seen += bool(drifted)
            by.update(drifted)
        told = ", ".join(f"{feature} {count / trials:.0%}" for feature, count in by.most_common(4))
        print(f"{name:28}{seen / trials:8.0%}   {told}", flush=True)


def main() -> None:
    """Print all three."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--power-trials", type=int, default=60)
    parser.add_argument("--check-trials", type=int, default=12)
    options = parser.parse_args()
    began = time.perf_counter()
    false_alarms(options.trials)
    power_table(options.power_trials)
    whole_checks(options.check_trials)
    print(f"\n{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
