"""What do the numbers that the record keeps of a question and an answer cost for each trace?

    python -m benchmarks.fingerprint_cost
    python -m benchmarks.fingerprint_cost --characters 4000

The answers are those of the demo's human-labelled set, cut or repeated to one length, each with its own question.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from collections.abc import Callable
from importlib.resources import files

from assay.judges.text.fingerprints import hashed_vector
from assay.judges.text.languages.identify import likely_languages
from assay.judges.text.languages.told import told_language
from assay.worker.flow.fingerprints import with_fingerprints
from assay.worker.records.facts import TraceFacts
from assay.worker.records.particulars import Particulars
from assay.worker.state.redis.entries import particulars_document

REPEATS = 5
"""Of each the quickest counts: the machine does other things too."""


def answers(characters: int) -> list[tuple[str, str]]:
    """Questions, and answers of one length."""
    path = files("assay.worker.demo") / "data" / "mtrag.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["question"], " ".join([row["response"], *row["context"]])[:characters]) for row in rows]


def microseconds(work: Callable[[str, str], object], pairs: list[tuple[str, str]]) -> float:
    """The median over all pairs. What a language's table remembers of equal texts does not help."""
    quickest = []
    for question, answer in pairs:
        took = []
        for _ in range(REPEATS):
            likely_languages.cache_clear()
            began = time.perf_counter()
            work(question, answer)
            took.append(time.perf_counter() - began)
        quickest.append(min(took))
    return statistics.median(quickest) * 1e6


def main() -> None:
    """Measure each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, default=1000, help="Of an answer.")
    pairs = answers(parser.parse_args().characters)
    facts = TraceFacts(release="v41", input_tokens=900, output_tokens=100, cost_usd=0.001)
    whole = microseconds(lambda question, answer: with_fingerprints(facts, question, answer), pairs)
    vectors = microseconds(lambda question, answer: (hashed_vector(question), hashed_vector(answer)), pairs)
    languages = microseconds(lambda question, answer: (told_language(question), told_language(answer)), pairs)
    told = [with_fingerprints(facts, *pair) for pair in pairs]
    kept = [len(particulars_document(Particulars(facts=each))) for each in (facts, *told)]
    median = statistics.median(len(answer) for _, answer in pairs)
    print(f"{len(pairs)} traces, answers of {median:,.0f} characters")
    print(f"a trace: {whole:.0f} us (both vectors {vectors:.0f} us, both languages {languages:.0f} us)")
    print(f"in Redis: {statistics.mean(kept[1:]) - kept[0]:.0f} bytes more an entry")


if __name__ == "__main__":
    main()
