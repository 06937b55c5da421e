"""How long the local judge takes: answers of usual size, and evidence of growing length."""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

from assay.judges.cpu_executor import on_the_loop
from assay.judges.local import LocalJudge
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample
from assay.judges.values import value_index
from benchmarks.labelled_rows import Corpora, sample_of

REPEATS = 5
LONG_WORDS = 450
MEGABYTES = (0.1, 0.5, 1.0, 2.0)
RUBRIC = Rubric(name="speed")


class Seconds(NamedTuple):
    """What a pass took: of processor time, and on the wall, which other work on the machine lengthens more."""

    processor: float
    wall: float


def print_speed(corpora: Corpora) -> None:
    """Responses a second in one thread of one process, and seconds by length of the evidence."""
    judge = LocalJudge()
    samples = [sample_of(row) for row in corpora.ragtruth]
    asyncio.run(_assess_all(judge, samples[:50]))
    # The corpora in this process are ours, not the judge's: the collector need not walk them while we time.
    gc.collect()
    gc.freeze()
    for title, some in (("all", samples), ("long evidence", [s for s in samples if _words(s) >= LONG_WORDS])):
        best = _best(judge, some)
        words = statistics.median(map(_words, some))
        print(
            f"RAGTruth, {title}: {len(some):,} responses (median evidence {words:.0f} words), on one core "
            f"{len(some) / best.processor:.0f} a second of processor time, {len(some) / best.wall:.0f} on the wall"
        )
    prose = " ".join(dict.fromkeys(text for row in corpora.summedits for text in row["context"]))
    for megabytes in MEGABYTES:
        size = int(megabytes * 1e6)
        text = (prose * (size // len(prose) + 1))[:size]
        sample = Sample(id="long", contexts=(text,), response=samples[0].response)
        best = _best(judge, [sample])
        print(f"{megabytes:.1f} MB of evidence: {best.processor:.2f} s of processor time, {best.wall:.2f} on the wall")
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"Best of {REPEATS} passes; load of the machine over 1, 5 and 15 minutes: {load}.")


def _words(sample: Sample) -> int:
    return sum(len(text.split()) for text in sample.contexts)


def _best(judge: LocalJudge, samples: Sequence[Sample]) -> Seconds:
    """The least of each over `REPEATS` passes."""
    passes = [asyncio.run(_assess_all(judge, samples)) for _ in range(REPEATS)]
    return Seconds(*map(min, zip(*passes, strict=True)))


async def _assess_all(judge: LocalJudge, samples: Sequence[Sample]) -> Seconds:
    """One pass, as a process of `assay judge` makes it, on one thread.

    No sample profits from another's evidence: many rows of the corpus share theirs.
    """
    processor, wall = time.process_time(), time.perf_counter()
    with on_the_loop():
        for sample in samples:
            value_index.cache_clear()
            await judge.assess(sample, RUBRIC)
    return Seconds(time.process_time() - processor, time.perf_counter() - wall)
