"""What the state of a simulated fleet says: ticks, processes, breakers, and what is in flight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.settings import Settings
from assay.worker.records.history import microseconds
from assay.worker.records.metrics import fleet
from assay.worker.records.metrics.metric import Sample
from assay.worker.reporting.fleet_samples import sample
from assay.worker.wiring.queues import TICKS
from benchmarks.incidents.happenings import Happening
from benchmarks.incidents.record import RUBRIC
from benchmarks.incidents.traffic import SECOND, Columns

DAY = timedelta(days=1)

BREAKER_AFTER = timedelta(seconds=45)
"""So long calls fail before the breaker opens."""

HELD_BACK_AFTER = timedelta(hours=1)
"""So long what was selected waits before sweeps look through nothing new."""

DEPLOYED = timedelta(seconds=100)
"""Once a week, on Wednesday at 10, a new version is deployed: for so long beat sends nothing and nobody judges."""

BLIP = timedelta(minutes=3)
"""Each day at 3 the endpoint is away for a moment, and the breaker open."""


class SimulatedFleet:
    """Tells its metrics as of a moment.

    Args:
        by_use_case: drawn traces.
        happening: the incident, if it is about the fleet.
    """

    def __init__(self, by_use_case: Mapping[str, Columns], happening: Happening | None) -> None:
        self._happening = happening
        self._tables = by_use_case
        usual = Settings.model_fields
        self._intervals = {name: float(usual[f"{name}_every_s"].default) for name in TICKS if name != "review"}

    def is_beating(self, now: datetime) -> bool:
        """Whether beat sends ticks."""
        happening = self._happening
        return happening is None or not happening.incident.beat_dead or now < happening.begins

    def samples(self, now: datetime) -> Iterator[Sample]:
        """All that rules look at."""
        yield sample(fleet.STATE_READABLE, 1)
        yield from self._pulse(now)
        yield from self._work(now)
        yield sample(fleet.BREAKER, 2 if self._is_open(now) else 0, DEFAULT_ENDPOINT)
        yield sample(fleet.ENDPOINT_DENIED, 0, DEFAULT_ENDPOINT)
        yield sample(fleet.SWEEP_HELD_BACK, self._judge_down_for(now) > HELD_BACK_AFTER)
        yield sample(fleet.RECORD_WAITING, 0)
        yield sample(fleet.RECORD_TROUBLE, 0)
        yield sample(fleet.GOLDEN_READABLE, 1)

    def _pulse(self, now: datetime) -> Iterator[Sample]:
        silent_s = 0.0
        if not self.is_beating(now) and self._happening is not None:
            silent_s = (now - self._happening.begins).total_seconds()
        pause_s = _deployed_for(now).total_seconds()
        for name, every_s in self._intervals.items():
            age_s = max(silent_s, pause_s) + every_s / 2
            yield sample(fleet.TICK_INTERVAL, every_s, name)
            yield sample(fleet.TICK_SENT_AGE, age_s, name)
            yield sample(fleet.TICK_DONE_AGE, age_s + 1, name)
        for role in ("assess", "control", "beat"):
            is_alive = pause_s == 0 and (role != "beat" or self.is_beating(now))
            yield sample(fleet.PROCESSES, is_alive, role)
        yield sample(fleet.CLOCK_OFFSET, 0.05)

    def _work(self, now: datetime) -> Iterator[Sample]:
        moment, midnight = microseconds(now), microseconds(datetime(now.year, now.month, now.day, tzinfo=UTC))
        oldest, given_up, unjudged, dead = moment, 0, 0, 0
        for columns in self._tables.values():
            part = slice(int(np.searchsorted(columns["started_at"], microseconds(now - DAY))), None)
            selected, changed = columns["selected_at"][part], columns["changed_at"][part]
            waiting = (selected <= moment) & (changed > moment) & (changed < np.iinfo(np.int64).max)
            oldest = min(oldest, int(selected[waiting].min())) if waiting.any() else oldest
            today = (columns["started_at"][part] >= midnight) & (changed <= moment)
            given_up += int((columns["dropped"][part] & today).sum())
            unjudged += int((columns["unjudged"][part] & today).sum())
            dead += int((columns["dropped"] & (columns["changed_at"] <= moment)).sum())
        yield sample(fleet.OLDEST_OPEN, (moment - oldest) / SECOND)
        yield sample(fleet.DEAD_LETTERS, dead, RUBRIC)
        for reason, count in (("unverified", given_up), ("too_long", unjudged)):
            if count:
                yield sample(fleet.SKIPPED_TRACES, count, reason)

    def _judge_down_for(self, now: datetime) -> timedelta:
        happening = self._happening
        if happening is None or not happening.incident.judge_down or now < happening.begins:
            return timedelta()
        return timedelta() if happening.ends is not None and now >= happening.ends else now - happening.begins

    def _is_open(self, now: datetime) -> bool:
        since_three = now - now.replace(hour=3, minute=0, second=0, microsecond=0)
        return self._judge_down_for(now) > BREAKER_AFTER or timedelta() <= since_three < BLIP


def _deployed_for(now: datetime) -> timedelta:
    """For how long everything has stood still for a deployment."""
    since_ten = now - now.replace(hour=10, minute=0, second=0, microsecond=0)
    is_now = now.weekday() == 2 and timedelta() <= since_ten < DEPLOYED
    return since_ten if is_now else timedelta()
