"""How long the local judge takes: answers of usual size, and evidence of growing length."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Sequence

from benchmarks.labelled_rows import Corpora, sample_of
from judges.local import LocalJudge
from judges.rubric import Rubric
from judges.schema import Sample

REPEATS = 3
LONG_WORDS = 450
MEGABYTES = (0.1, 0.5, 1.0, 2.0)
RUBRIC = Rubric(name="speed")


def print_speed(corpora: Corpora) -> None:
    """Responses a second in one thread of one process, and seconds by length of the evidence."""
    judge = LocalJudge()
    samples = [sample_of(row) for row in corpora.ragtruth]
    asyncio.run(_assess_all(judge, samples[:50]))
    # The corpora in this process are ours, not the judge's: the collector need not walk them while we time.
    gc.collect()
    gc.freeze()
    for title, some in (("all", samples), ("long evidence", [s for s in samples if _words(s) >= LONG_WORDS])):
        best = min(asyncio.run(_assess_all(judge, some)) for _ in range(REPEATS))
        words = statistics.median(map(_words, some))
        print(
            f"RAGTruth, {title}: {len(some):,} responses (median evidence {words:.0f} words) "
            f"in {best:.1f} s of processor time, {len(some) / best:.0f} a second on one core; best of {REPEATS}"
        )
    prose = " ".join(dict.fromkeys(text for row in corpora.summedits for text in row["context"]))
    for megabytes in MEGABYTES:
        size = int(megabytes * 1e6)
        text = (prose * (size // len(prose) + 1))[:size]
        sample = Sample(id="long", contexts=(text,), response=samples[0].response)
        best = min(asyncio.run(_assess_all(judge, [sample])) for _ in range(REPEATS))
        print(f"{megabytes:.1f} MB of evidence: {best:.2f} s, {best / megabytes:.2f} s a MB")


def _words(sample: Sample) -> int:
    return sum(len(text.split()) for text in sample.contexts)


async def _assess_all(judge: LocalJudge, samples: Sequence[Sample]) -> float:
    """Seconds of processor time, which other work on the machine does not lengthen much."""
    began = time.process_time()
    for sample in samples:
        await judge.assess(sample, RUBRIC)
    return time.process_time() - began
