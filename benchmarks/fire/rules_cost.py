"""What our own rules cost a trace, apart from everything else.

    python -m benchmarks.fire.rules_cost [--data DIR]

The rules run on the word of a judge that supports every sentence by its best line: on this folder's synthetic traces,
and on the answers of RAGTruth where DIR holds them. Microseconds of processor time, best of three passes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from assay.judges.rubric import Rubric
from assay.judges.rules import RuleSet
from assay.judges.schema import Sample
from assay.judges.text.form import statements
from assay.judges.tiers import conclude
from benchmarks.fire.processes import machine
from benchmarks.fire.traffic import trace
from benchmarks.labelled_rows import read_corpora, sample_of
from benchmarks.obliging_judge import obliging_verdict

RUBRIC = Rubric.model_validate({"name": "grounding-llm", "rules": {"values": ["number", "date", "money", "percent"]}})


def synthetic(count: int) -> list[Sample]:
    """The samples that the fleet makes of our traces."""
    lines = [trace(number, datetime.now(UTC)) for number in range(count)]
    return [
        Sample(
            id=line["id"],
            question=line["input"]["question"],
            contexts=tuple(given["text"] for given in line["observations"][0]["output"]),
            response=line["output"]["answer"],
        )
        for line in lines
    ]


def microseconds(samples: Sequence[Sample]) -> float:
    """Of the rules, by sample."""
    rules = RuleSet(RUBRIC.rules, RUBRIC.name)
    best = float("inf")
    for _ in range(3):
        verdicts = [obliging_verdict(sample, statements(sample.response), "best") for sample in samples]
        begun = time.process_time()
        for sample, verdict in zip(samples, verdicts, strict=True):
            conclude(sample, verdict, rules, None)
        best = min(best, time.process_time() - begun)
    return best / len(samples) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder with the labelled corpora")
    parser.add_argument("--most", type=int, default=400)
    given = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}")
    sources = {"synthetic": synthetic(given.most)}
    if given.data:
        sources["RAGTruth"] = [sample_of(row) for row in read_corpora(given.data).ragtruth[: given.most]]
    for name, samples in sources.items():
        words = sum(len(text.split()) for sample in samples for text in sample.contexts) / len(samples)
        print(
            f"{name}: rules {microseconds(samples):,.0f} us a trace (n {len(samples)}, {words:.0f} words of evidence)"
        )


if __name__ == "__main__":
    main()
