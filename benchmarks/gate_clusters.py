"""Does the gate keep its word where items lie in conversations that flip together?

    python -m benchmarks.gate_clusters [--releases 2000] [--tables 1 2 3]

Simulates releases as `gate_false_alarms` does, with items in clusters, and hands them to the product's own decision
code. A cluster flips as one with the probability of the mix: never, in half of the clusters, in all of them.

1. A/A: nothing changed. Every exit code but 0 is a false block, and so many of them are inconclusive: a drop that no
   test shows and that is too large to pass. Beside it what McNemar's test would have blocked, which
   takes items as independent, and the power of both for a drop of ten points that is spread over the items.
2. Non-inferiority: the release is worse by just the margin. Every exit 0 is a false pass. Beside it what Tango's
   interval of independent items would have let through.
3. The minimum detectable drop, with flips measured in five runs of the baseline: how often is such a drop caught?

4. The minimum detectable drop that takes whole conversations, at the true flips: how often is it shown, and how often
   is it stopped (exit 1 or 3)? And how often where it is only as large as a drop that is spread over the items must be?

Exits 1 where an upper 95 % limit of false blocks exceeds 6 %, one of false passes exceeds 8 %, or the power at the
printed drop is off 80 % by more than 6 points.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from statistics import fmean

import numpy as np

from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.golden.sets.manifest import GateSettings
from assay.worker.statistics.noninferiority import drop_interval, tango
from assay.worker.statistics.paired import mcnemar_exact
from assay.worker.statistics.power import minimum_detectable_cluster_drop, minimum_detectable_drop
from assay.worker.statistics.repeats import measured_flips
from benchmarks.gate_false_alarms import GATE, RELEASES_A_WORLD, World, upper

SHAPES: dict[str, tuple[int, ...]] = {
    "88 in 13": (9, 9, 8, 8, 8, 8, 8, 7, 6, 5, 4, 4, 4),
    "200 in 50": (4,) * 50,
    "200 in 20": (10,) * 20,
}
"""Items in conversations; the first is the shape of the packaged set."""
MIXES = {"none": 0.0, "half": 0.5, "all": 1.0}
FLIPS = (0.02, 0.05)
DROP, MARGIN = 0.10, 0.10
BASELINE_RUNS = 5
BLOCKED, LET_THROUGH, POWER, WITHIN = 0.06, 0.08, 0.80, 0.06


def releases_of(  # what a cell of the table is
    sizes: Sequence[int] | None, n: int, flip: float, as_one: float, count: int, *, dropped: float, gate: GateSettings
) -> Iterator[GateResult]:
    """So many gates, each hundred of them with items, judge and baseline of its own."""
    seed = [7, n, len(sizes or ()), round(1000 * flip), round(100 * as_one), round(1e6 * dropped)]
    generator = np.random.default_rng(seed)
    for turn in range(count):
        if turn % RELEASES_A_WORLD == 0:
            world = World.of(n, flip, generator, sizes=sizes, as_one=as_one, gate=gate)
        yield world.release(dropped, generator)


def independent_p(result: GateResult) -> float:
    """McNemar's test of the same pairs, as if every item stood alone."""
    return mcnemar_exact(result.worse, result.better)


def false_blocks(count: int) -> bool:
    """Print how many unchanged releases are blocked, and how many real drops; whether the promise is kept."""
    print(f"\n1. {count} unchanged releases a cell, and {count} with a drop of {100 * DROP:.0f} points\n")
    print("items      flips  as one   false blocks, upper limit   inconclusive   McNemar   power   McNemar's")
    kept = True
    for shape, sizes in SHAPES.items():
        for flip in FLIPS:
            for mix, as_one in MIXES.items():
                cell = sizes, sum(sizes), flip, as_one
                counts: Counter[str] = Counter()
                for result in releases_of(*cell, count, dropped=0.0, gate=GATE):
                    counts["blocked"] += result.verdict is not GateVerdict.PASS
                    counts["inconclusive"] += result.verdict is GateVerdict.INCONCLUSIVE
                    counts["alone"] += independent_p(result) <= result.alpha
                caught = power_of(*cell, count)
                limit = upper(counts["blocked"], count)
                kept &= limit <= BLOCKED
                print(
                    f"{shape:<10} {flip:>4.0%}   {mix:<6}  {counts['blocked'] / count:>10.2%}, {limit:>6.2%}"
                    f"{counts['inconclusive'] / count:>17.2%}{counts['alone'] / count:>10.2%}"
                    f"{caught['shown'] / count:>8.1%}{caught['alone'] / count:>11.1%}",
                    flush=True,
                )
    return kept


