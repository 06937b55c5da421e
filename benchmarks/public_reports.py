"""Samples made from public bug reports: how many verdicts are right, by judge and by kind.

    python -m benchmarks.public_reports FILE.jsonl [--failed]

Each line has a sample (`question`, `contexts`, `response`), `expected` (`supported`, `wrong`, `refusal`, …) and
`judge`, which says for whom it is: `local`, or `llm-says-supported`, a judge model that finds every sentence supported
and cites every line, of which only our own rules can overturn anything. `firm: false` marks rows on which people
differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

from assay.judges.evaluate import Evaluator
from assay.judges.local.judge import LocalJudge
from assay.judges.rubric import Rubric, load_rubric
from assay.judges.schema import ClaimVerdict, Sample, Scored
from benchmarks.obliging_judge import concluded

RUBRICS = Path(__file__).parents[1] / "rubrics"
FLAGGED = 0.5


def main() -> None:
    """Judge every row and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--failed", action="store_true", help="print the rows that are wrong")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.file.read_text(encoding="utf-8").splitlines()]
    local = Evaluator(load_rubric(RUBRICS / "grounding.yaml", {}), LocalJudge())
    llm = load_rubric(RUBRICS / "grounding-llm.yaml", {"ASSAY_JUDGE_MODEL": "m"})
    right: Counter[tuple[str, bool]] = Counter()
    total: Counter[tuple[str, bool]] = Counter()
    for row in rows:
        for judge in row["judge"]:
            ok, why = asyncio.run(_local(row, local)) if judge == "local" else _obliging(row, llm)
            key = judge, bool(row["firm"])
            total[key] += 1
            right[key] += ok
            if options.failed and not ok:
                print(f"{judge:18s} {'firm' if row['firm'] else 'soft'} {row['id']}: expected {row['expected']}: {why}")
    for judge, firm in sorted(total):
        n = total[judge, firm]
        kind = "firm" if firm else "soft"
        print(f"{judge:18s} {kind}: {right[judge, firm]} of {n} right ({right[judge, firm] / n:.0%})")


async def _local(row: dict[str, Any], evaluator: Evaluator) -> tuple[bool, str]:
    outcome = await evaluator.evaluate(_sample(row))
    if not isinstance(outcome, Scored):
        return False, str(outcome)[:160]
    risk = outcome.scores.get("hallucination_risk")
    state, told = str(outcome.state), f"{outcome.state} risk {risk}: {outcome.comment}"
    expected = row["expected"]
    if expected == "supported":
        return risk is not None and risk < FLAGGED, told
    if expected == "wrong":
        return risk is not None and risk >= FLAGGED, told
    return state == expected, told


def _obliging(row: dict[str, Any], rubric: Rubric) -> tuple[bool, str]:
    verdict, risk = concluded(_sample(row), rubric)
    fallen = [claim for claim in verdict.claims if claim.verdict is not ClaimVerdict.SUPPORTED]
    return not fallen and risk < FLAGGED, f"risk {risk:.2f}: {fallen[0].reason if fallen else ''}"


def _sample(row: dict[str, Any]) -> Sample:
    return Sample(id=row["id"], question=row["question"], contexts=tuple(row["contexts"]), response=row["response"])


if __name__ == "__main__":
    main()
