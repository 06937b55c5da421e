"""What the fleet is kept from, for `assay status`: ticks that did not run, clocks that are off, calls that wait.

Each part is data with a sentence for people. A part about which nothing is wrong has no sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from pydantic import Field

from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.flow.pressure import HeldBack, read_pressure
from assay.worker.flow.release import BacklogView, read_backlog
from assay.worker.limits.status import CallStatus, call_status
from assay.worker.ports.backlog import Backlog
from assay.worker.ports.call_limits import CallAccountReader, UnknownEnds
from assay.worker.ports.clock import Clock
from assay.worker.ports.ended_entries import EndedEntries
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.pulse import FleetPulse, TickTimes
from assay.worker.reporting.record_health import RecordHealth, read_record_health

CLOCK_OFF_S = 2.0
"""From so many seconds on a clock is off. One that is kept by NTP is right to some hundredths."""

_LATE_AFTER, _LATE_AT_LEAST_S = 5, 60.0
"""A tick did not run if the last one that did is so many of its intervals ago. A restart may take a minute."""


class Tick(Record):
    """One kind of tick: how often it is due, when beat last sent it, and when a run of it last came to its end."""

    name: str
    every_s: float
    sent_ago_s: float | None
    done_ago_s: float | None
    sentence: str = ""


class ProcessClock(Record):
    """A process of the fleet, how far its machine's clock is ahead of Redis', and which version of Assay it runs.

    Attributes:
        offset_s: None: it could not be read.
        version: empty: it is of before processes told that.
    """

    name: str
    offset_s: float | None
    version: str = ""
    sentence: str = ""


class FleetHealth(Record):
    """What the fleet is kept from.

    Attributes:
        ticks: of all kinds that are due in this deployment.
        processes: workers and beats that are alive.
        dropped: messages that were none of ours, of the last seven days, by reason.
        held_back: why no new windows are looked through. None: they are.
        backlog: what waits for its release.
        calls: limits, budgets and endpoints of judge models.
        unknown_ends: calls of these days of which nobody knows how they ended.
        record: what waits for its row in the record.
    """

    ticks: tuple[Tick, ...] = ()
    processes: tuple[ProcessClock, ...] = ()
    dropped: dict[str, int] = Field(default_factory=dict)
    held_back: HeldBack | None = None
    backlog: BacklogView = BacklogView()
    calls: CallStatus = CallStatus()
    unknown_ends: UnknownEnds = UnknownEnds()
    record: RecordHealth = RecordHealth()

    @property
    def warnings(self) -> list[str]:
        """What a person has to look at."""
        told = [*(tick.sentence for tick in self.ticks), *(process.sentence for process in self.processes)]
        told.append(versions_words(self.processes))
        held_back = self.held_back.sentence if self.held_back else ""
        return [line for line in (*told, held_back, *self.record.sentences) if line]


class HealthPorts(NamedTuple):
    """Where the fleet's health is read."""

    pulse: FleetPulse
    backlog: Backlog
    key_values: KeyValues
    call_reader: CallAccountReader
    ended: EndedEntries


async def read_fleet_health(
    ports: HealthPorts,
    deployment: Deployment,
    clock: Clock,
    intervals: Mapping[str, float],
    *,
    first: date,
    last: date,
) -> FleetHealth:
    """How the fleet is.

    Args:
        ports: where it is read.
        deployment: what is configured.
        clock: the state's clock.
        intervals: how often each tick is due, in seconds.
        first: the first UTC day of which calls without a known end are counted.
        last: the last one.

    Raises:
        StateUnavailable
    """
    ticks = await ports.pulse.ticks()
    return FleetHealth(
        ticks=tuple(tick_of(name, every_s, ticks[name]) for name, every_s in intervals.items() if name in ticks),
        processes=tuple(
            process_clock(seen.name, seen.offset_s, seen.version) for seen in await ports.pulse.processes()
        ),
        dropped=dict(await ports.pulse.dropped()),
        held_back=await read_pressure(ports.key_values),
        backlog=await read_backlog(ports.backlog, clock),
        calls=await call_status(ports.call_reader, deployment),
        unknown_ends=await ports.call_reader.unknown_ends(first, last),
        record=await read_record_health(ports.ended, ports.key_values, clock.now()),
    )


def tick_of(name: str, every_s: float, times: TickTimes) -> Tick:
    """A tick with what is wrong about it."""
    late_s = max(_LATE_AT_LEAST_S, _LATE_AFTER * every_s)
    sent, done = times.sent_ago_s, times.done_ago_s
    sentence = ""
    if sent is not None and sent > late_s:
        sentence = f"no {name} was sent for {sent:,.0f} s; see that beat runs"
    elif done is not None and done > late_s:
        sentence = f"no {name} ran to its end for {done:,.0f} s; see that a control worker runs, and its log"
    elif done is None:
        sentence = f"no {name} has run to its end yet; see that a control worker runs"
    return Tick(name=name, every_s=every_s, sent_ago_s=sent, done_ago_s=done, sentence=sentence)


def process_clock(name: str, offset_s: float | None, version: str = "") -> ProcessClock:
    """A process' clock with what is wrong about it."""
    sentence = ""
    if offset_s is not None and abs(offset_s) > CLOCK_OFF_S:
        sentence = f"{name}: the clock of its machine is {clock_words(offset_s)}; have NTP keep it"
    return ProcessClock(name=name, offset_s=offset_s, version=version, sentence=sentence)


def versions_words(processes: Iterable[ProcessClock]) -> str:
    """What to do where processes run several versions, with the processes of each; empty where they run one."""
    names: dict[str, list[str]] = {}
    for process in processes:
        names.setdefault(process.version or "an older version", []).append(process.name)
    if len(names) < 2:
        return ""
    told = "; ".join(f"{version}: {', '.join(of)}" for version, of in sorted(names.items()))
    return f"processes run {len(names)} versions ({told}); finish the upgrade, or take it back"


def clock_words(offset_s: float) -> str:
    """How far a clock is off, in words: `30.0 s ahead of Redis'`."""
    return f"{abs(offset_s):,.1f} s {'ahead of' if offset_s > 0 else 'behind'} Redis'"
