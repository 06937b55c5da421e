"""What our rules prove: how many responses with a claim they call contradicted did people mark?

    python -m benchmarks.proven_claims --data DIR [--show N]

The local judge's verdicts on RAGTruth, MTRAG, BEGIN (the first 800 rows) and every fourth row of SummEdits. For each
rule: marked and unmarked responses that have a claim it calls contradicted. `--show` prints claims of unmarked ones.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, defaultdict
from pathlib import Path

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import load_rubric
from assay.judges.schema import Claim, ClaimVerdict, Scored
from benchmarks.labelled_rows import read_corpora, sample_of
from benchmarks.split_demo_data import Row

RUBRIC = Path(__file__).parents[1] / "rubrics" / "grounding.yaml"


def main() -> None:
    """Judge and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--show", type=int, default=0, help="claims of unmarked responses, by corpus")
    options = parser.parse_args()
    corpora = read_corpora(options.data)
    evaluator = Evaluator(load_rubric(RUBRIC, {}), LocalJudge())
    chosen = {
        "RAGTruth": corpora.ragtruth,
        "MTRAG": corpora.mtrag,
        "BEGIN": corpora.begin[:800],
        "SummEdits": corpora.summedits[::4],
    }
    for name, rows in chosen.items():
        counts: dict[str, Counter[int]] = defaultdict(Counter)
        examples: list[str] = []
        for row in rows:
            for claim in proven(row, evaluator):
                counts[claim.source][row["label"]] += 1
                if not row["label"]:
                    examples.append(f"    {claim.source}: {claim.reason}: {claim.text[:160]}")
        told = ", ".join(f"{rule} {by[1]} marked, {by[0]} unmarked" for rule, by in sorted(counts.items()))
        print(f"{name} (n={len(rows):,}): {told or 'none'}", *examples[: options.show], sep="\n", flush=True)


def proven(row: Row, evaluator: Evaluator) -> list[Claim]:
    """The claims of a row that a rule calls contradicted, one a rule."""
    outcome = asyncio.run(evaluator.evaluate(sample_of(row)))
    if not isinstance(outcome, Scored) or outcome.verdict is None:
        return []
    contradicted = [claim for claim in outcome.verdict.claims if claim.verdict is ClaimVerdict.CONTRADICTED]
    return list({claim.source: claim for claim in contradicted if claim.source.startswith("rule:")}.values())


if __name__ == "__main__":
    main()
