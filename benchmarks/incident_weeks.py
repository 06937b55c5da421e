"""Which alert fires after how long in a week of incidents, and how many fire in quiet weeks?

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.incident_weeks
    OPENBLAS_NUM_THREADS=1 python -m benchmarks.incident_weeks --weeks 20 --incident none
    OPENBLAS_NUM_THREADS=1 python -m benchmarks.incident_weeks --weeks 0 --incident spike --incident tokens

Three bots of 3,000, 1,000 and 300 judged traces a day are simulated, and watched by the product's own code: its
signals, its daily check of drift, its rules, its evaluator. What the judge would say is drawn with each trace, and what
the fleet's state says is made up; nothing is judged, and nothing is sent.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from assay.judges.cpu_executor import on_the_loop
from assay.worker.records.history import microseconds
from benchmarks.incidents.happenings import INCIDENTS, Happening, Incident
from benchmarks.incidents.watching import Pace, Told, Watch

BEGINS = datetime(2026, 10, 5, tzinfo=UTC)
"""A Monday."""

WEEKS_AT_ONCE = 2
"""Quiet weeks that one simulation goes through without a break. Each has a seed of its own."""

QUIET_LOOK = timedelta(minutes=15)
INCIDENT_LOOK = timedelta(minutes=2)
SIDE_EFFECTS = timedelta(hours=3)
"""So long an incident is watched at least: what else is told of it belongs to the table."""

RUN_IN = timedelta(hours=3)
"""Looks before an incident begins. What fires then is no answer to it."""

BEGINS_AT = timedelta(days=2, hours=10, minutes=30)
"""Of the week: Wednesday morning."""


class Quiet(NamedTuple):
    """Quiet weeks of one seed."""

    seed: int
    weeks: int
    told: Sequence[Told]


class Answer(NamedTuple):
    """What was told in one incident.

    Attributes:
        told: since it began.
        traces: of the use case that is struck (of all, where it is the fleet) that had ended by each.
    """

    name: str
    seed: int
    begins: datetime
    told: Sequence[Told]
    traces: Sequence[int]


def quiet_weeks(seed: int, weeks: int, pace: Pace) -> Quiet:
    """Watch weeks in which nothing happens."""
    watch = Watch(BEGINS, BEGINS + timedelta(days=7 * weeks), seed, pace=pace)
    with on_the_loop():
        asyncio.run(watch.run())
    _tell_at_once(f"{weeks} quiet weeks of seed {seed}", watch.told)
    return Quiet(seed, weeks, watch.told)


def incident(name: str, seed: int) -> Answer:
    """Watch one incident until its alert is told, and then until side effects have shown."""
    what = INCIDENTS[name]
    begins = BEGINS + BEGINS_AT
    ends = begins + max(what.within, SIDE_EFFECTS)
    is_slow = what.within > timedelta(days=1)
    pace = (
        Pace(look=timedelta(minutes=20), long=timedelta(hours=2))
        if is_slow
        else Pace(look=INCIDENT_LOOK, objectives=timedelta(minutes=4), long=timedelta(minutes=30))
    )
    watch = Watch(begins - RUN_IN, ends, seed, Happening(what, begins), pace)
    with on_the_loop():
        asyncio.run(watch.run())
    told = [each for each in watch.told if each.at >= begins]
    _tell_at_once(f"{name}, seed {seed}, began {begins:%a %H:%M}", told)
    return Answer(name, seed, begins, told, [_traces(watch, what, begins, each.at) for each in told])


def _tell_at_once(of: str, told: Sequence[Told]) -> None:
    """One run as soon as it is over: all of them take a while."""
    lines = [f"    {each.at:%a %Y-%m-%d %H:%M} {each.severity} {each.words}" for each in told]
    print("\n".join((f"{of}: {len(told)} told", *lines)), file=sys.stderr, flush=True)


def _traces(watch: Watch, what: Incident, since: datetime, until: datetime) -> int:
    """Traces that began in the incident and had ended by a moment."""
    count = 0
    for name, columns in watch.traffic.items():
        if what.use_case in {"", name}:
            began = columns["started_at"] >= microseconds(since)
            count += int((began & (columns["changed_at"] <= microseconds(until))).sum())
    return count


def tell_quiet(runs: Iterable[Quiet]) -> bool:
    """The table of quiet weeks. Whether it is as it must be."""
    runs = list(runs)
    weeks = sum(run.weeks for run in runs)
    counts = Counter((each.severity, each.rule) for run in runs for each in run.told)
    by_severity = Counter(each.severity for run in runs for each in run.told)
    print(f"\n{weeks} quiet weeks, seeds {', '.join(str(run.seed) for run in runs)}")
    for severity in ("page", "ticket", "info"):
        count = by_severity[severity]
        print(f"  {severity:6} {count:4}   {count / weeks:.2f} a week")
        for (own, rule), number in sorted(counts.items()):
            if own == severity:
                where = Counter(each.words for run in runs for each in run.told if each.rule == rule)
                print(f"           {number:4} {rule}")
                for words, times in where.most_common():
                    print(f"                  {times:4} {words}")
    return by_severity["page"] == 0 and by_severity["ticket"] <= weeks


def tell_incidents(answers: Sequence[Answer]) -> bool:
    """The table of incidents. Whether each was told of."""
    is_well = True
    for name in dict.fromkeys(answer.name for answer in answers):
        own = [answer for answer in answers if answer.name == name]
        what = INCIDENTS[name]
        print(f"\n{name}: {what.title} ({what.use_case or 'the fleet'}), {len(own)} runs")
        missed = [answer.seed for answer in own if not _is_told(answer, what)]
        is_well &= not missed or what.is_brief
        if missed:
            print(f"  MISSED in {len(missed)} of {len(own)} runs (seeds {missed}): {', '.join(what.expected)}")
        for rule in sorted(
            {each.rule for answer in own for each in answer.told}, key=lambda r: (r not in what.expected, r)
        ):
            firsts = [first for answer in own if (first := _first(answer, rule)) is not None]
            minutes, traces = ([first[at] for first in firsts] for at in (0, 1))
            mark = "*" if rule in what.expected else " "
            severity = next(each.severity for answer in own for each in answer.told if each.rule == rule)
            print(
                f"  {mark} {severity:6} {rule:28} {len(firsts)}/{len(own)} runs, after {_delay(np.median(minutes))} "
                f"(longest {_delay(max(minutes))}), {np.median(traces):.0f} traces"
            )
    return is_well


def _is_told(answer: Answer, what: Incident) -> bool:
    """Whether an alert that belongs to it was told in time."""
    return any(each.rule in what.expected and each.at - answer.begins <= what.within for each in answer.told)


def _first(answer: Answer, rule: str) -> tuple[float, int] | None:
    for each, traces in zip(answer.told, answer.traces, strict=True):
        if each.rule == rule:
            return (each.at - answer.begins) / timedelta(minutes=1), traces
    return None


def _delay(minutes: float) -> str:
    if minutes < 180:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.1f} days"


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=20, help="quiet weeks")
    parser.add_argument("--incident", action="append", choices=[*INCIDENTS, "all", "none"], help="default: all")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each incident")
    parser.add_argument("--every", type=float, default=QUIET_LOOK / timedelta(minutes=1), help="minutes between looks")
    parser.add_argument(
        "--drift-days", type=int, default=1, choices=(1, 2), help="days between checks of drift in quiet weeks"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args(arguments)
    names = chosen.incident or ["all"]
    wanted = [name for name in INCIDENTS if name in names or "all" in names]
    began = time.perf_counter()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    with ProcessPoolExecutor(chosen.processes) as pool:
        parts = [min(WEEKS_AT_ONCE, chosen.weeks - at) for at in range(0, chosen.weeks, WEEKS_AT_ONCE)]
        every = timedelta(minutes=chosen.every)
        pace = Pace(every, max(every, timedelta(hours=1)), timedelta(hours=6), timedelta(days=chosen.drift_days))
        struck = [pool.submit(incident, name, seed) for name in wanted for seed in range(100, 100 + chosen.repeats)]
        quiet = [pool.submit(quiet_weeks, seed, weeks, pace) for seed, weeks in enumerate(parts, start=1)]
        is_quiet = tell_quiet(each.result() for each in quiet) if quiet else True
        is_told = tell_incidents([each.result() for each in struck])
    print(f"\n{time.perf_counter() - began:.0f} s")
    if not (is_quiet and is_told):
        sys.exit("not as it must be")


if __name__ == "__main__":
    main()
