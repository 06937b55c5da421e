"""How often is a sentence right though it has a value that nobody can explain?

    python -m benchmarks.unexplained_values --data DIR

Sentences of RAGTruth and MTRAG whose label is known, each supported by the judge model of `obliging_judge.py`, which
cites the best line. Of those in which the value rule finds an unexplained value: how many did people leave unmarked?
The share over all corpora is `judges/rules/values.py:UNEXPLAINED_SUPPORT`. A judge model that really reads finds some
of the wrong ones itself, so for what it supports the share is a lower bound.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from assay.judges.local.model import load_word_weights
from assay.judges.rubric import ValueKind
from assay.judges.rules.values import SOURCE, check_values
from assay.judges.schema import ClaimVerdict
from assay.worker.statistics.intervals import wilson
from benchmarks.labelled_rows import measure, read_corpora, sample_of
from benchmarks.obliging_judge import obliging_verdict
from benchmarks.split_demo_data import Row

KINDS = (ValueKind.NUMBER, ValueKind.DATE, ValueKind.MONEY, ValueKind.PERCENT)


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    corpora = read_corpora(parser.parse_args().data)
    total: Counter[float] = Counter()
    for name, rows in (("RAGTruth", corpora.ragtruth), ("MTRAG", corpora.mtrag)):
        counts = count(rows)
        total += counts
        _print(name, counts)
    _print("all", total)


def count(rows: list[Row]) -> Counter[float]:
    """Labels of the sentences with an unexplained value: 0 unmarked, 1 marked."""
    counts: Counter[float] = Counter()
    for item in measure(rows, load_word_weights()):
        sample = sample_of(item.row)
        pairs = zip(item.sentences, item.labels, strict=True)
        known = [(view.span, label) for view, label in pairs if label is not None]
        verdict = check_values(sample, obliging_verdict(sample, [span for span, _ in known], "best"), KINDS)
        for claim, (_, label) in zip(verdict.claims, known, strict=True):
            counts[label] += claim.source == SOURCE and claim.verdict is ClaimVerdict.NOT_FOUND
    return counts


def _print(name: str, counts: Counter[float]) -> None:
    n = counts.total()
    interval = wilson(counts[0.0], n) if n else None
    told = f"{counts[0.0] / n:.2f} ({interval.low:.2f}–{interval.high:.2f})" if interval else "–"
    print(f"{name}: {counts[0.0]} of {n} sentences with an unexplained value unmarked: {told}", flush=True)


if __name__ == "__main__":
    main()
