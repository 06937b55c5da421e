"""Trace shapes: in how many question, answer and evidence are found by the default selectors, by family.

    python -m benchmarks.trace_shapes FILE.jsonl [FILE.jsonl ...] [--failed]

Each line has a `trace` in the format of `assay import`, its `family`, and `expected`: `question`, `response` (null: no
answer, nothing is judged) and `contexts` (null: not asked; each text must be inside some passage, and no passage may
come from anywhere else if there are none). `absent` lists texts that no passage may hold.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.flow.trace_import import TraceLine


def main() -> None:
    """Read every trace and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--failed", action="store_true", help="print the rows that are wrong")
    options = parser.parse_args()
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    judged_wrongly = 0
    for row in (json.loads(line) for file in options.files for line in file.read_text(encoding="utf-8").splitlines()):
        extraction = extracted(row)
        wrong = list(problems(row["expected"], extraction))
        total[row["family"]] += 1
        right[row["family"]] += not wrong
        judged_wrongly += any(problem.startswith("answer: ") for problem in wrong)
        if options.failed and wrong:
            print(f"{row['id']}: {'; '.join(wrong)}")
    for family in sorted(total):
        print(f"{family:28s} {right[family]:3d} of {total[family]:3d} right")
    everything = total.total()
    print(f"{'all':28s} {right.total():3d} of {everything:3d} right ({right.total() / everything:.1%})")
    print(f"judged wrongly as an answer: {judged_wrongly}")


def extracted(row: Mapping[str, Any]) -> Extraction:
    """What the default selectors find in a row's trace."""
    line = {"id": row["id"], "start": "2026-11-29T10:00:00Z", "end": "2026-11-29T10:00:05Z", **row["trace"]}
    return extract(TraceLine.model_validate_json(json.dumps(line)).trace(), SamplePaths())


def problems(expected: Mapping[str, Any], extraction: Extraction) -> Iterator[str]:
    """What is wrong with what was found; `answer: …` where a text was taken for the answer that is not it."""
    question = extraction.question.text if extraction.question else None
    response = extraction.response.text if extraction.response else None
    passages = [part.text for part in extraction.contexts]
    if "question" in expected and _level(question) != _level(expected["question"]):
        yield f"question: {question!r:.80}"
    if _level(response) != _level(expected["response"]):
        reason = extraction.reasons.get("response", "")
        yield f"answer: {response!r:.80}" if response is not None else f"no answer: {reason}"
    wanted = expected.get("contexts")
    if wanted is not None:
        missing = [text for text in wanted if not any(_level(text) in _level(passage) for passage in passages)]
        if missing or (not wanted and passages):
            yield f"evidence: {passages!r:.120}"
    for text in expected.get("absent", ()):
        if any(text in passage for passage in passages):
            yield f"evidence holds {text!r}"


def _level(text: str | None) -> str:
    """Without differences of blanks."""
    return " ".join((text or "").split())


if __name__ == "__main__":
    main()