def power_of(sizes: Sequence[int], n: int, flip: float, as_one: float, count: int) -> Counter[str]:
    """How many drops of ten points the primary metric shows, by clusters and by McNemar's test."""
    generator = np.random.default_rng([13, n, len(sizes), round(1000 * flip), round(100 * as_one)])
    caught: Counter[str] = Counter()
    for turn in range(count):
        if turn % RELEASES_A_WORLD == 0:
            world = World.of(n, flip, generator, sizes=sizes, as_one=as_one)
        lost = world.lost(DROP, generator)
        caught["shown"] += world.is_shown(lost)
        caught["alone"] += mcnemar_exact(lost.count(1), lost.count(-1)) <= GATE.alpha
    return caught


def false_passes(count: int) -> bool:
    """Print how many releases pass that are worse by just the margin; whether the promise is kept."""
    print(f"\n2. {count} releases a cell that are worse by {100 * DROP:.0f} points, a margin of {100 * MARGIN:.0f}\n")
    print("items      flips  as one   false passes, upper limit   Tango's alone   unchanged ones that pass")
    kept = True
    for shape, sizes in SHAPES.items():
        for flip in FLIPS:
            for mix, as_one in MIXES.items():
                cell = sizes, sum(sizes), flip, as_one, count
                worse, same = shown_no_worse(*cell, DROP), shown_no_worse(*cell, 0.0)
                limit = upper(worse["shown"], count)
                kept &= limit <= LET_THROUGH
                print(
                    f"{shape:<10} {flip:>4.0%}   {mix:<6}  {worse['shown'] / count:>10.2%}, {limit:>6.2%}"
                    f"{worse['alone'] / count:>22.2%}{same['shown'] / count:>20.1%}",
                    flush=True,
                )
    return kept


def shown_no_worse(  # a cell, and the drop
    sizes: Sequence[int], n: int, flip: float, as_one: float, count: int, drop: float
) -> Counter[str]:
    """How many releases are shown to be no worse than the margin, by the gate's interval and by Tango's alone."""
    generator = np.random.default_rng([17, n, len(sizes), round(1000 * flip), round(100 * as_one), round(100 * drop)])
    shown: Counter[str] = Counter()
    for turn in range(count):
        if turn % RELEASES_A_WORLD == 0:
            world = World.of(n, flip, generator, sizes=sizes, as_one=as_one)
        lost = world.lost(drop, generator)
        shown["shown"] += drop_interval(lost, world.clusters.tolist()).high < MARGIN
        shown["alone"] += tango(lost.count(1), lost.count(-1), n).high < MARGIN
    return shown


def promised_power(count: int) -> bool:
    """Print how often the drop is caught that the gate says it can see; whether the promise is kept."""
    print(f"\n3. {count} releases a cell with the drop that the gate prints, flips measured in {BASELINE_RUNS} runs\n")
    print("items      flips  as one   measured   together   drop printed   caught, promised 80 %")
    shapes: dict[str, tuple[int, ...] | None] = {"100 alone": None, "200 alone": None, **SHAPES}
    kept = True
    for shape, sizes in shapes.items():
        n = int(shape.split()[0])
        for flip in FLIPS:
            for mix, as_one in MIXES.items() if sizes is not None else [("none", 0.0)]:
                share, drops, rates, together = _caught(n, sizes, flip, as_one, count)
                kept &= abs(share - POWER) <= WITHIN
                print(
                    f"{shape:<10} {flip:>4.0%}   {mix:<6} {fmean(rates):>9.2%}{fmean(together):>11.0%}"
                    f"{100 * fmean(drops):>10.1f} points{share:>14.1%}",
                    flush=True,
                )
    return kept


