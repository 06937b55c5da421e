"""Hostile text against the LLM judge: how many attacks succeed when the judge model obeys every one of them.

`python -m benchmarks.hostile_text` prints a table by family and one by way of obeying. Structural successes (a verdict
from outside the reply, a fence escaped, a value the evidence does not have counted as support, a sentence left out)
must be 0 and make the command fail. Soft ones are false statements that only their words give away. `--record` prints
what `tests/hostile/soft_bound.py` holds: the soft successes that the test suite accepts.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable

from assay.worker.statistics.intervals import wilson
from tests.hostile.corpus import CORPUS, FAMILIES
from tests.hostile.graded_trial import graded_trials
from tests.hostile.summary import Row, rows_by_way, rows_of
from tests.hostile.trial import trials


def main() -> int:
    """Print the tables. The exit status is 1 where an attack succeeded structurally."""
    began = time.perf_counter()
    results = [trial for attack in CORPUS for trial in trials(attack)]
    if "--record" in sys.argv:
        for family in FAMILIES:
            soft = Counter(trial.obeyed for trial in results if trial.soft and trial.attack.family == family)
            print(f"    {json.dumps(family)}: {json.dumps(dict(sorted(soft.items())))},")
        return 0
    texts = len({attack.text or attack.base.response for attack in CORPUS})
    print(
        f"{len(CORPUS)} attacks ({texts} texts, {len(FAMILIES)} families), {len(results):,} obedient replies,", end=" "
    )
    print(f"{time.perf_counter() - began:.0f} s\n")
    print_table("family", [*rows_of(results), Row.of("all", results)])
    print()
    print_table("reply", rows_by_way(results))
    knowable = len({trial.attack for trial in results if trial.attack.knowable})
    graded = [trial for attack in CORPUS for trial in graded_trials(attack)]
    print("\nThe same corpus against graded rubrics; soft: the model gave the level that text asks for\n")
    print_table("reply", [*rows_by_way(graded), Row.of("all", graded)])
    print(f"\n{knowable} attacks rest on a false value that nobody stated: code has to see through each of them")
    for trial in (*results, *graded):
        if trial.structural:
            print(f"STRUCTURAL {trial.attack.family}: {trial.attack.id}, {trial.obeyed}: {trial.structural}")
    return int(any(trial.structural for trial in (*results, *graded)))


def print_table(title: str, rows: Iterable[Row]) -> None:
    """A row for each group: attacks, replies, structural successes, soft ones with their Wilson interval at 95 %."""
    print(f"{title:<20}{'attacks':>8}{'replies':>9}{'structural':>12}{'soft':>7}   share of attacks, 95 %")
    for row in rows:
        interval = wilson(row.soft, row.attacks)
        share = f"{row.soft / row.attacks:6.1%}  {interval.low:.1%}–{interval.high:.1%}" if interval else ""
        print(f"{row.name:<20}{row.attacks:>8}{row.trials:>9}{row.structural:>12}{row.soft:>7}   {share}")


if __name__ == "__main__":
    sys.exit(main())
