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
MEGABYTES = (0.1, 0.5, 1.0, 2.0)
RUBRIC = Rubric(name="speed")


def print_speed(corpora: Corpora) -> None:
    """Responses a second in one thread of one process, and seconds by length of the evidence."""
    judge = LocalJudge()
    samples = [sample_of(row) for row in corpora.ragtruth]
    lengths = statistics.median(sum(len(text.split()) for text in sample.contexts) for sample in samples)
    asyncio.run(_assess_all(judge, samples[:50]))
    # The corpora in this process are ours, not the judge's: the collector need not walk them while we time.
    gc.collect()
    gc.freeze()
    best = min(asyncio.run(_assess_all(judge, samples)) for _ in range(REPEATS))
    print(
        f"RAGTruth: {len(samples):,} responses (median evidence {lengths:.0f} words) in {best:.1f} s "
        f"of processor time, {len(samples) / best:.0f} a second on one core; best of {REPEATS}"
    )
    prose = " ".join(dict.fromkeys(text for row in corpora.summedits for text in row["context"]))
    for megabytes in MEGABYTES:
        size = int(megabytes * 1e6)
        text = (prose * (size // len(prose) + 1))[:size]
        sample = Sample(id="long", contexts=(text,), response=samples[0].response)
        best = min(asyncio.run(_assess_all(judge, [sample])) for _ in range(REPEATS))
        print(f"{megabytes:.1f} MB of evidence: {best:.2f} s, {best / megabytes:.2f} s a MB")


async def _assess_all(judge: LocalJudge, samples: Sequence[Sample]) -> float:
    """Seconds of processor time, which other work on the machine does not lengthen much."""
    began = time.process_time()
    for sample in samples:
        await judge.assess(sample, RUBRIC)
    return time.process_time() - began