def _caught(
    n: int, sizes: tuple[int, ...] | None, flip: float, as_one: float, count: int
) -> tuple[float, list[float], list[float], list[float]]:
    """The share of such drops that are caught, and the drops, flip rates and shares together that were printed."""
    generator = np.random.default_rng([11, n, len(sizes or ()), round(1000 * flip), round(100 * as_one)])
    hits = 0
    drops: list[float] = []
    rates: list[float] = []
    together: list[float] = []
    each = RELEASES_A_WORLD // 4
    for _ in range(count // each):
        world = World.of(n, flip, generator, sizes=sizes, as_one=as_one, gate=GateSettings())
        runs = [world.noisy(world.passes, generator) for _ in range(BASELINE_RUNS)]
        flips = measured_flips(np.asarray(runs).T.tolist(), world.clusters.tolist())
        if flips is None:
            raise AssertionError("five runs tell how often items flip")
        drop = minimum_detectable_drop(
            n, flip_rate=round(flips.rate, 4), sizes=sizes, together=round(flips.together, 2)
        )
        if drop is None:
            continue
        rates, together, drops = [*rates, flips.rate], [*together, flips.together], [*drops, drop]
        hits += sum(world.is_shown(world.lost(drop, generator)) for _ in range(each))
    return hits / (each * len(drops)), drops, rates, together


def whole_conversations(count: int) -> bool:
    """Print how often a drop is shown and stopped that takes whole conversations; whether the promise is kept."""
    print(f"\n4. {count} releases a cell in which whole conversations fail, in a random order up to the drop\n")
    print(
        "items      flips  as one    as for a spread drop: shown, stopped    as printed for whole ones: shown, stopped"
    )
    kept = True
    for shape, sizes in SHAPES.items():
        for flip in FLIPS:
            for mix, as_one in MIXES.items():
                flips = {"flip_rate": flip * (1 - flip), "together": as_one}
                spread = minimum_detectable_drop(sum(sizes), sizes=sizes, **flips)
                whole = minimum_detectable_cluster_drop(sizes, **flips)
                line = f"{shape:<10} {flip:>4.0%}   {mix:<6}"
                for drop in (spread, whole):
                    shown, stopped = _stopped(sizes, flip, as_one, drop or 1.0, count)
                    line += f"{100 * (drop or 1.0):>12.1f} points: {shown / count:>6.1%}, {stopped / count:>6.1%}"
                kept &= shown / count >= POWER - WITHIN
                print(line, flush=True)
    return kept


def _stopped(sizes: Sequence[int], flip: float, as_one: float, drop: float, count: int) -> tuple[int, int]:
    """How many releases are shown to be worse, and how many do not pass, when whole conversations fail."""
    generator = np.random.default_rng([19, sum(sizes), len(sizes), round(1000 * flip), round(1e4 * drop)])
    shown = stopped = 0
    for turn in range(count):
        if turn % (RELEASES_A_WORLD // 4) == 0:
            world = World.of(sum(sizes), flip, generator, sizes=sizes, as_one=as_one, gate=GateSettings())
        after = world.passes.copy()
        for cluster in generator.permutation(len(sizes)):
            if (world.passes & ~after).mean() * (1 - 2 * flip) >= drop:
                break
            after[world.clusters == cluster] = False
        result = world.compared(after, generator)
        shown += result.primary.shown_worse
        stopped += result.verdict is not GateVerdict.PASS
    return shown, stopped


def main() -> int:
    """Print the tables. The exit status is 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=2000, help="simulated releases per cell")
    parser.add_argument(
        "--tables", type=int, nargs="+", choices=(1, 2, 3, 4), default=[1, 2, 3, 4], help="which to print"
    )
    asked = parser.parse_args()
    started = time.perf_counter()
    print(f"{date.today()}, {platform.machine()}, {platform.system()}, Python {platform.python_version()}")  # noqa: DTZ011
    tables = {1: false_blocks, 2: false_passes, 3: promised_power, 4: whole_conversations}
    kept = [tables[number](asked.releases) for number in asked.tables]
    print(f"\n{time.perf_counter() - started:.0f} s; {'all promises kept' if all(kept) else 'A PROMISE IS NOT KEPT'}")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
