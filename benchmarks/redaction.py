"""Private values planted into labelled rows: does redaction change what the local judge says of an answer?

    python -m benchmarks.redaction --data DIR

DIR holds `mtrag_dev.jsonl.gz` and `ragtruth_dev.jsonl.gz`. Each row gets a sentence with an address and a telephone
number at the end of its evidence and of its answer. The answer repeats both, or states one of another person. Flagged
is the share of clean rows with a risk of 0.5 or more, AUROC holds the risks against the labels.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.redaction.policy import KINDS, Redaction
from assay.judges.redaction.redact import redacted_sample
from assay.judges.rubric import load_rubric
from assay.judges.schema import ClaimVerdict, Sample, Scored
from assay.worker.statistics.agreement import auroc
from benchmarks.labelled_rows import sample_of
from benchmarks.split_demo_data import Row, read_rows

RUBRICS = Path(__file__).parents[1] / "rubrics"
FLAGGED = 0.5
EVERY_KIND = Redaction(kinds=KINDS)


class Planted(NamedTuple):
    """A sentence of the evidence, one of an answer that repeats its values, and one that states others."""

    evidence: str
    right: str
    wrong: str


def planted(number: int) -> Planted:
    """The sentences of one row, with an address and a number of its own."""
    email, other = f"desk{number}@example.org", f"sales{number}@example.net"
    phone, other_phone = f"+49 30 {5_000_000 + 137 * number}", f"+49 89 {6_000_000 + 211 * number}"
    return Planted(
        f"Questions go to {email} or {phone}.",
        f"You can write to {email} or call {phone}.",
        f"You can write to {other} or call {other_phone}.",
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=250)
    arguments = parser.parse_args()
    for name in ("mtrag_dev", "ragtruth_dev"):
        rows = read_rows(arguments.data / f"{name}.jsonl.gz")[: arguments.rows]
        asyncio.run(_print(name, rows))


async def _print(name: str, rows: Sequence[Row]) -> None:
    rubric = load_rubric(RUBRICS / "grounding.yaml")
    local = Evaluator(rubric, LocalJudge())
    labels = [int(row["label"]) for row in rows]
    print(f"{name}: {len(rows)} rows, {sum(labels)} bad")
    for form in ("as it is", "right", "wrong"):
        samples = [_with(sample_of(row), number, form) for number, row in enumerate(rows)]
        for words, given in (("", samples), ("redacted", [redacted_sample(s, EVERY_KIND).sample for s in samples])):
            outcomes = [await local.evaluate(sample) for sample in given]
            print(f"  {form:8} {words:8} {_words(labels, outcomes, form)}")


def _with(sample: Sample, number: int, form: str) -> Sample:
    if form == "as it is" or not sample.contexts:
        return sample
    sentences = planted(number)
    *first, last = sample.contexts
    answer = f"{sample.response.rstrip()} {sentences.right if form == 'right' else sentences.wrong}"
    return sample.model_copy(update={"contexts": (*first, f"{last.rstrip()} {sentences.evidence}"), "response": answer})


def _words(labels: Sequence[int], outcomes: Sequence[object], form: str) -> str:
    scores = [outcome.scores if isinstance(outcome, Scored) else {} for outcome in outcomes]
    risks = np.array([score.get("hallucination_risk", 0.0) for score in scores])
    clean = np.array(labels) == 0
    last = [_last_claim(outcome) for outcome in outcomes]
    against = np.mean([claim not in (None, ClaimVerdict.SUPPORTED) for claim in last])
    flagged = float(np.mean(risks[clean] >= FLAGGED))
    told = "" if form == "as it is" else f"  planted sentence not supported {against:.3f}"
    return f"AUROC {auroc(labels, risks.tolist()):.3f}  clean flagged {flagged:.3f} (n={clean.sum()}){told}"


def _last_claim(outcome: object) -> ClaimVerdict | None:
    if not isinstance(outcome, Scored) or outcome.verdict is None or not outcome.verdict.claims:
        return None
    return max(outcome.verdict.claims, key=lambda claim: claim.span.start).verdict


if __name__ == "__main__":
    main()
