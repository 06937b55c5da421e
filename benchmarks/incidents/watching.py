"""A simulated fleet watched by the product: its signals, its daily check of drift, its rules and its evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from assay.worker.alerts.evaluating import evaluate
from assay.worker.alerts.muting import with_silence
from assay.worker.alerts.rule import Severity
from assay.worker.alerts.rules import alert_rules
from assay.worker.alerts.series import Series
from assay.worker.alerts.states import AlertState
from assay.worker.config.deployment import Deployment
from assay.worker.config.slos import Slos, UseCaseSlos
from assay.worker.config.use_cases import Defaults, UseCase
from assay.worker.flow.metric_snapshots import kept_snapshots
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.history import History
from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.cost.ticking import CostScope
from assay.worker.signals.drift.daily import DailyDrift
from assay.worker.signals.drift.desk import DriftDesk
from assay.worker.signals.parts import Memory, Part
from assay.worker.signals.quality_parts import cost_part, day_part, long_part, slo_part
from assay.worker.signals.samples import number
from assay.worker.signals.slos.snapshot import LONG_EVERY_S, SloWatch
from assay.worker.state.memory.history import MemoryHistory
from assay.worker.state.memory.state import memory_state
from assay.worker.wiring.signals import scope_of
from benchmarks.incidents.fleet import SimulatedFleet
from benchmarks.incidents.happenings import Happening
from benchmarks.incidents.record import RUBRIC, SimulatedRecord
from benchmarks.incidents.traffic import BOTS, Bot, Columns, Span, traffic_of

WARM_UP = timedelta(days=15)
"""Traffic before the first look: trends compare a week with the one before."""

BUDGET_USD = 1200.0
"""Of the bot with most traffic, a month. It takes some four fifths of it."""


def deployment_of(bots: Sequence[Bot] = BOTS) -> Deployment:
    """What is deployed. An error budget of three days, so that no month must be read for what no rule looks at."""
    return Deployment(
        use_cases=tuple(UseCase(name=bot.name) for bot in bots),
        defaults=Defaults(rubrics=(RUBRIC,)),
        slos=Slos(
            period_days=3,
            use_cases={bots[0].name: UseCaseSlos(profile="rag", budget_usd_per_month=BUDGET_USD)},
        ),
    )


@dataclass(frozen=True)
class Told:
    """One alert, from when people were told of it."""

    rule: str
    severity: Severity
    labels: Mapping[str, str]
    at: datetime

    @property
    def words(self) -> str:
        """Rule and labels, e.g. `AssayBudgetBurnsFast billing quality`."""
        return " ".join((self.rule, *self.labels.values()))


@dataclass(frozen=True)
class Pace:
    """How often what is done.

    Attributes:
        look: the windows `15m` and `24h`, the fleet, and the rules.
        objectives: their windows of 1 and 6 hours.
        long: windows of days, cost, trends, and the long windows of objectives.
        drift: the check of drift.
    """

    look: timedelta = timedelta(minutes=5)
    objectives: timedelta = timedelta(minutes=20)
    long: timedelta = timedelta(hours=4)
    drift: timedelta = timedelta(days=1)


@dataclass
class Watch:
    """One deployment, one stretch of time.

    Attributes:
        begins: the first look.
        told: all alerts that people were told of, in the order of time.
    """

    begins: datetime
    ends: datetime
    seed: int
    happening: Happening | None = None
    pace: Pace = field(default_factory=Pace)
    bots: Sequence[Bot] = BOTS
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FixedClock(self.begins)
        self.traffic = self._drawn()
        model = self.happening.incident.model if self.happening else ""
        record, self._state = SimulatedRecord(self.traffic, self.clock, new_model=model), memory_state()
        self._fleet = SimulatedFleet(self.traffic, self.happening)
        deployment = deployment_of(self.bots)
        self._rules = alert_rules(deployment)
        self._states: Mapping[str, AlertState] = {}
        self._known: set[str] = set()
        self._kept: dict[str, Sequence[Sample]] = {}
        self._windows: set[str] = set()
        self._ticked = self.begins
        self._memory: dict[str, Memory] = {}
        self._parts = self._made_parts(deployment, record)
        self._drift = self._made_drift(deployment, record)
        self._due = dict.fromkeys((*self._parts, "drift"), self.begins)

    def _drawn(self) -> dict[str, Columns]:
        span = Span(self.begins - WARM_UP, self.ends)
        return {
            bot.name: traffic_of(bot, span, self.happening, np.random.default_rng([self.seed, number_of]))
            for number_of, bot in enumerate(self.bots)
        }

    def _made_parts(self, deployment: Deployment, record: SimulatedRecord) -> dict[str, Part]:
        scope, state, slower = scope_of(deployment), self._state, LONG_EVERY_S / self.pace.long.total_seconds()
        watch = SloWatch(record, lambda: self.clock.now().timestamp() * slower)
        parts = (
            day_part(record, state.ledger_reader, state.key_values, scope),
            slo_part(partial(watch.snapshot, deployment)),
            cost_part(record, state.windows, CostScope.of(deployment)),
            long_part(record, scope),
        )
        return {part.name: part for part in parts}

    def _made_drift(self, deployment: Deployment, record: SimulatedRecord) -> DailyDrift:
        memory = MemoryHistory()
        return DailyDrift(
            desk=DriftDesk(History(memory, record, memory, memory.documents), deployment.drift),
            key_values=self._state.key_values,
            locks=self._state.locks,
            clock=self.clock,
            use_cases=[bot.name for bot in self.bots],
        )

    async def run(self) -> None:
        """Look again and again, to the end."""
        while self.clock.now() < self.ends:
            await self.look()
            self.clock.moment += self.pace.look

    async def look(self) -> None:
        """One look: compute what is due, then hold the rules against it."""
        now = self.clock.now()
        if self._fleet.is_beating(now):
            await self._compute(now)
            self._ticked = now
        samples = [*self._fleet.samples(now), *(each for part in self._kept.values() for each in part)]
        # That a window is computed less often than a fleet would is our own haste, and no reason for an alert.
        for window in self._windows:
            samples += number(quality.COMPUTED, self._ticked.timestamp(), window)
        self._states = evaluate(self._rules, Series(samples), now.timestamp(), self._states).states
        self._note(now)

    async def _compute(self, now: datetime) -> None:
        rests = {"day": self.pace.look, "slo": self.pace.objectives, "cost": self.pace.long, "long": self.pace.long}
        for name, part in self._parts.items():
            if now < self._due[name]:
                continue
            self._due[name] = now + rests[name]
            computed = await part.compute(self._memory.get(name, Memory()), now)
            self._memory[name] = computed.memory
            self._kept[name] = [each for samples in computed.samples.values() for each in samples]
            if part.tells_time:
                self._windows |= set(computed.samples)
        if now >= self._due["drift"]:
            await self._drift.tick()
            snapshots = await kept_snapshots(self._state.key_values)
            self._kept["drift"] = [each for snapshot in snapshots for each in snapshot.samples]
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            settled = midnight + timedelta(hours=1, minutes=5)
            self._due["drift"] = settled if now < settled else settled + self.pace.drift

    def _note(self, now: datetime) -> None:
        """Keep what people are told for the first time."""
        told = with_silence(self._states, firing=self._states, rules=self._rules, muted=((), ()), now=now.timestamp())
        self._known &= set(told)
        for key, state in told.items():
            if state.is_firing and not state.silent and key not in self._known:
                self._known.add(key)
                labels = {name: value for name, value in state.labels.items() if name != "owner"}
                self.told.append(Told(state.rule, state.severity, labels, now))
