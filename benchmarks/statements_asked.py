"""What code decides around a model that only gives probabilities: which sentences are asked, and which are tied.

    python -m benchmarks.statements_asked --data DIR [--rows 400]

DIR holds `ragtruth_dev.jsonl.gz`, `mtrag_dev.jsonl.gz` and `begin.jsonl.gz`. Of each, rows are taken by a fixed seed. A
sentence that people marked and that is not asked is an error; so is one that nobody marked and that nothing ties to its
own evidence. How many are tied to the evidence of the row before says what a tie is worth. No model is called.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from assay.judges.errors import UnjudgeableSample
from assay.judges.lexical_overlap import Tie
from assay.judges.llm.grounding.numbering import GroundingLimits
from assay.judges.llm.statements.calls import calls_about
from assay.judges.llm.statements.forms import SentenceForm
from assay.judges.llm.statements.tied_lines import TiedLines
from assay.judges.schema import Span
from assay.judges.text.form import without_form
from benchmarks.labelled_rows import sample_of
from benchmarks.split_demo_data import Row, read_rows

FILES = ("ragtruth_dev", "mtrag_dev", "begin")
SEED = 1


class Counts(NamedTuple):
    """Sentences by (marked, asked), of those asked by (marked, tie), and by their tie to another row's evidence."""

    asked: Counter[tuple[bool, bool]]
    ties: Counter[tuple[bool, Tie]]
    foreign: Counter[Tie]


def count(rows: list[Row]) -> Counts:
    """Count over the rows of one corpus."""
    counts = Counts(Counter(), Counter(), Counter())
    before: TiedLines | None = None
    for row in rows:
        before = _count_row(row, counts, before)
    return counts


def _count_row(row: Row, counts: Counts, before: TiedLines | None) -> TiedLines | None:
    """Add one row. Returns its lines, to hold the next row's sentences against."""
    sample = sample_of(row)
    try:
        divided = calls_about(sample, SentenceForm(), GroundingLimits(), nonce=lambda: "x")
    except UnjudgeableSample:
        return before
    read = without_form(sample.response)
    lines = before
    for part in divided.parts:
        lines = TiedLines(sample, part.evidence)
        for number, span in part.sentences.items():
            marked, text = is_marked(row, span), read[span.start : span.end]
            counts.asked[marked, number in divided.stated] += 1
            if number in divided.stated:
                counts.ties[marked, lines.tie(text, lines.of(text))] += 1
                counts.foreign.update([before.tie(text, before.of(text))] if before else [])
    return lines


def is_marked(row: Row, span: Span) -> bool:
    """Whether people marked a part of the sentence, or the whole response where they marked no parts."""
    spans = row.get("spans") or []
    if row["source"].startswith("begin"):
        return bool(row["label"])
    return any(mark["start"] < span.end and span.start < mark["end"] for mark in spans)


def main() -> None:
    """Print the counts of each corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=400)
    given = parser.parse_args()
    for name in FILES:
        rows = list(read_rows(given.data / f"{name}.jsonl.gz"))
        random.Random(SEED).shuffle(rows)
        counts = count(rows[: given.rows])
        print(f"{name}: {min(given.rows, len(rows))} rows")
        for marked in (True, False):
            asked, left = counts.asked[marked, True], counts.asked[marked, False]
            untied = counts.ties[marked, Tie.NONE]
            print(f"  {'marked' if marked else 'others'}: {asked + left}, not asked {left}, asked and untied {untied}")
        total = max(1, sum(counts.foreign.values()))
        print(f"  held against another row's evidence: untied {counts.foreign[Tie.NONE] / total:.0%} of {total}")


if __name__ == "__main__":
    main()
